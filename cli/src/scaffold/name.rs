//! Names that a crate can have.

use crate::failure::{Failure, Result};

/// Longest name: registries and file systems agree on this many bytes.
const MAX_LENGTH: usize = 64;

const KEYWORDS: [&str; 53] = [
    "abstract",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "struct",
    "super",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "union",
    "macro_rules",
];

/// Crates that come with the compiler.
const BUILT_IN: [&str; 6] = ["alloc", "core", "proc_macro", "std", "test", "compiler_builtins"];

/// Names of folders in cargo's target directory.
const FOLDERS: [&str; 4] = ["build", "deps", "examples", "incremental"];

/// Crates that the new crate depends on.
const DEPENDENCIES: [&str; 8] = [
    "log",
    "mesh_filter",
    "mesh_filter_runtime",
    "mesh_filter_test",
    "proxy_wasm",
    "schemars",
    "serde",
    "serde_json",
];

/// Names that Windows keeps for devices.
const DEVICES: [&str; 6] = ["aux", "con", "nul", "prn", "com1", "lpt1"];

/// A name for a new crate.
#[derive(Debug, Clone)]
pub(crate) struct CrateName(String);

impl CrateName {
    /// Checks a name.
    pub(crate) fn parse(name: &str) -> Result<Self> {
        let Some(reason) = objection(name) else {
            return Ok(Self(name.to_owned()));
        };
        let proposal = proposal(name);
        Err(Failure::usage(format!("`{name}` cannot be the name of a crate: {reason}")).help(format!(
            "a name has lower-case letters, digits, `-` and `_`, and begins with a letter, as in `{proposal}`"
        )))
    }

    /// As in `Cargo.toml`: `shop-guard`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn objection(name: &str) -> Option<String> {
    let module = name.replace('-', "_");
    let is_one_of = |list: &[&str]| list.contains(&module.as_str());
    let bad = name.chars().find(|letter| !matches!(letter, 'a'..='z' | '0'..='9' | '-' | '_'));
    Some(match name.chars().next() {
        None => "it is empty".to_owned(),
        Some('0'..='9') => "it begins with a digit".to_owned(),
        Some('-' | '_') => "it does not begin with a letter".to_owned(),
        _ if bad.is_some() => format!("`{}` is not allowed in it", bad.unwrap_or_default()),
        _ if name.len() > MAX_LENGTH => {
            format!("it has {} characters, and {MAX_LENGTH} are allowed", name.len())
        }
        _ if is_one_of(&KEYWORDS) => "it is a keyword of Rust".to_owned(),
        _ if is_one_of(&BUILT_IN) => "a crate of this name comes with the compiler".to_owned(),
        _ if is_one_of(&DEPENDENCIES) => "the new crate depends on a crate of this name".to_owned(),
        _ if is_one_of(&FOLDERS) => "cargo has a folder of this name in its target directory".to_owned(),
        _ if is_one_of(&DEVICES) => "Windows keeps this name for a device".to_owned(),
        _ => return None,
    })
}

/// A valid name that is close to an invalid one.
fn proposal(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let clean: String =
        lower.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let clean: String =
        clean.trim_start_matches(|letter: char| !letter.is_ascii_alphabetic()).chars().take(40).collect();
    let clean = clean.trim_end_matches('-');
    match clean {
        "" => "my-filter".to_owned(),
        clean if objection(clean).is_some() => format!("{clean}-filter"),
        clean => clean.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cargo_or_rust_would_refuse_are_refused_with_a_proposal() {
        for (name, reason, proposal) in [
            ("", "empty", "`my-filter`"),
            ("9lives", "digit", "`lives`"),
            ("-x", "letter", "`x`"),
            ("Shop Guard", "`S`", "`shop-guard`"),
            ("größe", "`ö`", "`gr--e`"),
            ("async", "keyword", "`async-filter`"),
            ("test", "compiler", "`test-filter`"),
            ("proxy-wasm", "depends", "`proxy-wasm-filter`"),
            ("build", "target directory", "`build-filter`"),
            ("con", "Windows", "`con-filter`"),
        ] {
            let failure = CrateName::parse(name).unwrap_err();
            assert!(failure.message.contains(reason), "{name}: {}", failure.message);
            assert!(failure.help.unwrap().contains(proposal), "{name}");
        }
        assert!(CrateName::parse(&"x".repeat(65)).is_err());
    }
}
