//! `EnvoyExtensionPolicy`: a list of plugins with one entry.

use serde_json::{Map, Value, json};

use crate::declared::{Code, Configuration, FailurePolicy, PullPolicy};

use super::{Form, Manifest, Unwritable};

const FORM: Form = Form::EnvoyExtensionPolicy;

pub(super) fn spec(manifest: &Manifest) -> Result<Value, Unwritable> {
    let refuse = |what: &str, help: &str| Err(Unwritable::new(FORM, what, help));
    let plugin = &manifest.plugin;
    if !manifest.selector.is_empty() {
        return refuse(
            "pods by their labels",
            "name what it is for with `--target-ref`, such as `Gateway/NAME`",
        );
    }
    if manifest.target_refs.is_empty() {
        return refuse(
            "that it is for everything",
            "name what it is for with `--target-ref`, such as `Gateway/NAME`",
        );
    }
    if plugin.hold_headers {
        return refuse(
            "headers are held while the body is read (`hold_headers`, Envoy's `allow_on_headers_stop_iteration`)",
            "Envoy Gateway has no field for it: patch the listener with an EnvoyPatchPolicy that has the filter of `--kind bootstrap`",
        );
    }
    if plugin.failure == FailurePolicy::Reload {
        return refuse("`--fail reload`", "it has `closed` and `open`");
    }
    let inline = plugin.environment.iter().find(|variable| variable.value.is_some());
    if let Some(variable) = inline {
        let name = &variable.name;
        return refuse(
            &format!(
                "the value of the variable `{name}`: it passes variables of the proxy's own environment only"
            ),
            &format!(
                "give the proxy the variable in an EnvoyProxy resource, and pass it with `--host-env {name}`"
            ),
        );
    }
    let mut wasm = Map::new();
    wasm.insert("name".to_owned(), json!(manifest.name));
    if !plugin.root_id.is_empty() {
        wasm.insert("rootID".to_owned(), json!(plugin.root_id));
    }
    wasm.insert("code".to_owned(), code(manifest)?);
    match &plugin.configuration {
        Configuration::Absent => {}
        Configuration::Json(value) => {
            wasm.insert("config".to_owned(), value.clone());
        }
        Configuration::Text(_) => {
            return refuse("a configuration that is no JSON", "write the configuration as JSON or YAML");
        }
    }
    if plugin.failure == FailurePolicy::Open {
        wasm.insert("failOpen".to_owned(), json!(true));
    }
    if !plugin.environment.is_empty() {
        let keys: Vec<_> = plugin.environment.iter().map(|variable| &variable.name).collect();
        wasm.insert("env".to_owned(), json!({ "hostKeys": keys }));
    }
    let refs = manifest.target_refs.iter().map(|target| target.gateway(FORM));
    Ok(json!({"targetRefs": refs.collect::<Result<Vec<_>, _>>()?, "wasm": [wasm]}))
}

fn code(manifest: &Manifest) -> Result<Value, Unwritable> {
    let plugin = &manifest.plugin;
    let (kind, member, url) = match &plugin.code {
        Code::Image(image) => ("Image", "image", image),
        Code::Http(url) => ("HTTP", "http", url),
        Code::File(_) | Code::Inline | Code::Missing => {
            return Err(Unwritable::new(
                FORM,
                "a module in a file",
                "Envoy Gateway fetches images and http(s) URLs: use `--image` or `--url https://..`",
            ));
        }
    };
    let mut source = Map::from_iter([("url".to_owned(), json!(url))]);
    if let Some(sha256) = &plugin.sha256 {
        source.insert("sha256".to_owned(), json!(sha256));
    }
    if let Some(secret) = plugin.pull_secret.as_ref().filter(|_| kind == "Image") {
        source.insert("pullSecretRef".to_owned(), json!({ "name": secret }));
    }
    let mut code =
        Map::from_iter([("type".to_owned(), json!(kind)), (member.to_owned(), Value::Object(source))]);
    match plugin.pull {
        PullPolicy::Unspecified => None,
        PullPolicy::IfNotPresent => code.insert("pullPolicy".to_owned(), json!("IfNotPresent")),
        PullPolicy::Always => code.insert("pullPolicy".to_owned(), json!("Always")),
    };
    Ok(Value::Object(code))
}
