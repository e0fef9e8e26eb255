//! Where a new crate takes the SDK from: a checkout on this machine, or a published version.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// The crates of this workspace that a filter depends on, and their folders in a checkout.
const CRATES: [(&str, &str); 2] = [("mesh-filter", "sdk"), ("mesh-filter-test", "runtime/test")];

/// The source of the SDK's crates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sdk {
    /// A checkout of this workspace.
    Checkout(PathBuf),
    /// A version in the registry.
    Version(String),
}

impl Sdk {
    /// What `--sdk` says; without it the checkout that this program was built from, while that
    /// exists, else the version of this program.
    pub(crate) fn choose(wanted: Option<&str>) -> Result<Self> {
        let Some(wanted) = wanted else {
            let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
            let checkout = built_from.canonicalize().ok().filter(|folder| is_checkout(folder));
            return Ok(
                checkout.map_or_else(|| Self::Version(env!("CARGO_PKG_VERSION").to_owned()), Self::Checkout)
            );
        };
        let folder = Path::new(wanted);
        if folder.is_dir() {
            return match folder.canonicalize().ok().filter(|folder| is_checkout(folder)) {
                Some(folder) => Ok(Self::Checkout(folder)),
                None => Err(Failure::usage(format!("`{wanted}` is no checkout of mesh-filter"))
                    .help("expected the folder with sdk/Cargo.toml and runtime/test/Cargo.toml in it")),
            };
        }
        if is_version(wanted) {
            return Ok(Self::Version(wanted.to_owned()));
        }
        Err(Failure::usage(format!("`--sdk {wanted}` is neither a folder nor a version"))
            .help("name a checkout of mesh-filter, or a version such as 0.1.0"))
    }

    /// The value of a dependency in `Cargo.toml`.
    pub(crate) fn dependency(&self, name: &str) -> String {
        match self {
            Self::Version(version) => format!("\"{version}\""),
            Self::Checkout(checkout) => {
                let folder = CRATES.iter().find(|(known, _)| *known == name).map_or("", |(_, folder)| folder);
                // A TOML string in single quotes takes backslashes as they are.
                format!("{{ path = '{}' }}", checkout.join(folder).display())
            }
        }
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Checkout(checkout) => format!("the checkout `{}`", checkout.display()),
            Self::Version(version) => format!("version {version} from the registry"),
        }
    }
}

fn is_checkout(folder: &Path) -> bool {
    CRATES.iter().all(|(_, path)| folder.join(path).join("Cargo.toml").is_file())
}

/// A version or requirement as cargo reads it: numbers and dots, with an operator before them.
fn is_version(text: &str) -> bool {
    let number = text.trim_start_matches(['=', '^', '~', '>', '<', ' ']);
    number.starts_with(|first: char| first.is_ascii_digit())
        && number.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_that_the_program_was_built_from_is_the_default() {
        assert!(
            matches!(Sdk::choose(None).unwrap(), Sdk::Checkout(folder) if folder.join("sdk/Cargo.toml").is_file())
        );
    }

    #[test]
    fn a_version_and_a_checkout_can_be_chosen_and_nothing_else() {
        assert_eq!(Sdk::choose(Some("0.2.0")).unwrap().dependency("mesh-filter"), "\"0.2.0\"");
        assert!(Sdk::choose(Some("=0.2.0-rc.1")).is_ok());
        assert!(Sdk::choose(Some(env!("CARGO_MANIFEST_DIR"))).is_err());
        assert!(Sdk::choose(Some("../nowhere")).is_err());
    }
}
