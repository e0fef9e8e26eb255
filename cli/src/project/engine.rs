//! What runs a filter in tests, as `--engine` names it.

use std::fmt;
use std::str::FromStr;

/// What runs the filter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Engine {
    /// The crate's own test program.
    Native,
    /// The built module in this project's engine.
    Wasm,
    /// The built module in a real Envoy: the one of this machine, or a release.
    Envoy(Option<String>),
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('@') {
            None if text == "native" => Ok(Self::Native),
            None if text == "wasm" => Ok(Self::Wasm),
            None if text == "envoy" => Ok(Self::Envoy(None)),
            Some(("envoy", version)) if is_version(version) => Ok(Self::Envoy(Some(version.to_owned()))),
            Some(("envoy", version)) => {
                Err(format!("`{version}` is not a release of Envoy, such as `1.40.0`"))
            }
            _ => Err("expected `native`, `wasm`, `envoy` or `envoy@VERSION`".to_owned()),
        }
    }
}

/// What `run` can serve with: everything that is no test program.
pub(crate) fn serving(text: &str) -> Result<Engine, String> {
    match text.parse()? {
        Engine::Native => {
            Err("nothing is served by a test program: expected `wasm`, `envoy` or `envoy@VERSION`".to_owned())
        }
        engine => Ok(engine),
    }
}

/// Three numbers: it becomes part of a path and of a requirement.
fn is_version(text: &str) -> bool {
    let numbers: Vec<_> = text.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    numbers.len() == 3 && numbers.iter().all(is_number)
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("native"),
            Self::Wasm => f.write_str("wasm"),
            Self::Envoy(None) => f.write_str("envoy"),
            Self::Envoy(Some(version)) => write!(f, "envoy@{version}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_of_envoy_is_three_numbers_and_nothing_else() {
        let parsed = |text: &str| text.parse::<Engine>().map(|engine| engine.to_string());
        assert_eq!(parsed("envoy@1.40.0").as_deref(), Ok("envoy@1.40.0"));
        assert_eq!(parsed("envoy").as_deref(), Ok("envoy"));
        for wrong in ["envoy@", "envoy@../x", "envoy@1.40", "wasm@1.2.3", "Envoy"] {
            parsed(wrong).unwrap_err();
        }
    }
}
