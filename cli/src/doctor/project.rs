//! The crate that one stands in: its SDK, and the registry that it is published to.

use std::time::Duration;

use serde::Deserialize;

use super::ask::PATIENCE;
use super::{Finding, State, bounded};
use crate::image::open::RegistryOptions;
use crate::image::reference::{Reference, Repository};
use crate::project::workspace::{SDK, Selection, Workspace};

/// How long a registry may take, its token server and the credential helper included.
const REGISTRY_PATIENCE: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
}

/// The SDK of the crates here, and where the first of them is published; nothing outside of a project.
pub(super) fn look() -> (Option<Finding>, Option<Repository>) {
    let found = bounded(PATIENCE, || {
        let workspace = Workspace::load(None).ok()?;
        let crates = workspace.select(&Selection::default()).ok()?;
        let lock = std::fs::read_to_string(workspace.root().join("Cargo.lock")).unwrap_or_default();
        Some((crates, lock))
    });
    let Some((crates, lock)) = found.flatten() else { return (None, None) };
    let published = crates.iter().find_map(|one| one.filter.as_ref()?.image.as_deref());
    let repository = published.and_then(|text| match Reference::parse(text) {
        Ok(Reference::Registry(repository, _)) => Some(repository),
        _ => None,
    });
    let uses = crates.iter().any(|one| one.dependencies.iter().any(|name| name == SDK));
    (uses.then(|| sdk(&lock)), repository)
}

/// The SDK's version beside this program's: they belong together.
fn sdk(lock: &str) -> Finding {
    let finding = Finding::well("sdk", false, "filters that this program builds and tests", String::new());
    let lock: Lock = toml::from_str(lock).unwrap_or(Lock { package: Vec::new() });
    let own = env!("CARGO_PKG_VERSION");
    match lock.package.into_iter().find(|package| package.name == SDK) {
        None => Finding { found: "Cargo.lock does not name it yet".to_owned(), ..finding }
            .ill(State::Missing, "cargo generate-lockfile"),
        Some(Locked { version, .. }) if series(&version) == series(own) => {
            Finding { found: format!("{SDK} {version}"), ..finding }
        }
        Some(Locked { version, .. }) => {
            Finding { found: format!("{SDK} {version}, and this program is {own}"), ..finding }
                .ill(State::Broken, format!("cargo update -p {SDK} --precise {own}"))
        }
    }
}

/// What is compatible in the sense of cargo: `1` of 1.2.3, `0.1` of 0.1.2.
fn series(version: &str) -> String {
    let numbers: Vec<_> = version.split('.').collect();
    let significant = if numbers.first() == Some(&"0") { 2 } else { 1 };
    numbers.into_iter().take(significant).collect::<Vec<_>>().join(".")
}

/// Whether the registry answers, and takes who we are.
pub(super) fn registry(repository: Repository, options: &RegistryOptions, asked: bool) -> Finding {
    let host = repository.registry.clone();
    let needed_for = "`push`, `pull`, `copy`, `sign`, `verify`";
    let finding = Finding::well("registry", asked, needed_for, String::new());
    let options = options.clone();
    match bounded(REGISTRY_PATIENCE, move || options.greet(&repository)) {
        Some(Ok(true)) => Finding { found: format!("{host}: signed in"), ..finding },
        Some(Ok(false)) => Finding { found: format!("{host}: answers, without credentials"), ..finding },
        Some(Err(failure)) => {
            let why = failure.causes.join(": ");
            let refused = why.contains("answers 401") || why.contains("answers 403");
            let mend = match refused {
                true => format!("docker login {host}"),
                false => format!("curl -v https://{host}/v2/"),
            };
            Finding { found: format!("{host}: {why}"), ..finding }.ill(State::Broken, mend)
        }
        None => Finding {
            found: format!("{host}: no answer within {} seconds", REGISTRY_PATIENCE.as_secs()),
            ..finding
        }
        .ill(State::Broken, format!("curl -v https://{host}/v2/")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_belongs_to_the_program() {
        let lock = |version: &str| format!("[[package]]\nname = \"{SDK}\"\nversion = \"{version}\"\n");
        assert_eq!(sdk(&lock(env!("CARGO_PKG_VERSION"))).state, State::Ok);
        let other = sdk(&lock("7.0.0"));
        assert_eq!(other.state, State::Broken);
        assert!(other.mend.unwrap().contains("cargo update -p mesh-filter --precise"));
        assert_eq!(sdk("").state, State::Missing);
        assert_eq!((series("0.1.7"), series("1.4.2")), ("0.1".to_owned(), "1".to_owned()));
    }
}
