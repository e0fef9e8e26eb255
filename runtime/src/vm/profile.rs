//! Which proxy a plugin is meant for: what is there, and what becomes of imports that are not.

use super::module::UnknownImports;

/// A kind of proxy that loads plugins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// This host: takes whatever it can run.
    #[default]
    Tolerant,
    /// Envoy with a configuration of one's own.
    Envoy,
    /// Istio's `WasmPlugin`.
    Istio,
    /// Envoy Gateway's `EnvoyExtensionPolicy`.
    EnvoyGateway,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Tolerant, Self::Envoy, Self::Istio, Self::EnvoyGateway];

    /// As options name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tolerant => "tolerant",
            Self::Envoy => "envoy",
            Self::Istio => "istio",
            Self::EnvoyGateway => "envoy-gateway",
        }
    }

    /// The profile with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// Imports that the host does not have: stubs here, refused by every Envoy.
    #[must_use]
    pub fn unknown_imports(self) -> UnknownImports {
        if self == Self::Tolerant { UnknownImports::Stub } else { UnknownImports::Refuse }
    }

    /// Whether bodies can be read while headers are held: what configures Envoy in a mesh cannot
    /// set `allow_on_headers_stop_iteration`.
    #[must_use]
    pub fn holds_headers(self) -> bool {
        matches!(self, Self::Tolerant | Self::Envoy)
    }

    /// Whether `capability_restriction_config` can be set.
    #[must_use]
    pub fn restricts_capabilities(self) -> bool {
        matches!(self, Self::Tolerant | Self::Envoy)
    }

    /// Whether failed plugins can be reloaded: Envoy Gateway only knows closed and open.
    #[must_use]
    pub fn reloads(self) -> bool {
        self != Self::EnvoyGateway
    }
}
