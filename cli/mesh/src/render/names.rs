//! What Istio calls the filters that it makes of resources; this has changed with its releases.

use crate::{Kind, Resource, Version};

/// The newest release whose names are known.
pub const NEWEST: Version = Version::new(1, 32);
/// What a `WasmPlugin` is marked with since it is translated to a `TrafficExtension`.
const TRANSLATED: &str = "~istio-translated-wasmplugin";

/// The name of the filter in the chain and of the extension that it discovers.
#[must_use]
pub fn extension_name(resource: &Resource, version: Version) -> String {
    let name = plugin_name(resource, version);
    // `extenstions` is how those releases spell it.
    let prefix = match version {
        version if version >= Version::new(1, 30) => "extensions.istio.io/trafficextension/",
        version if version >= Version::new(1, 26) => "extensions.istio.io/wasmplugin/",
        version if version >= Version::new(1, 21) => "extenstions.istio.io/wasmplugin/",
        _ => "",
    };
    format!("{prefix}{name}")
}

/// The plugin's own name, which it reads as `plugin_name`.
#[must_use]
pub fn plugin_name(resource: &Resource, version: Version) -> String {
    let translated = resource.kind == Kind::WasmPlugin && version >= Version::new(1, 30);
    let mark = if translated { TRANSLATED } else { "" };
    format!("{}.{}{mark}", resource.namespace(), resource.name)
}
