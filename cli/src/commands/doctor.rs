//! `doctor`: what this machine lacks, and the command that mends it.

use crate::doctor::{self, Finding, State};
use crate::failure::{Failure, Result};
use crate::image::open::RegistryOptions;
use crate::image::reference::{Reference, Repository};
use crate::output::{Format, Output};

const HELP: &str = "\
Examples:
  cargo mesh-filter doctor
  cargo mesh-filter doctor --registry registry.example.com
  cargo mesh-filter doctor --format json | jq -r '.checks[] | select(.state != \"ok\") | .mend'

Looks at compiler and Wasm target, which builds need; at the crate's SDK; at
wasm-opt, Envoy, kubectl and its cluster, which some commands need; and at the
registry of the crate's `image`, or the one that is named. Nothing is changed,
and nothing is waited for longer than 20 seconds.

Exit codes: 0 all that is required is there (the rest are hints), 2 wrong usage,
3 something required is missing or broken";

/// Look for what the commands need, and say how to mend what is missing
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The registry that has to take our credentials [default: that of the crate's `image`, as a hint]
    #[arg(long, value_name = "HOST", value_parser = repository)]
    registry: Option<Repository>,
    #[command(flatten)]
    options: RegistryOptions,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// A registry by its host, or by a repository of it.
fn repository(text: &str) -> std::result::Result<Repository, String> {
    let of = |text: &str| match Reference::parse(text) {
        Ok(Reference::Registry(repository, _)) => Some(repository),
        _ => None,
    };
    let found = match text.contains('/') {
        true => of(text),
        // A name that only fills the place.
        false => of(&format!("{text}/any"))
            .filter(|found| found.registry == text)
            .map(|found| Repository { name: String::new(), ..found }),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    found
        .filter(|found| found.registry.chars().all(fits))
        .ok_or_else(|| "expected a host such as registry.example.com or localhost:5000".to_owned())
}

impl Args {
    /// Looks, then reports.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let checks = doctor::examine(self.registry, &self.options);
        let lacking: Vec<_> = checks
            .iter()
            .filter(|finding| finding.required && finding.state != State::Ok)
            .map(|finding| finding.name)
            .collect();
        match self.format {
            Format::Json => {
                output.json(&serde_json::json!({ "ok": lacking.is_empty(), "checks": checks }))?
            }
            Format::Text => output.data(&checks.iter().map(Finding::text).collect::<String>()),
        }
        match lacking.as_slice() {
            [] => Ok(()),
            lacking => {
                Err(Failure::missing_tool(format!("required, and not in order: {}", lacking.join(", ")))
                    .help("each line above that begins with `mend it` is a command"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_named_by_its_host() {
        for (text, name) in [("localhost:5000", ""), ("example.com", ""), ("example.com/team/a", "team/a")] {
            assert_eq!(repository(text).unwrap().name, name, "{text}");
        }
        for text in ["", "somewhere", "https://example.com", "Example .com"] {
            assert!(repository(text).is_err(), "{text}");
        }
    }
}
