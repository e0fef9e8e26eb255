//! One plugin, whatever kind of resource declares it.

mod envoy;
mod gateway;
mod istio;
mod pin;

use serde_json::Value;

pub(crate) use envoy::member_mut;

use crate::{Kind, Resource};

/// A plugin as a resource declares it, before anything is pulled. What a resource leaves open has its default here.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// The part of the resource that speaks of it, such as `spec` or `spec.wasm[0]`.
    pub path: String,
    /// Where its bytes come from.
    pub code: Code,
    /// What its bytes must be: digest of the image's manifest, or of the module, by what the kind of resource compares.
    pub sha256: Option<String>,
    /// Which root context of the module is configured (`pluginName`, `rootID`, `root_id`).
    pub root_id: String,
    /// The configuration, as the resource has it.
    pub configuration: Configuration,
    /// Where in the chain it runs.
    pub phase: Phase,
    /// Its place among the plugins of the phase; who has none runs after all others.
    pub priority: Option<i64>,
    /// What happens to requests when it fails.
    pub failure: FailurePolicy,
    /// Variables of its environment.
    pub environment: Vec<Variable>,
    /// When an image is pulled again.
    pub pull: PullPolicy,
    /// The Secret with credentials of the registry.
    pub pull_secret: Option<String>,
    /// It may hold headers while it reads the body (`allow_on_headers_stop_iteration`); only an `EnvoyFilter` can say so.
    pub hold_headers: bool,
    /// It is for connections and not for exchanges of HTTP.
    pub network: bool,
}

/// Where a module comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// An image in a registry: the reference, without `oci://`.
    Image(String),
    /// A file on a server, with its URL.
    Http(String),
    /// A file of the proxy.
    File(String),
    /// The bytes stand in the resource.
    Inline,
    /// Nothing that can be read; its definition refuses that, or Envoy does.
    Missing,
}

/// A plugin's configuration.
#[derive(Debug, Clone, PartialEq)]
pub enum Configuration {
    /// None.
    Absent,
    /// A value, which the plugin gets as compact JSON.
    Json(Value),
    /// A text, which it gets as it is.
    Text(String),
}

/// Where in the chain a plugin runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Before Istio's authentication.
    Authn,
    /// Before Istio's authorization.
    Authz,
    /// Before Istio's statistics.
    Stats,
    /// After all of these.
    Unspecified,
}

/// What happens to requests when a plugin fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailurePolicy {
    /// They are refused.
    Closed,
    /// They pass without the plugin.
    Open,
    /// They are refused until the plugin has been started again, which Envoy does by itself.
    Reload,
}

/// When an image is pulled again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullPolicy {
    /// The product decides by the tag.
    Unspecified,
    /// Never, once it is there.
    IfNotPresent,
    /// Whenever the resource changes.
    Always,
}

/// A variable of a VM's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value; `None` takes that of the proxy's own environment.
    pub value: Option<String>,
}

impl Resource {
    /// The plugins that the resource declares, in its order. What its definition refuses is left out: see
    /// [`crate::crd::validate`].
    #[must_use]
    pub fn declared(&self) -> Vec<Declared> {
        match self.kind {
            Kind::WasmPlugin => istio::plugin(self.spec(), self.spec(), "spec").into_iter().collect(),
            Kind::TrafficExtension => {
                let wasm = self.at("spec.wasm");
                wasm.and_then(|wasm| istio::plugin(wasm, self.spec(), "spec.wasm")).into_iter().collect()
            }
            Kind::EnvoyFilter => envoy::plugins(self.spec()),
            Kind::EnvoyExtensionPolicy => gateway::plugins(self.spec()),
        }
    }
}

impl Code {
    /// What a URL of Istio's or Envoy's means. Without a scheme it names an image.
    #[must_use]
    pub fn from_url(url: &str) -> Self {
        match url.split_once("://") {
            Some(("oci", image)) => Self::Image(image.to_owned()),
            Some(("http" | "https", _)) => Self::Http(url.to_owned()),
            Some(("file", path)) => Self::File(path.to_owned()),
            Some(_) => Self::Missing,
            None if url.is_empty() => Self::Missing,
            None => Self::Image(url.to_owned()),
        }
    }
}

/// The text of a member.
fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// A field's name of protobuf in lowerCamelCase.
fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    for (index, part) in name.split('_').enumerate() {
        let mut letters = part.chars();
        match letters.next() {
            Some(first) if index > 0 => camel.push(first.to_ascii_uppercase()),
            Some(first) => camel.push(first),
            None => {}
        }
        camel.push_str(letters.as_str());
    }
    camel
}

#[cfg(test)]
mod tests;
