//! What a proxy has loaded, read from the `config_dump` of Envoy's admin.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::declared::{Code, Configuration, Declared};
use crate::{Kind, Resource};

/// The end of the type of a Wasm filter, and of the filter that stands in for one that could not be fetched.
const WASM: &str = ".wasm.v3.Wasm";
const RBAC: &str = ".rbac.v3.RBAC";
/// How Istio's agent names the stand-in.
const DENY: &str = "wasm-default-deny";
const ALLOW: &str = "wasm-default-allow";
/// What Istio 1.30 and later add to the names of what was a `WasmPlugin`.
const TRANSLATED: &str = "~istio-translated-wasmplugin";

/// A filter of a proxy that is a plugin, or should be.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// The proxy has it.
    Wasm {
        /// What its bytes were pinned by: the name of the agent's file, or the digest that Envoy checks.
        digest: Option<String>,
        /// The configuration that it got.
        configuration: Option<String>,
    },
    /// It could not be fetched, and all requests are refused.
    Denying,
    /// It could not be fetched, and all requests pass without it.
    Allowing,
    /// The proxy waits for it.
    Awaited,
}

/// A text that is no `config_dump`.
#[derive(Debug, thiserror::Error)]
#[error("this is no `config_dump` of Envoy: {0}")]
pub struct NoDump(String);

/// How a plugin is in a proxy, compared with what its resource declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As declared.
    Loaded,
    /// With another module than the declared one.
    OtherDigest,
    /// With the declared module and another configuration.
    OtherConfiguration,
    /// It could not be fetched: all requests are refused.
    Denying,
    /// It could not be fetched: requests pass without it.
    Allowing,
    /// The proxy waits for it.
    Awaited,
    /// The proxy does not know of it.
    Missing,
}

impl State {
    /// In words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::OtherDigest => "other digest",
            Self::OtherConfiguration => "other configuration",
            Self::Denying => "fetch failed, denies all",
            Self::Allowing => "fetch failed, allows all",
            Self::Awaited => "awaited",
            Self::Missing => "missing",
        }
    }
}

/// The filters that are plugins, by their names.
///
/// # Errors
/// If the text is not the JSON of a dump.
pub fn filters(dump: &[u8]) -> Result<BTreeMap<String, Filter>, NoDump> {
    let dump: Value = serde_json::from_slice(dump).map_err(|error| NoDump(error.to_string()))?;
    let configs = dump.get("configs").and_then(Value::as_array);
    let configs = configs.ok_or_else(|| NoDump("it has no `configs`".to_owned()))?;
    let mut found = BTreeMap::new();
    for config in configs {
        let kind = config.get("@type").and_then(Value::as_str).unwrap_or_default();
        // Listeners name what they wait for; extension discovery says what has come. The bootstrap repeats listeners.
        if kind.ends_with("EcdsConfigDump") || kind.ends_with("ListenersConfigDump") {
            walk(config, &mut found);
        }
    }
    Ok(found)
}

