//! Whom a resource is for, by kind and name.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

use super::{Form, Unwritable};

/// The API group of gateways and routes.
const GATEWAY: &str = "gateway.networking.k8s.io";
/// What policies of Envoy Gateway can be for.
const POLICY_KINDS: &[&str] =
    &["Gateway", "ListenerSet", "HTTPRoute", "GRPCRoute", "UDPRoute", "TCPRoute", "TLSRoute"];
/// What resources of Istio can be for, and the groups of these.
const ISTIO_KINDS: &[(&str, &str)] = &[
    ("Gateway", GATEWAY),
    ("GatewayClass", GATEWAY),
    ("Service", ""),
    ("ServiceEntry", "networking.istio.io"),
];

/// A target by kind and name, such as `Gateway/shop`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRef {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// A text that names no target.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` names no target: expected KIND/NAME, such as `Gateway/shop`")]
pub struct NoTargetRef(String);

impl FromStr for TargetRef {
    type Err = NoTargetRef;

    fn from_str(text: &str) -> Result<Self, NoTargetRef> {
        match text.split_once('/') {
            Some((kind, name)) if !kind.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Self { kind: kind.to_owned(), name: name.to_owned() })
            }
            _ => Err(NoTargetRef(text.to_owned())),
        }
    }
}

impl fmt::Display for TargetRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

impl TargetRef {
    /// As Istio's kinds have it.
    pub(super) fn istio(&self, form: Form) -> Result<Value, Unwritable> {
        let Some((kind, group)) = ISTIO_KINDS.iter().find(|(kind, _)| *kind == self.kind) else {
            let known: Vec<_> = ISTIO_KINDS.iter().map(|(kind, _)| *kind).collect();
            return Err(self.unknown(form, &known));
        };
        Ok(json!({"group": group, "kind": kind, "name": self.name}))
    }

    /// As Envoy Gateway's policies have it.
    pub(super) fn gateway(&self, form: Form) -> Result<Value, Unwritable> {
        if !POLICY_KINDS.contains(&self.kind.as_str()) {
            return Err(self.unknown(form, POLICY_KINDS));
        }
        Ok(json!({"group": GATEWAY, "kind": self.kind, "name": self.name}))
    }

    fn unknown(&self, form: Form, known: &[&str]) -> Unwritable {
        Unwritable::new(
            form,
            format!("the target `{self}`"),
            format!("its targets are of the kinds {}", known.join(", ")),
        )
    }
}
