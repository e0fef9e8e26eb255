//! The kinds of resources that declare plugins.

use std::fmt;

/// A custom resource that declares plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Istio's, `extensions.istio.io/v1alpha1`.
    WasmPlugin,
    /// Istio's, which supersedes `WasmPlugin` from 1.30 on, `extensions.istio.io/v1alpha1`.
    TrafficExtension,
    /// Istio's patches of Envoy's configuration, `networking.istio.io/v1alpha3`.
    EnvoyFilter,
    /// Envoy Gateway's, `gateway.envoyproxy.io/v1alpha1`.
    EnvoyExtensionPolicy,
}

impl Kind {
    /// All kinds.
    pub const ALL: &[Self] =
        &[Self::WasmPlugin, Self::TrafficExtension, Self::EnvoyFilter, Self::EnvoyExtensionPolicy];

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The name, as `kind` has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WasmPlugin => "WasmPlugin",
            Self::TrafficExtension => "TrafficExtension",
            Self::EnvoyFilter => "EnvoyFilter",
            Self::EnvoyExtensionPolicy => "EnvoyExtensionPolicy",
        }
    }

    /// The API group.
    #[must_use]
    pub fn group(self) -> &'static str {
        match self {
            Self::WasmPlugin | Self::TrafficExtension => "extensions.istio.io",
            Self::EnvoyFilter => "networking.istio.io",
            Self::EnvoyExtensionPolicy => "gateway.envoyproxy.io",
        }
    }

    /// The version of the group.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self {
            Self::EnvoyFilter => "v1alpha3",
            _ => "v1alpha1",
        }
    }

    /// Group and version, as `apiVersion` has them.
    #[must_use]
    pub fn api_version(self) -> String {
        format!("{}/{}", self.group(), self.version())
    }

    /// The name of many, as paths of the API and `kubectl` have it.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::WasmPlugin => "wasmplugins",
            Self::TrafficExtension => "trafficextensions",
            Self::EnvoyFilter => "envoyfilters",
            Self::EnvoyExtensionPolicy => "envoyextensionpolicies",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
