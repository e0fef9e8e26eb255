//! `EnvoyExtensionPolicy`.

use serde_json::Value;

use super::{Code, Configuration, Declared, FailurePolicy, Phase, PullPolicy, Variable, text};

pub(super) fn plugins(spec: &Value) -> Vec<Declared> {
    let wasm = spec.get("wasm").and_then(Value::as_array).into_iter().flatten();
    wasm.enumerate().map(|(index, wasm)| plugin(wasm, format!("spec.wasm[{index}]"))).collect()
}

fn plugin(wasm: &Value, path: String) -> Declared {
    let source = |kind: &str| wasm.pointer(&format!("/code/{kind}"));
    let (code, source) = match wasm.pointer("/code/type").and_then(Value::as_str) {
        Some("Image") => {
            let image = source("image");
            let url = image
                .and_then(|image| text(image, "url"))
                .map(|url| url.strip_prefix("oci://").unwrap_or(url));
            (url.map(|url| Code::Image(url.to_owned())), image)
        }
        Some("HTTP") => {
            let http = source("http");
            (http.and_then(|http| text(http, "url")).map(|url| Code::Http(url.to_owned())), http)
        }
        _ => (None, None),
    };
    let keys = wasm.pointer("/env/hostKeys").and_then(Value::as_array).into_iter().flatten();
    let variables =
        keys.filter_map(Value::as_str).map(|name| Variable { name: name.to_owned(), value: None });
    Declared {
        path,
        code: code.unwrap_or(Code::Missing),
        sha256: source.and_then(|source| text(source, "sha256")).map(str::to_owned),
        root_id: text(wasm, "rootID").unwrap_or_default().to_owned(),
        configuration: wasm
            .get("config")
            .filter(|config| !config.is_null())
            .map_or(Configuration::Absent, |config| Configuration::Json(config.clone())),
        phase: Phase::Unspecified,
        priority: None,
        failure: match wasm.get("failOpen").and_then(Value::as_bool) {
            Some(true) => FailurePolicy::Open,
            _ => FailurePolicy::Closed,
        },
        environment: variables.collect(),
        pull: match wasm.pointer("/code/pullPolicy").and_then(Value::as_str) {
            Some("IfNotPresent") => PullPolicy::IfNotPresent,
            Some("Always") => PullPolicy::Always,
            _ => PullPolicy::Unspecified,
        },
        pull_secret: source
            .and_then(|source| source.pointer("/pullSecretRef/name"))
            .and_then(Value::as_str)
            .map(str::to_owned),
        hold_headers: false,
        network: false,
    }
}
