//! `run --manifest`: an image in a real registry runs as each kind of resource says, in this project's proxy and in Envoy.

use std::process::{Command, Stdio};

use crate::folder::Folder;
use crate::registry::server::Server;
use crate::registry::{end, field, has, run};
use crate::run::{Proxy, envoy, get};

/// A plugin that adds `x-from: plugin` to responses.
pub(crate) const ADDS: &str = r#"(module
  (import "env" "proxy_add_header_map_value"
    (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-fromplugin")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (drop (call $add (i32.const 2) (i32.const 16) (i32.const 6) (i32.const 22) (i32.const 6)))
    (i32.const 0)))"#;

/// The same plugin as each kind of resource declares it.
fn manifests(image: &str, digest: &str) -> [(&'static str, String); 3] {
    let wasm = format!("url: 'oci://{image}', sha256: {digest}, pluginConfig: {{a: 1}}");
    let extension = "apiVersion: extensions.istio.io/v1alpha1";
    let code = format!(
        "{{remote: {{http_uri: {{uri: 'oci://{image}', timeout: 30s, cluster: _}}, sha256: {digest}}}}}"
    );
    let any = "type.googleapis.com/envoy.extensions.filters.http";
    [
        ("plugin", format!("{extension}\nkind: WasmPlugin\nmetadata: {{name: one}}\nspec: {{{wasm}}}\n")),
        (
            "extension",
            format!(
                "{extension}\nkind: TrafficExtension\nmetadata: {{name: one}}\nspec: {{wasm: {{{wasm}}}}}\n"
            ),
        ),
        (
            "filter",
            format!(
                "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {{name: one}}\nspec:\n  configPatches:\n\
                 \x20 - applyTo: HTTP_FILTER\n    patch: {{operation: INSERT_BEFORE, value: {{name: one, config_discovery: \
                 {{config_source: {{ads: {{}}}}, type_urls: ['{any}.wasm.v3.Wasm', '{any}.rbac.v3.RBAC']}}}}}}\n\
                 \x20 - applyTo: EXTENSION_CONFIG\n    patch: {{operation: ADD, value: {{name: one, typed_config: \
                 {{'@type': {any}.wasm.v3.Wasm, config: {{name: one, vm_config: {{runtime: envoy.wasm.runtime.v8, code: {code}, \
                 environment_variables: {{key_values: {{ISTIO_META_WASM_IMAGE_PULL_POLICY: Always}}}}}}}}}}}}}}\n"
            ),
        ),
    ]
}

#[test]
fn an_image_runs_as_each_kind_of_resource_says() {
    if !has(&["docker-registry"]) {
        return;
    }
    let folder = Folder::new("run-manifest");
    folder.write("plugin.wasm", wat::parse_str(ADDS).unwrap());
    run(&folder, &["package", "plugin.wasm"]);
    let packed = run(&folder, &["package", "plugin.wasm", "--format", "json"]);
    let digest = field(&packed, "/images/0/manifest").trim_start_matches("sha256:").to_owned();
    let server = Server::start(&folder, "", "");
    let image = format!("{}/team/plugin:1", server.address());
    run(&folder, &["push", "--image", "plugin.oci", &image]);
    let envoy = envoy();

    for (kind, text) in manifests(&image, &digest) {
        let file = format!("{kind}.yaml");
        folder.write(&file, text);
        for engine in ["wasm", "envoy"] {
            let mut command: Command = folder.command("");
            command.args(["run", "--manifest", &file, "--listen", "127.0.0.1:0", "--engine", engine]);
            command.env("HOME", folder.path()).env_remove("XDG_CACHE_HOME");
            match &envoy {
                Some(envoy) => command.env("ENVOY", envoy),
                None if engine == "envoy" => continue,
                None => &mut command,
            };
            let (_proxy, address) = Proxy::start(&mut command);
            let response = get(&address, "/cart");
            assert!(response.contains("\r\nx-from: plugin\r\n"), "{kind} in {engine}: {response}");
        }
    }

    // What the agent would refuse is refused, with what stands in for it in the mesh.
    let module = field(&packed, "/images/0/module").trim_start_matches("sha256:").to_owned();
    let [(_, wrong), ..] = manifests(&image, &module);
    folder.write("wrong.yaml", wrong);
    let (code, _, said) = end(&folder, &["run", "--manifest", "wrong.yaml", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("which is that of the module") && said.contains("wasm-default-deny"), "{said}");
}

#[test]
fn what_the_api_server_refuses_does_not_run() {
    let folder = Folder::new("run-manifest-refused");
    folder.write(
        "plugin.yaml",
        "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: one}\nspec: {url: 'localhost:5000/a'}\n",
    );
    let mut command = folder.command("");
    let output = command.args(["run", "--manifest", "plugin.yaml"]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("plugin.yaml:4:"), "{said}");
}
