//! What a plugin may call and be called with: `capability_restriction_config`.

use crate::abi::table::{Chapter, Import};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The allowed functions by name, imports and exports alike; all of them where none is listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities(Option<Arc<BTreeSet<String>>>);

impl Capabilities {
    /// No restriction.
    pub const ALL: Self = Self(None);

    /// These functions only; with no name at all there is no restriction, as in Envoy.
    #[must_use]
    pub fn only(names: impl IntoIterator<Item = String>) -> Self {
        let names: BTreeSet<_> = names.into_iter().collect();
        Self((!names.is_empty()).then(|| Arc::new(names)))
    }

    /// Whether anything is restricted.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the host function may be called. What no host of the specification has is not
    /// restricted: emscripten's functions and those of Envoy alone.
    pub(super) fn allows_import(&self, import: &Import) -> bool {
        let restrictable = import.name.starts_with("proxy_") || import.chapter == Chapter::Wasi;
        !restrictable || self.lists(import.name)
    }

    /// Whether the guest function is called; allocators and start functions always are.
    pub(super) fn allows_export(&self, name: &str) -> bool {
        !name.starts_with("proxy_") || name == "proxy_on_memory_allocate" || self.lists(name)
    }

    fn lists(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|names| names.contains(name))
    }
}