/// Looks for filters at every depth: listeners have chains of filters in filters.
fn walk(value: &Value, found: &mut BTreeMap<String, Filter>) {
    match value {
        Value::Object(members) => {
            if let Some(name) = members.get("name").and_then(Value::as_str)
                && let Some(filter) = filter(value)
            {
                // What has come counts more than that it is waited for, whichever stands first.
                if filter != Filter::Awaited || !found.contains_key(name) {
                    found.insert(name.to_owned(), filter);
                }
            }
            members.values().for_each(|value| walk(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        _ => {}
    }
}

fn filter(value: &Value) -> Option<Filter> {
    let names_wasm = |kind: &Value| kind.as_str().is_some_and(|kind| kind.ends_with(WASM));
    if let Some(types) = value.pointer("/config_discovery/type_urls").and_then(Value::as_array) {
        return types.iter().any(names_wasm).then_some(Filter::Awaited);
    }
    let typed = value.get("typed_config")?;
    let kind = typed.get("@type").and_then(Value::as_str)?;
    if kind.ends_with(RBAC) {
        let prefix = ["rules_stat_prefix", "stat_prefix"].iter().find_map(|key| typed.get(key)?.as_str())?;
        return match prefix {
            DENY => Some(Filter::Denying),
            ALLOW => Some(Filter::Allowing),
            _ => None,
        };
    }
    if !kind.ends_with(WASM) {
        return None;
    }
    let config = typed.get("config")?;
    let code = config.pointer("/vm_config/code");
    let text = |pointer| code.and_then(|code| code.pointer(pointer)).and_then(Value::as_str);
    let file = text("/local/filename").and_then(digest_of);
    Some(Filter::Wasm {
        digest: file.or_else(|| text("/remote/sha256")).map(str::to_owned),
        configuration: config.pointer("/configuration/value").map(|value| match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        }),
    })
}

/// The digest in the name of a file in the cache of Istio's agent.
fn digest_of(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?.strip_suffix(".wasm")?;
    let is_digest = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then_some(name)
}

impl Resource {
    /// The names that proxies of any release may have for a plugin of this resource, the `index`th.
    #[must_use]
    pub fn filter_names(&self, plugin: &Declared, index: usize) -> Vec<String> {
        let full = format!("{}.{}", self.namespace(), self.name);
        match self.kind {
            Kind::WasmPlugin => vec![
                format!("extensions.istio.io/trafficextension/{full}{TRANSLATED}"),
                format!("extensions.istio.io/wasmplugin/{full}"),
                // So spelled by Istio 1.21 to 1.25.
                format!("extenstions.istio.io/wasmplugin/{full}"),
                full,
            ],
            Kind::TrafficExtension => vec![format!("extensions.istio.io/trafficextension/{full}")],
            Kind::EnvoyFilter => {
                let name = self.at(&format!("{}.name", plugin.path)).and_then(Value::as_str);
                name.into_iter().map(str::to_owned).collect()
            }
            Kind::EnvoyExtensionPolicy => vec![format!(
                "envoy.filters.http.wasm/envoyextensionpolicy/{}/{}/wasm/{index}",
                self.namespace(),
                self.name
            )],
        }
    }
}

impl Declared {
    /// The digits that the declared module is pinned by, if it is.
    #[must_use]
    pub fn pinned_by(&self) -> Option<&str> {
        let in_url = match &self.code {
            Code::Image(image) => image.split_once("@sha256:").map(|(_, digits)| digits),
            _ => None,
        };
        self.sha256.as_deref().or(in_url)
    }

    /// How it is in a proxy with these filters, and the digest that is there.
    #[must_use]
    pub fn state(&self, names: &[String], filters: &BTreeMap<String, Filter>) -> (State, Option<String>) {
        let Some(filter) = names.iter().find_map(|name| filters.get(name)) else {
            return (State::Missing, None);
        };
        match filter {
            Filter::Denying => (State::Denying, None),
            Filter::Allowing => (State::Allowing, None),
            Filter::Awaited => (State::Awaited, None),
            Filter::Wasm { digest, configuration } => {
                let state = match (self.pinned_by(), digest) {
                    (Some(wanted), Some(there)) if wanted != there => State::OtherDigest,
                    _ if !self.has_configuration(configuration.as_deref()) => State::OtherConfiguration,
                    _ => State::Loaded,
                };
                (state, digest.clone())
            }
        }
    }

    /// Istio carries configurations as text with every number a double, so values are compared.
    fn has_configuration(&self, there: Option<&str>) -> bool {
        let there = there.filter(|text| !text.is_empty());
        match (&self.configuration, there) {
            (Configuration::Absent, there) => there.is_none_or(|text| text == "{}"),
            (Configuration::Text(wanted), there) => there.unwrap_or_default() == wanted,
            (Configuration::Json(wanted), Some(there)) => {
                serde_json::from_str::<Value>(there).is_ok_and(|there| alike(wanted, &there))
            }
            (Configuration::Json(wanted), None) => wanted.as_object().is_some_and(serde_json::Map::is_empty),
        }
    }
}

/// Equal, where numbers count as doubles.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let same = |(key, one): (&String, &Value)| other.get(key).is_some_and(|other| alike(one, other));
            one.len() == other.len() && one.iter().all(same)
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state(typed: &Value) -> State {
        let text = format!(
            "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{name: jwt, namespace: shop}}\n\
             spec: {{url: 'oci://example.com/f', sha256: {}, pluginConfig: {{limit: 1}}}}\n",
            "a".repeat(64)
        );
        let resource = Resource::parse_all("file.yaml", &text).unwrap().0.remove(0);
        let name = "extensions.istio.io/wasmplugin/shop.jwt";
        let dump = json!({"configs": [
            {"@type": "type.googleapis.com/envoy.admin.v3.EcdsConfigDump",
             "ecds_filters": [{"ecds_filter": {"name": name, "typed_config": typed}}]},
            {"@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump", "listeners": [
                {"name": name, "config_discovery": {"type_urls": ["x/envoy.extensions.filters.http.wasm.v3.Wasm"]}}]},
        ]});
        let found = filters(dump.to_string().as_bytes()).unwrap();
        let declared = resource.declared();
        declared[0].state(&resource.filter_names(&declared[0], 0), &found).0
    }

    fn wasm(digit: &str, configuration: &str) -> Value {
        json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "configuration": {"value": configuration},
                "vm_config": {"code": {"local": {"filename": format!("/data/x/{}.wasm", digit.repeat(64))}}},
            },
        })
    }

    fn stand_in(prefix: &str) -> Value {
        json!({"@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC", "rules_stat_prefix": prefix})
    }

    #[test]
    fn each_state_is_told_apart() {
        assert_eq!(state(&wasm("a", r#"{"limit":1.0}"#)), State::Loaded);
        assert_eq!(state(&wasm("b", r#"{"limit":1}"#)), State::OtherDigest);
        assert_eq!(state(&wasm("a", r#"{"limit":2}"#)), State::OtherConfiguration);
        assert_eq!(state(&stand_in("wasm-default-deny")), State::Denying);
        assert_eq!(state(&stand_in("wasm-default-allow")), State::Allowing);
        // An RBAC filter of another's making is nobody's stand-in.
        assert_eq!(state(&stand_in("mine")), State::Awaited);
    }

    #[test]
    fn what_is_no_dump_is_refused() {
        assert!(filters(b"{}").unwrap_err().to_string().contains("no `configs`"));
        assert!(filters(b"<html>").is_err());
    }
}
