//! What the API server would refuse: the definitions of the custom resources, applied without a server.
//!
//! The definitions beside this file are those of Istio 1.32 (in development) and Envoy Gateway 1.9, without their prose.
//! An object is checked as the API server does with `fieldValidation=Strict`: metadata, structure, unknown fields,
//! then, on an object whose structure is right and whose defaults are filled in, the rules in CEL.

mod metadata;
mod structure;

use std::sync::LazyLock;

use kube_cel::Validator;
use serde_json::Value;

use crate::{Kind, Resource};

/// A rule that an object breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where, such as `spec.match[0].ports`.
    pub path: String,
    /// What is wrong.
    pub problem: String,
}

impl Violation {
    fn new(path: &str, problem: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: problem.into() }
    }
}

/// The definition of a kind, as OpenAPI v3 with Kubernetes' extensions; `apiVersion`, `kind` and `metadata` are not in it.
#[must_use]
pub fn schema(kind: Kind) -> &'static Value {
    static SCHEMAS: LazyLock<[Value; 4]> = LazyLock::new(|| {
        [
            include_str!("wasm_plugin.json"),
            include_str!("traffic_extension.json"),
            include_str!("envoy_filter.json"),
            include_str!("envoy_extension_policy.json"),
        ]
        // A test reads each.
        .map(|text| serde_json::from_str(text).unwrap_or(Value::Null))
    });
    let [wasm_plugin, traffic_extension, envoy_filter, envoy_extension_policy] = &*SCHEMAS;
    match kind {
        Kind::WasmPlugin => wasm_plugin,
        Kind::TrafficExtension => traffic_extension,
        Kind::EnvoyFilter => envoy_filter,
        Kind::EnvoyExtensionPolicy => envoy_extension_policy,
    }
}

/// All that an API server would refuse about a resource.
#[must_use]
pub fn validate(resource: &Resource) -> Vec<Violation> {
    validate_json(resource.kind, &resource.json)
}

/// The same of an object that is not from a file.
#[must_use]
pub fn validate_json(kind: Kind, object: &Value) -> Vec<Violation> {
    let schema = schema(kind);
    let mut violations = metadata::check(kind, object);
    violations.extend(structure::check(schema, object));
    if violations.is_empty() {
        violations = rules(schema, object);
    }
    violations
}

/// The object's broken rules in CEL. The rules assume that the structure is right.
fn rules(schema: &Value, object: &Value) -> Vec<Violation> {
    let Err(errors) = Validator::new().validate_with_defaults(schema, object, None) else {
        return Vec::new();
    };
    errors.iter().map(|error| Violation::new(&error.field_path, &error.message)).collect()
}

#[cfg(test)]
mod tests;
