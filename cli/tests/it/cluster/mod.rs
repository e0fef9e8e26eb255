//! Deploying, with the real `kubectl` against an API server that enforces the definitions of the resources.

mod api;
mod apply;
mod discovery;
mod exec;
mod http;
mod newcomer;
mod proxies;
mod sha1;
mod signed;

use std::process::{Command, Stdio};

use serde_json::json;

use self::api::Api;
use crate::folder::Folder;
use crate::registry::{end, run};

/// A cluster, and a folder whose `config` leads `kubectl` to it.
struct Cluster {
    folder: Folder,
    api: Api,
}

/// Whether kubectl is there; says so where it is not.
fn has_kubectl() -> bool {
    let program = std::env::var_os("KUBECTL").unwrap_or_else(|| "kubectl".into());
    let mut command = Command::new(program);
    command.args(["version", "--client"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let there = command.status().is_ok();
    if !there {
        eprintln!("SKIPPED: kubectl is not installed");
    }
    there
}

impl Cluster {
    /// Begins, with `plugin.yaml` in the folder.
    fn start(test: &str) -> Self {
        let (folder, api) = (Folder::new(test), Api::start());
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "a",
            "clusters": [{"name": "a", "cluster": {"server": format!("http://{}", api.address())}}],
            "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a", "namespace": "shop"}}],
            "users": [{"name": "a", "user": {}}],
        });
        folder.write("config", config.to_string()).write("plugin.yaml", plugin(1));
        Self { folder, api }
    }

    /// A command that has to succeed.
    fn run(&self, words: &[&str]) -> String {
        run(&self.folder, &[words, &["--kubeconfig", "config"]].concat())
    }

    /// A command, and how it ended: exit code and both outputs.
    fn end(&self, words: &[&str]) -> (i32, String) {
        let (code, out, err) = end(&self.folder, &[words, &["--kubeconfig", "config"]].concat());
        (code, out + &err)
    }

    /// Somebody else's server-side apply.
    fn kubectl(&self, text: &str, more: &[&str]) {
        self.folder.write("other.yaml", text);
        let program = std::env::var_os("KUBECTL").unwrap_or_else(|| "kubectl".into());
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env("HOME", self.folder.path());
        command.args([
            "--kubeconfig",
            "config",
            "apply",
            "--server-side",
            "--field-manager=other",
            "-f",
            "other.yaml",
        ]);
        crate::folder::succeed(command.args(more));
    }

    fn spec(&self) -> serde_json::Value {
        self.api.object("wasmplugins", "shop", "jwt").expect("the plugin is there")["spec"].clone()
    }
}

/// A resource whose configuration has this number.
fn plugin(limit: u32) -> String {
    format!(
        "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{name: jwt}}\n\
         spec:\n  url: file:///plugin.wasm\n  selector: {{matchLabels: {{app: cart}}}}\n  pluginConfig: {{limit: {limit}}}\n"
    )
}

const DEPLOY: &[&str] = &["deploy", "plugin.yaml", "--no-verify"];
const DIFF: &[&str] = &["diff", "plugin.yaml", "--no-verify"];

#[test]
fn what_is_deployed_can_be_compared_rolled_back_and_undeployed() {
    if !has_kubectl() {
        return;
    }
    let cluster = Cluster::start("deploy");
    let (code, text) = cluster.end(DIFF);
    assert!(code == 1 && text.contains("WasmPlugin shop/jwt: new"), "{text}");
    assert_eq!(cluster.run(DEPLOY), "WasmPlugin shop/jwt created\n");
    assert_eq!(cluster.run(DEPLOY), "WasmPlugin shop/jwt unchanged\n");
    assert_eq!(cluster.run(DIFF), "WasmPlugin shop/jwt: no difference\n");

    cluster.folder.write("plugin.yaml", plugin(2));
    let (code, text) = cluster.end(DIFF);
    assert!(code == 1 && text.contains("~ spec.pluginConfig.limit: 1 -> 2"), "{text}");
    let dry = cluster.run(&[DEPLOY, &["--dry-run", "server"]].concat());
    assert_eq!(dry, "WasmPlugin shop/jwt configured (dry run)\n");
    assert_eq!(cluster.spec()["pluginConfig"]["limit"], 1);
    assert_eq!(cluster.run(DEPLOY), "WasmPlugin shop/jwt configured\n");
    assert_eq!(cluster.spec()["pluginConfig"]["limit"], 2);

    let list: serde_json::Value =
        serde_json::from_str(&cluster.run(&["rollback", "jwt", "--list", "--format", "json"])).unwrap();
    let kept: Vec<_> =
        list.as_array().unwrap().iter().map(|one| &one["spec"]["pluginConfig"]["limit"]).collect();
    assert_eq!(kept, [2, 1]);
    cluster.run(&["rollback", "WasmPlugin/jwt"]);
    assert_eq!(cluster.spec()["pluginConfig"]["limit"], 1);
    let (code, text) = cluster.end(&["rollback", "jwt", "--to", "9"]);
    assert!(code == 2 && text.contains("no earlier spec is `9`"), "{text}");
    cluster.run(&["rollback", "jwt", "--to", "2"]);
    assert_eq!(cluster.spec()["pluginConfig"]["limit"], 2);

    cluster.run(&["undeploy", "jwt"]);
    assert!(cluster.api.object("wasmplugins", "shop", "jwt").is_none());
    let (code, text) = cluster.end(&["undeploy", "jwt"]);
    assert!(code == 1 && text.contains("no resource `jwt`"), "{text}");
}

