//! What `WasmPlugin` and `TrafficExtension` have in common: the plugin, and whom and when it is for.

use serde_json::{Map, Value, json};

use crate::declared::{Code, Configuration, FailurePolicy, PullPolicy, Variable};

use super::{Form, Manifest, Traffic, Unwritable, integers, phase};

/// Variables that the agent keeps for itself: it takes them away before Envoy sees them.
const RESERVED: &str = "ISTIO_META";

/// Whom the plugin is for, when it runs, on which side.
pub(super) fn place(manifest: &Manifest, form: Form) -> Result<Map<String, Value>, Unwritable> {
    let mut spec = manifest.attachment(form, "selector")?;
    if let Some(phase) = phase(manifest.plugin.phase) {
        spec.insert("phase".to_owned(), json!(phase));
    }
    if let Some(priority) = manifest.plugin.priority {
        spec.insert("priority".to_owned(), json!(priority));
    }
    let mode = match manifest.traffic {
        Traffic::Any => None,
        Traffic::Client => Some("CLIENT"),
        Traffic::Server => Some("SERVER"),
    };
    if let Some(mode) = mode {
        spec.insert("match".to_owned(), json!([{ "mode": mode }]));
    }
    Ok(spec)
}

/// The plugin.
pub(super) fn plugin(manifest: &Manifest, form: Form) -> Result<Map<String, Value>, Unwritable> {
    let plugin = &manifest.plugin;
    if plugin.hold_headers {
        return Err(Unwritable::new(
            form,
            "headers are held while the body is read (`hold_headers`, Envoy's `allow_on_headers_stop_iteration`)",
            "use `--kind envoy-filter`, or leave `--kind` out",
        ));
    }
    let mut members = Map::new();
    let mut put = |key: &str, value: Value| members.insert(key.to_owned(), value);
    put("url", json!(url(&plugin.code, form)?));
    if let Some(sha256) = &plugin.sha256 {
        put("sha256", json!(sha256));
    }
    match plugin.pull {
        PullPolicy::Unspecified => None,
        PullPolicy::IfNotPresent => put("imagePullPolicy", json!("IfNotPresent")),
        PullPolicy::Always => put("imagePullPolicy", json!("Always")),
    };
    if let Some(secret) = &plugin.pull_secret {
        put("imagePullSecret", json!(secret));
    }
    if !plugin.root_id.is_empty() {
        put("pluginName", json!(plugin.root_id));
    }
    if let Some(config) = configuration(&plugin.configuration, form)? {
        put("pluginConfig", config);
    }
    match plugin.failure {
        FailurePolicy::Closed => None,
        FailurePolicy::Open => put("failStrategy", json!("FAIL_OPEN")),
        FailurePolicy::Reload => put("failStrategy", json!("FAIL_RELOAD")),
    };
    if !plugin.environment.is_empty() {
        let env = plugin.environment.iter().map(|variable| self::variable(variable, form));
        put("vmConfig", json!({"env": env.collect::<Result<Vec<_>, _>>()?}));
    }
    if plugin.network {
        put("type", json!("NETWORK"));
    }
    Ok(members)
}

/// Where the code is, with its scheme.
pub(super) fn url(code: &Code, form: Form) -> Result<String, Unwritable> {
    match code {
        Code::Image(image) => Ok(format!("oci://{image}")),
        Code::Http(url) => Ok(url.clone()),
        Code::File(path) => Ok(format!("file://{path}")),
        Code::Inline | Code::Missing => {
            Err(Unwritable::new(form, "a module in the resource", "name an image or a URL"))
        }
    }
}

fn configuration(configuration: &Configuration, form: Form) -> Result<Option<Value>, Unwritable> {
    let help = "an `EnvoyFilter` gives the plugin any text: `--kind envoy-filter`";
    let value = match configuration {
        Configuration::Absent => return Ok(None),
        Configuration::Json(value) => value,
        Configuration::Text(_) => {
            return Err(Unwritable::new(form, "a configuration that is no JSON", help));
        }
    };
    let Some(members) = value.as_object() else {
        return Err(Unwritable::new(form, "a configuration that is no object at its top", help));
    };
    if let Some((path, integer)) = integers::too_large(value, "pluginConfig") {
        return Err(Unwritable::new(
            form,
            format!(
                "`{path}`: the integer {integer}, because its numbers are doubles and lose digits beyond 2^53"
            ),
            "write it as a text if the filter takes one, or use `--kind envoy-filter`, which carries JSON as it is",
        ));
    }
    // Istio makes no difference between an empty object and none.
    Ok((!members.is_empty()).then(|| value.clone()))
}

fn variable(variable: &Variable, form: Form) -> Result<Value, Unwritable> {
    let Variable { name, value } = variable;
    if name.starts_with(RESERVED) {
        return Err(Unwritable::new(
            form,
            format!("the variable `{name}`, because Istio's agent keeps `{RESERVED}*` from plugins"),
            "give the variable another name",
        ));
    }
    Ok(match value {
        Some(value) => json!({"name": name, "value": value}),
        None => json!({"name": name, "valueFrom": "HOST"}),
    })
}
