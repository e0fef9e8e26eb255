//! `WasmPlugin` and `TrafficExtension`.

use serde_json::Value;

use super::{Code, Configuration, Declared, FailurePolicy, Phase, PullPolicy, Variable, text};

/// The plugin of `wasm`; phase and priority stand in `spec`, which of a `WasmPlugin` is the same.
pub(super) fn plugin(wasm: &Value, spec: &Value, path: &str) -> Option<Declared> {
    let url = text(wasm, "url")?;
    Some(Declared {
        path: path.to_owned(),
        code: Code::from_url(url),
        sha256: text(wasm, "sha256").filter(|digest| !digest.is_empty()).map(str::to_owned),
        root_id: text(wasm, "pluginName").unwrap_or_default().to_owned(),
        configuration: wasm
            .get("pluginConfig")
            .filter(|config| config.as_object().is_some_and(|members| !members.is_empty()))
            .map_or(Configuration::Absent, |config| Configuration::Json(config.clone())),
        phase: match text(spec, "phase") {
            Some("AUTHN") => Phase::Authn,
            Some("AUTHZ") => Phase::Authz,
            Some("STATS") => Phase::Stats,
            _ => Phase::Unspecified,
        },
        priority: spec.get("priority").and_then(Value::as_i64),
        failure: match text(wasm, "failStrategy") {
            Some("FAIL_OPEN") => FailurePolicy::Open,
            Some("FAIL_RELOAD") => FailurePolicy::Reload,
            _ => FailurePolicy::Closed,
        },
        environment: environment(wasm),
        pull: match text(wasm, "imagePullPolicy") {
            Some("IfNotPresent") => PullPolicy::IfNotPresent,
            Some("Always") => PullPolicy::Always,
            _ => PullPolicy::Unspecified,
        },
        pull_secret: text(wasm, "imagePullSecret").map(str::to_owned),
        hold_headers: false,
        network: text(wasm, "type") == Some("NETWORK"),
    })
}

fn environment(wasm: &Value) -> Vec<Variable> {
    let variables = wasm.pointer("/vmConfig/env").and_then(Value::as_array).into_iter().flatten();
    let variable = |one: &Value| {
        let from_host = text(one, "valueFrom") == Some("HOST");
        let value = (!from_host).then(|| text(one, "value").unwrap_or_default().to_owned());
        Some(Variable { name: text(one, "name")?.to_owned(), value })
    };
    variables.filter_map(variable).collect()
}
