//! Whether refusals are meant: `enforcement: enforce` or `shadow`.

use serde::Deserialize;

/// What becomes of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// Clients get them.
    #[default]
    Enforce,
    /// They are counted, and requests pass.
    Shadow,
}

impl Enforcement {
    /// Whether refusals are only counted.
    pub fn is_shadow(self) -> bool {
        self == Self::Shadow
    }
}
