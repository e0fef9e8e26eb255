//! What Envoy gets once Istio's agent has fetched a module, or has not.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::RBAC;
use crate::Version;
use crate::declared::{Code, FailurePolicy, member_mut};

/// Variables of this beginning are words between istiod and the agent.
const OWN: &str = "ISTIO_META";

/// How fetching a module has ended.
#[derive(Debug, Clone, Copy)]
pub enum Outcome<'a> {
    /// It is in this file.
    Module(&'a Path),
    /// It is not there.
    Failed(FailurePolicy),
}

/// An extension, or an entry with a configuration of its own, as Envoy gets it. `None` where a release before 1.25
/// refuses the update, so that Envoy keeps what it had.
#[must_use]
pub fn fetched(sent: &Value, outcome: Outcome<'_>, version: Version) -> Option<Value> {
    let mut got = sent.clone();
    let typed = member_mut(&mut got, "typed_config")?;
    match outcome {
        Outcome::Module(path) => {
            // A `TypedStruct` has the filter in its value.
            let filter = match typed.get("type_url").or_else(|| typed.get("typeUrl")).is_some() {
                true => typed.get_mut("value")?,
                false => typed,
            };
            let vm = member_mut(member_mut(filter, "config")?, "vm_config")?;
            vm.as_object_mut()?.insert("code".to_owned(), json!({"local": {"filename": path}}));
            strip(vm);
        }
        Outcome::Failed(policy) => *typed = stand_in(policy, version)?,
    }
    Some(got)
}

/// What takes the place of a filter without a module: it lets all pass, or nothing.
fn stand_in(policy: FailurePolicy, version: Version) -> Option<Value> {
    let mut filter = Map::new();
    filter.insert("@type".to_owned(), RBAC.into());
    let open = policy == FailurePolicy::Open;
    if !open {
        if version < Version::new(1, 25) {
            return None;
        }
        filter.insert("rules".to_owned(), json!({}));
    }
    if version >= Version::new(1, 28) {
        let prefix = if open { "wasm-default-allow" } else { "wasm-default-deny" };
        filter.insert("rules_stat_prefix".to_owned(), prefix.into());
    }
    Some(Value::Object(filter))
}

/// Takes the agent's own variables away, and the environment where nothing else is in it.
fn strip(vm: &mut Value) {
    let Some(variables) = member_mut(vm, "environment_variables") else { return };
    if let Some(Value::Object(values)) = member_mut(variables, "key_values") {
        values.retain(|name, _| !name.starts_with(OWN));
    }
    if let Some(Value::Array(keys)) = member_mut(variables, "host_env_keys") {
        keys.retain(|key| !key.as_str().is_some_and(|name| name.starts_with(OWN)));
    }
    let is_empty = |value: &Value| match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    let empty = variables.as_object_mut().is_none_or(|members| {
        members.retain(|_, value| !is_empty(value));
        members.is_empty()
    });
    if let Some(vm) = vm.as_object_mut().filter(|_| empty) {
        vm.retain(|key, _| key != "environment_variables" && key != "environmentVariables");
    }
}

/// Where the agent keeps a module below its folder: by the source's name, without tag and digest, and by the digest of
/// the image's manifest, or of the module where it comes from a server.
#[must_use]
pub fn module_path(folder: &Path, code: &Code, digest: &str) -> PathBuf {
    let name = match code {
        Code::Image(reference) => format!("oci://{}", repository(reference)),
        Code::Http(url) => url.clone(),
        Code::File(path) => return PathBuf::from(path),
        Code::Inline | Code::Missing => String::new(),
    };
    let hash: String = Sha256::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join(hash).join(format!("{}.wasm", digest.trim_start_matches("sha256:")))
}

/// The repository of a reference, in full.
fn repository(reference: &str) -> String {
    let path = reference.split('@').next().unwrap_or_default();
    let path = match path.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => path,
        _ => path,
    };
    let (host, name) = path.split_once('/').unwrap_or(("", path));
    match host.contains(['.', ':']) || host == "localhost" {
        true if host == "docker.io" && !name.contains('/') => format!("index.docker.io/library/{name}"),
        true if host == "docker.io" => format!("index.docker.io/{name}"),
        true => path.to_owned(),
        false if host.is_empty() => format!("index.docker.io/library/{path}"),
        false => format!("index.docker.io/{path}"),
    }
}
