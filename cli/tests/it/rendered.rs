//! `manifest --rendered`: what is runnable serves in Envoys of the ages of Istio's releases.

use std::path::{Path, PathBuf};

use crate::folder::Folder;
use crate::manifest::ADDS;
use crate::registry::server::Server;
use crate::registry::{end, has, run};
use crate::run::{Proxy, get};

/// Releases of Istio, and of Envoy of about the same age whose package runs plugins.
const AGES: [(&str, &str); 3] = [("1.28", "1.36.3"), ("1.30", "1.38.2"), ("1.31", "1.40.0")];

/// The folder with a release for each name: `$ENVOYS`, or where `cargo xtask test` puts them.
fn envoy_of(version: &str) -> Option<PathBuf> {
    let brought = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/envoy");
    let folder = std::env::var_os("ENVOYS").map_or(brought, PathBuf::from);
    let program = folder.join(version).join("envoy/_bin/envoy");
    if program.is_file() {
        return Some(program);
    }
    eprintln!("SKIPPED: no Envoy {version} in `$ENVOYS`: run `cargo xtask test`");
    None
}

#[test]
fn what_is_runnable_serves_in_an_envoy_of_its_age() {
    if !has(&["docker-registry"]) {
        return;
    }
    let folder = Folder::new("runnable");
    folder.write("plugin.wasm", wat::parse_str(ADDS).unwrap());
    run(&folder, &["package", "plugin.wasm"]);
    let server = Server::start(&folder, "", "");
    let image = format!("{}/team/plugin:1", server.address());
    run(&folder, &["push", "--image", "plugin.oci", &image]);
    // Any upstream will do: here it is the registry.
    let upstream = format!("http://{}", server.address());
    for (istio, version) in AGES {
        let Some(envoy) = envoy_of(version) else { continue };
        let newer = istio != "1.28";
        for kind in ["wasm-plugin", "envoy-filter", "traffic-extension"] {
            if kind == "traffic-extension" && !newer {
                continue;
            }
            let out = format!("{istio}-{kind}");
            let words =
                ["manifest", "--name", "one", "--image", &image, "--kind", kind, "--selector", "app=a"];
            let rendered = ["--rendered=runnable", "--istio-version", istio, "--upstream", &upstream];
            run(&folder, &[&words[..], &rendered, &["--listen", "127.0.0.1:0", "-o", &out]].concat());
            let mut command = folder.command("");
            command.args(["run", "--engine", "envoy", "--proxy-config"]).arg(format!("{out}/bootstrap.json"));
            command.env("HOME", folder.path()).env_remove("XDG_CACHE_HOME").env("ENVOY", envoy.as_os_str());
            let (_proxy, address) = Proxy::start(&mut command);
            let response = get(&address, "/v2/");
            assert!(response.starts_with("HTTP/1.1 200"), "{out}: {response}");
            assert!(response.contains("\r\nx-from: plugin\r\n"), "{out}: {response}");
        }
    }
}

#[test]
fn a_module_that_cannot_be_had_is_no_runnable_folder() {
    if !has(&["docker-registry"]) {
        return;
    }
    let folder = Folder::new("not-runnable");
    let server = Server::start(&folder, "", "");
    let image = format!("{}/team/nobody:1", server.address());
    let words = ["manifest", "--name", "one", "--image", &image, "--no-pin", "--kind", "wasm-plugin"];
    let (code, _, said) = end(&folder, &[&words[..], &["--rendered=runnable", "-o", "out"]].concat());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("team/nobody"), "{said}");
    assert!(!folder.path().join("out/bootstrap.json").exists());
}