#[test]
fn fields_of_others_are_taken_over_only_when_that_is_meant() {
    if !has_kubectl() {
        return;
    }
    let cluster = Cluster::start("conflict");
    cluster.kubectl(&plugin(5), &[]);
    let (code, text) = cluster.end(&["undeploy", "jwt"]);
    assert!(code == 1 && text.contains("was not deployed by"), "{text}");
    let (code, text) = cluster.end(DEPLOY);
    assert!(code == 1 && text.contains("conflict with \"other\": .spec.pluginConfig.limit"), "{text}");
    assert!(text.contains("--force-conflicts"), "{text}");
    assert_eq!(cluster.spec()["pluginConfig"]["limit"], 5);
    cluster.run(&[DEPLOY, &["--force-conflicts"]].concat());
    assert_eq!(cluster.spec()["pluginConfig"]["limit"], 1);
}

#[test]
fn a_wrong_resource_is_refused_before_the_cluster_is_asked() {
    if !has_kubectl() {
        return;
    }
    let cluster = Cluster::start("refused");
    for (from, to, said) in [
        ("file:", "ftp:", "plugin.yaml:5"),
        ("url:", "uri:", "unknown field"),
        ("limit: 1}", "limit: 1}\n  phase: EARLY", "AUTHN"),
        ("name: jwt", "name: jwt, labels: {app.kubernetes.io/managed-by: Helm}", "somebody else manages"),
    ] {
        cluster.folder.write("plugin.yaml", plugin(1).replace(from, to));
        let (code, text) = cluster.end(DEPLOY);
        assert!(code == 2 && text.contains(said), "{to}: {code} {text}");
    }
    let wide = plugin(1).replace("  selector: {matchLabels: {app: cart}}\n", "");
    cluster.folder.write("plugin.yaml", wide);
    let (code, text) = cluster.end(&[DEPLOY, &["--namespace", "istio-system"]].concat());
    assert!(code == 2 && text.contains("--yes-mesh-wide"), "{text}");
    assert_eq!((cluster.api.count("PATCH"), cluster.api.count("GET")), (0, 0));
    let (code, text) = cluster.end(&[DEPLOY, &["--namespace", "nowhere"]].concat());
    assert!(code == 1 && text.contains("namespaces \"nowhere\" not found"), "{text}");
}

#[test]
fn what_proxies_of_that_release_would_ignore_is_not_deployed_unless_that_is_meant() {
    if !has_kubectl() {
        return;
    }
    let cluster = Cluster::start("linted");
    cluster.folder.write(
        "plugin.yaml",
        "apiVersion: extensions.istio.io/v1alpha1\nkind: TrafficExtension\nmetadata: {name: jwt}\n\
         spec:\n  selector: {matchLabels: {app: cart}}\n  wasm: {url: file:///plugin.wasm}\n",
    );
    let old = ["--target", "istio=1.28"];
    let (code, text) = cluster.end(&[DEPLOY, &old].concat());
    assert!(code == 1 && text.contains("L16: TrafficExtension") && text.contains("--no-check"), "{text}");
    assert_eq!((cluster.api.count("PATCH"), cluster.api.count("GET")), (0, 0));
    cluster.run(&[DEPLOY, &["--target", "istio=1.30"]].concat());
    cluster.run(&[DEPLOY, &old, &["--no-check"]].concat());
}

#[test]
fn without_kubectl_the_way_to_get_it_is_told() {
    let folder = Folder::new("no-kubectl");
    folder.write("plugin.yaml", plugin(1));
    let mut command = folder.command("");
    command
        .args(["mesh-filter", "deploy", "plugin.yaml", "--no-verify"])
        .env("KUBECTL", folder.path().join("none"));
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("install kubectl"), "{text}");
}
