//! What real Envoys have loaded, asked by `kubectl exec` and by their admin addresses.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Cluster, has_kubectl};
use crate::folder::Folder;
use crate::module::PASSING;

const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const RBAC: &str = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";
const NAME: &str = "extensions.istio.io/wasmplugin/shop.jwt";

/// An Envoy with one plugin, which came by a file as Istio's agent brings it.
struct Envoy {
    process: Child,
    admin: String,
}

impl Envoy {
    fn start(program: &str, folder: &Folder, name: &str, filter: &Value) -> Self {
        let resource = json!({
            "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig", "name": NAME, "typed_config": filter,
        });
        let path = |end: &str| folder.path().join(format!("{name}.{end}"));
        folder.write(&format!("{name}.ecds"), json!({"resources": [resource]}).to_string());
        let http = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
        let router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
        let any = json!({"socket_address": {"address": "127.0.0.1", "port_value": 0}});
        let manager = json!({
            "@type": http, "stat_prefix": "a", "route_config": {"name": "a"},
            "http_filters": [
                {"name": NAME, "config_discovery": {
                    "config_source": {"path_config_source": {"path": path("ecds")}}, "type_urls": [WASM, RBAC]}},
                {"name": "router", "typed_config": {"@type": router}},
            ],
        });
        let config = json!({
            "node": {"id": "a", "cluster": "a"}, "admin": {"address": any},
            "static_resources": {"listeners": [
                {"name": "a", "address": any, "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}]}]},
        });
        folder.write(&format!("{name}.json"), config.to_string());
        let mut command = Command::new(program);
        command
            .args(["--concurrency", "1", "--disable-hot-restart", "--log-level", "error", "-c"])
            .arg(path("json"));
        command.arg("--admin-address-path").arg(path("admin"));
        let process =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut envoy = Self { process, admin: String::new() };
        let begun = Instant::now();
        while envoy.admin.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(60), "Envoy has not started");
            std::thread::park_timeout(Duration::from_millis(10));
            envoy.admin = fs::read_to_string(path("admin")).unwrap_or_default();
        }
        envoy
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn each_proxy_says_what_it_has_loaded() {
    let Some(program) = std::env::var("ENVOY").ok().filter(|_| has_kubectl()) else {
        eprintln!("SKIPPED: no Envoy: set `$ENVOY` or run `cargo xtask test`");
        return;
    };
    let cluster = Cluster::start("status");
    let folder = &cluster.folder;
    let wasm = |digit: &str| {
        let digits = digit.repeat(64);
        let file = format!("data/{}/{digits}.wasm", "0".repeat(64));
        folder.write(&file, PASSING);
        json!({"@type": WASM, "config": {
            "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": "{\"limit\":1}"},
            "vm_config": {"runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": folder.path().join(file)}}},
        }})
    };
    let good = Envoy::start(&program, folder, "good", &wasm("a"));
    let old = Envoy::start(&program, folder, "old", &wasm("b"));
    let denying = Envoy::start(
        &program,
        folder,
        "denying",
        &json!({"@type": RBAC, "rules": {}, "rules_stat_prefix": "wasm-default-deny"}),
    );
    let pinned = format!("oci://example.com/jwt\n  sha256: {}", "a".repeat(64));
    folder.write(
        "wanted.yaml",
        super::plugin(1)
            .replace("file:///plugin.wasm", &pinned)
            .replace("name: jwt", "name: jwt, namespace: shop"),
    );

    let asked = ["status", "--file", "wanted.yaml", "--wait", "60s", "--admin"];
    let text = cluster.run(&[&asked[..], &[&good.admin]].concat());
    assert!(text.contains("loaded") && text.contains("sha256:aaaaaaaaaaaa"), "{text}");

    let label = json!({"app": "cart"});
    for (name, admin) in [
        ("good", &good.admin),
        ("old", &old.admin),
        ("denying", &denying.admin),
        ("gone", &"127.0.0.1:1".to_owned()),
    ] {
        cluster.api.add_pod("shop", name, &label, admin);
    }
    cluster.api.add_pod("shop", "unselected", &json!({"app": "other"}), &good.admin);
    let (code, text) = cluster.end(&["status", "--file", "wanted.yaml"]);
    assert_eq!(code, 1, "{text}");
    for (proxy, state) in [
        ("good", "loaded"),
        ("old", "other digest"),
        ("denying", "fetch failed, denies all"),
        ("gone", "unreachable"),
    ] {
        let line = text.lines().find(|line| line.starts_with(&format!("shop/{proxy} "))).unwrap_or_default();
        assert!(line.contains(state), "{proxy}: {text}");
    }
    assert!(!text.contains("unselected") && text.contains("3 of 4"), "{text}");
}
