//! `EnvoyFilter`: patches whose value is a filter of Envoy, inline or by extension discovery (ECDS).

use serde_json::Value;

use super::{Code, Configuration, Declared, FailurePolicy, Phase, PullPolicy, Variable, camel};

/// The types of Envoy's filters, by the end of their names.
const HTTP: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";
const NETWORK: &str = "envoy.extensions.filters.network.wasm.v3.Wasm";
/// What a `TypedStruct` wraps, in either package.
const TYPED_STRUCT: &str = ".type.v1.TypedStruct";

pub(super) fn plugins(spec: &Value) -> Vec<Declared> {
    let patches = spec.get("configPatches").and_then(Value::as_array).into_iter().flatten();
    patches.enumerate().filter_map(|(index, patch)| plugin(patch, index)).collect()
}

fn plugin(patch: &Value, index: usize) -> Option<Declared> {
    let path = format!("spec.configPatches[{index}].patch.value");
    let typed = member(patch.pointer("/patch/value")?, "typed_config")?;
    let (kind, filter) = filter(typed)?;
    let config = member(filter, "config")?;
    let vm = member(config, "vm_config").unwrap_or(&Value::Null);
    let code = member(vm, "code").unwrap_or(&Value::Null);
    let (remote, local) = (member(code, "remote"), member(code, "local"));
    let uri = remote.and_then(|remote| member(remote, "http_uri")).and_then(|http| text(http, "uri"));
    let file = local.and_then(|local| text(local, "filename"));
    let inline = local.is_some_and(|local| {
        member(local, "inline_bytes").or_else(|| member(local, "inline_string")).is_some()
    });
    Some(Declared {
        path,
        code: match (uri, file) {
            (Some(uri), _) => Code::from_url(uri),
            (None, Some(file)) => Code::File(file.to_owned()),
            (None, None) if inline => Code::Inline,
            (None, None) => Code::Missing,
        },
        sha256: remote
            .and_then(|remote| text(remote, "sha256"))
            .filter(|digest| !digest.is_empty())
            .map(str::to_owned),
        root_id: text(config, "root_id").unwrap_or_default().to_owned(),
        configuration: configuration(config),
        phase: match patch.pointer("/patch/filterClass").and_then(Value::as_str) {
            Some("AUTHN") => Phase::Authn,
            Some("AUTHZ") => Phase::Authz,
            Some("STATS") => Phase::Stats,
            _ => Phase::Unspecified,
        },
        priority: None,
        failure: failure(config),
        environment: environment(vm),
        pull: match environment_value(vm, "ISTIO_META_WASM_IMAGE_PULL_POLICY") {
            Some("Always") => PullPolicy::Always,
            Some("IfNotPresent") => PullPolicy::IfNotPresent,
            _ => PullPolicy::Unspecified,
        },
        pull_secret: None,
        hold_headers: flag(config, "allow_on_headers_stop_iteration"),
        network: kind.ends_with(NETWORK),
    })
}

/// The Wasm filter in an `Any`, by itself or in a `TypedStruct`, and its type.
fn filter(typed: &Value) -> Option<(&str, &Value)> {
    let kind = text(typed, "@type")?;
    let (kind, filter) = match kind.ends_with(TYPED_STRUCT) {
        true => (text(typed, "type_url")?, member(typed, "value")?),
        false => (kind, typed),
    };
    [HTTP, NETWORK].iter().any(|known| kind.ends_with(known)).then_some((kind, filter))
}

fn configuration(config: &Value) -> Configuration {
    let Some(any) = member(config, "configuration") else { return Configuration::Absent };
    let kind = text(any, "@type").unwrap_or_default();
    match any.get("value") {
        Some(Value::String(value)) if kind.ends_with("google.protobuf.StringValue") => {
            Configuration::Text(value.clone())
        }
        Some(value) if kind.ends_with("google.protobuf.Struct") || kind.ends_with(TYPED_STRUCT) => {
            Configuration::Json(value.clone())
        }
        _ => Configuration::Absent,
    }
}

fn failure(config: &Value) -> FailurePolicy {
    match text(config, "failure_policy") {
        Some("FAIL_OPEN") => FailurePolicy::Open,
        Some("FAIL_RELOAD") => FailurePolicy::Reload,
        Some("FAIL_CLOSED") => FailurePolicy::Closed,
        _ if flag(config, "fail_open") => FailurePolicy::Open,
        _ => FailurePolicy::Closed,
    }
}

fn environment(vm: &Value) -> Vec<Variable> {
    let Some(variables) = member(vm, "environment_variables") else { return Vec::new() };
    let values = member(variables, "key_values").and_then(Value::as_object).into_iter().flatten();
    let given = values.filter_map(|(name, value)| {
        Some(Variable { name: name.clone(), value: Some(value.as_str()?.to_owned()) })
    });
    let keys = member(variables, "host_env_keys").and_then(Value::as_array).into_iter().flatten();
    let host = keys.filter_map(Value::as_str).map(|name| Variable { name: name.to_owned(), value: None });
    given.chain(host).collect()
}

fn environment_value<'a>(vm: &'a Value, name: &str) -> Option<&'a str> {
    text(member(member(vm, "environment_variables")?, "key_values")?, name)
}

fn flag(value: &Value, key: &str) -> bool {
    member(value, key).and_then(Value::as_bool) == Some(true)
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    member(value, key).and_then(Value::as_str)
}

/// A field of a protobuf message in JSON, which may have its own name or that of lowerCamelCase.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| value.get(camel(name)))
}

/// The same, to be changed.
pub(crate) fn member_mut<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    if value.get(name).is_some() { value.get_mut(name) } else { value.get_mut(camel(name)) }
}
