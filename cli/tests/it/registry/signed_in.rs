//! A registry with TLS that asks who one is.

use super::server::Server;
use super::{authority, end, has, packed, run, sign_in};
use crate::folder::Folder;

/// `ann`, whose password is `secret`, as htpasswd has it.
const USERS: &str = "ann:$2a$04$/Vc4WxIXWRnc01TSWQWoS.7Nbx0APvvRpqF2KycWZmF2Xi9DWdcfy\n";

fn guarded(folder: &Folder) -> Server {
    authority::make(folder);
    folder.write("users", USERS);
    let place = |file: &str| folder.path().join(file).display().to_string();
    let tls = format!(", tls: {{certificate: {}, key: {}}}", place("cert.pem"), place("key.pem"));
    Server::start(folder, &tls, &format!("auth: {{htpasswd: {{realm: test, path: {}}}}}", place("users")))
}

#[test]
fn who_is_signed_in_may_push_and_others_learn_how() {
    if !has(&["docker-registry", "openssl"]) {
        return;
    }
    let folder = packed("image-signed-in");
    let server = guarded(&folder);
    let registry = format!("localhost:{}", server.port());
    let place = format!("{registry}/counting:1");
    let push = ["push", "--image", "plugin.oci", &place, "--ca-file", "ca.pem"];

    let (code, _, said) = end(&folder, &push);
    assert!(code == 1 && said.contains("docker login localhost:"), "{said}");
    sign_in(&folder, &registry, "YW5uOndyb25n");
    let (code, _, said) = end(&folder, &push);
    assert!(code == 1 && said.contains("401") && !said.contains("wrong"), "{said}");
    sign_in(&folder, &registry, "YW5uOnNlY3JldA==");
    run(&folder, &push);
    run(&folder, &["pull", &place, "--ca-file", "ca.pem", "--out", "pulled.wasm"]);
    assert_eq!(folder.read("pulled.wasm"), folder.read("plugin.wasm"));
}

#[test]
fn a_credential_helper_is_asked() {
    if !has(&["docker-registry", "openssl"]) {
        return;
    }
    let folder = packed("image-helper");
    let server = guarded(&folder);
    folder.write("docker/config.json", r#"{"credsStore": "test"}"#);
    let helper = "#!/bin/sh\nread server\necho \"{\\\"ServerURL\\\": \\\"$server\\\", \\\"Username\\\": \\\"ann\\\", \\\"Secret\\\": \\\"secret\\\"}\"\n";
    folder.write("bin/docker-credential-test", helper);
    let file = folder.path().join("bin/docker-credential-test");
    let mut permissions = std::fs::metadata(&file).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    std::fs::set_permissions(&file, permissions).unwrap();
    let place = format!("localhost:{}/counting:1", server.port());
    let path = format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH").unwrap());
    let mut command = folder.command(".");
    command.env("HOME", folder.path()).env("DOCKER_CONFIG", folder.path().join("docker")).env("PATH", path);
    crate::folder::succeed(command.args([
        "mesh-filter",
        "push",
        "--image",
        "plugin.oci",
        &place,
        "--ca-file",
        "ca.pem",
    ]));
}

#[test]
fn a_certificate_of_another_authority_is_refused() {
    if !has(&["docker-registry", "openssl"]) {
        return;
    }
    let folder = packed("image-authority");
    let server = guarded(&folder);
    let place = format!("localhost:{}/counting:1", server.port());
    let other = Folder::new("image-other-authority");
    authority::make(&other);
    folder.write("other.pem", other.read("ca.pem"));
    let (code, _, said) = end(&folder, &["pull", &place, "--ca-file", "other.pem"]);
    assert!(code == 1 && said.contains("certificate"), "{said}");
    let (code, _, said) = end(&folder, &["pull", &place]);
    assert!(code == 1 && said.contains("--ca-file"), "{said}");
}
