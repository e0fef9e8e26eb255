//! Writes resources that declare a plugin: values in, resources out, each checked against its definition.
//!
//! It is the inverse of [`crate::declared`]: what is written is read back as the same plugin, as far as its kind can say
//! it. What a kind cannot say is refused, with the way out.

mod envoy_extension_policy;
mod envoy_filter;
mod integers;
mod istio;
mod refused;
mod remarks;
mod target_ref;
mod traffic_extension;
mod wasm_plugin;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};

use crate::declared::{Declared, Phase};
use crate::{Kind, Resource, Target, crd};

pub use refused::Unwritable;
pub use target_ref::TargetRef;

/// What a resource is to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// The labels of the pods that it is for.
    pub selector: BTreeMap<String, String>,
    /// The gateways, routes or services that it is for.
    pub target_refs: Vec<TargetRef>,
    /// The side of the proxy that it is for.
    pub traffic: Traffic,
    /// The plugin; its `path` says nothing here.
    pub plugin: Declared,
    /// Clusters that the plugin calls out to.
    pub clusters: Vec<String>,
    /// What the resource is for, where that is known.
    pub target: Option<Target>,
}

/// The side of a proxy that a plugin is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// Both.
    Any,
    /// Requests that leave, as those through gateways do.
    Client,
    /// Requests that arrive at a workload.
    Server,
}

/// A way to write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// `WasmPlugin`.
    WasmPlugin,
    /// `TrafficExtension`.
    TrafficExtension,
    /// `EnvoyFilter` whose filter comes by extension discovery: Istio's agent pulls the image.
    EnvoyFilter,
    /// `EnvoyFilter` with the filter in it: Envoy reads a file or fetches a URL by itself.
    EnvoyFilterInline,
    /// `EnvoyExtensionPolicy`.
    EnvoyExtensionPolicy,
}

impl Form {
    /// All forms.
    pub const ALL: &[Self] = &[
        Self::WasmPlugin,
        Self::TrafficExtension,
        Self::EnvoyFilter,
        Self::EnvoyFilterInline,
        Self::EnvoyExtensionPolicy,
    ];

    /// The kind of resource that is written.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::WasmPlugin => Kind::WasmPlugin,
            Self::TrafficExtension => Kind::TrafficExtension,
            Self::EnvoyFilter | Self::EnvoyFilterInline => Kind::EnvoyFilter,
            Self::EnvoyExtensionPolicy => Kind::EnvoyExtensionPolicy,
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EnvoyFilterInline => f.write_str("EnvoyFilter with the filter inline"),
            form => write!(f, "{}", form.kind()),
        }
    }
}

impl Manifest {
    /// The resource in this form.
    ///
    /// # Errors
    /// If the form cannot say what it is to say, the release does not know it, or its definition refuses the result.
    pub fn write(&self, form: Form) -> Result<Resource, Unwritable> {
        self.check_target(form)?;
        if !self.selector.is_empty() && !self.target_refs.is_empty() {
            return Err(Unwritable::new(
                form,
                "pods by labels and targets by name at once",
                "use `--selector` for sidecars, `--target-ref` for gateways and waypoints; two resources for both",
            ));
        }
        let spec = match form {
            Form::WasmPlugin => wasm_plugin::spec(self)?,
            Form::TrafficExtension => traffic_extension::spec(self)?,
            Form::EnvoyFilter => envoy_filter::discovered(self)?,
            Form::EnvoyFilterInline => envoy_filter::inline(self)?,
            Form::EnvoyExtensionPolicy => envoy_extension_policy::spec(self)?,
        };
        let kind = form.kind();
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), json!(self.name));
        if let Some(namespace) = &self.namespace {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        let object = json!({
            "apiVersion": kind.api_version(), "kind": kind.name(), "metadata": metadata, "spec": spec,
        });
        let violations = crd::validate_json(kind, &object);
        if !violations.is_empty() {
            return Err(Unwritable::Invalid { form, violations });
        }
        Ok(Resource::from_json("the resource", &object)?)
    }

    /// Members that all of Istio's kinds have in common: whom the resource is for.
    fn attachment(&self, form: Form, selector: &str) -> Result<Map<String, Value>, Unwritable> {
        let mut members = Map::new();
        if !self.selector.is_empty() {
            let labels = if form.kind() == Kind::EnvoyFilter { "labels" } else { "matchLabels" };
            members.insert(selector.to_owned(), json!({ labels: self.selector }));
        }
        if !self.target_refs.is_empty() {
            let refs = self.target_refs.iter().map(|target| target.istio(form));
            members.insert("targetRefs".to_owned(), Value::Array(refs.collect::<Result<_, _>>()?));
        }
        Ok(members)
    }
}

/// The phase as Istio names it; `None` runs after all others.
fn phase(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::Authn => Some("AUTHN"),
        Phase::Authz => Some("AUTHZ"),
        Phase::Stats => Some("STATS"),
        Phase::Unspecified => None,
    }
}

#[cfg(test)]
mod mutations;
#[cfg(test)]
mod tests;
