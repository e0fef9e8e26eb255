//! What is packed, pushed, listed, copied and pulled, and what skopeo makes of it.

use std::process::Command;

use super::server::Server;
use super::{end, field, has, packed, run};
use crate::folder::{Folder, succeed};

#[test]
fn the_same_module_gives_the_same_image() {
    let (one, other) = (packed("image-one"), packed("image-other"));
    let json = |folder: &Folder| run(folder, &["package", "plugin.wasm", "--format", "json"]);
    let (first, second) = (json(&one), json(&other));
    for digest in ["manifest", "layer", "config", "module"] {
        let pointer = format!("/images/0/{digest}");
        assert_eq!(field(&first, &pointer), field(&second, &pointer));
    }
}

#[test]
fn what_is_no_image_and_what_proxies_refuse_is_not_packed() {
    let folder = packed("image-refused");
    folder.write("none.wasm", "text");
    assert_eq!(end(&folder, &["package", "none.wasm"]).0, 2);
    // No `proxy_abi_version_*`: Envoy refuses it.
    folder.write("foreign.wasm", wat::parse_str("(module (memory (export \"memory\") 1))").unwrap());
    let (code, _, said) = end(&folder, &["package", "foreign.wasm"]);
    assert!(code == 1 && said.contains("proxies refuse `foreign.wasm`"), "{said}");
    folder.write("mine/file", "text");
    let (code, _, said) = end(&folder, &["package", "plugin.wasm", "--out", "mine"]);
    assert!(code == 2 && said.contains("no folder of images"), "{said}");
    assert_eq!(folder.read("mine/file"), b"text");
}

#[test]
fn an_image_goes_to_a_registry_and_comes_back() {
    if !has(&["docker-registry"]) {
        return;
    }
    let folder = packed("image-pushed");
    let server = Server::start(&folder, "", "");
    let reference = format!("{}/team/counting", server.address());
    let tagged = format!("{reference}:1.0");

    let pushed = run(&folder, &["push", "--image", "plugin.oci", &tagged, "--format", "json"]);
    assert!(pushed.contains("\"sent_blobs\": 2"), "{pushed}");
    let again = run(&folder, &["push", "--image", "plugin.oci", &tagged, "--format", "json"]);
    assert!(again.contains("\"sent_blobs\": 0") && again.contains("\"sent_bytes\": 0"), "{again}");
    let digest = field(&pushed, "/digest");
    assert_eq!(digest, field(&again, "/digest"));

    run(&folder, &["tag", &tagged, "stable"]);
    assert_eq!(run(&folder, &["list", &reference]), "1.0\nstable\n");
    for place in [&tagged, &format!("{reference}:stable"), &format!("oci://{reference}@{digest}")] {
        run(&folder, &["pull", place, "--out", "pulled.wasm"]);
        assert_eq!(folder.read("pulled.wasm"), folder.read("plugin.wasm"), "{place}");
    }
    let shown = run(&folder, &["inspect", &tagged]);
    assert!(
        shown.contains(&digest) && shown.contains("compat") && shown.contains("proxy_on_request_headers"),
        "{shown}"
    );

    // Through a folder to another repository, the same to the byte.
    run(&folder, &["copy", &tagged, "oci:mirror"]);
    assert_eq!(run(&folder, &["list", "oci:mirror"]), "1.0\n");
    run(&folder, &["copy", "oci:mirror:1.0", &format!("{}/other", server.address())]);
    let copied = run(&folder, &["inspect", &format!("{}/other:1.0", server.address()), "--format", "json"]);
    assert_eq!(field(&copied, "/image/manifest"), digest);
}

#[test]
fn what_is_not_there_is_named() {
    if !has(&["docker-registry"]) {
        return;
    }
    let folder = packed("image-missing");
    let server = Server::start(&folder, "", "");
    let (code, _, said) = end(&folder, &["pull", &format!("{}/a:1", server.address())]);
    assert!(code == 1 && said.contains("there is no image `1` in"), "{said}");
    let (code, _, said) = end(&folder, &["list", &format!("{}/a", server.address())]);
    assert!(code == 1 && said.contains("there is no repository in"), "{said}");
    let (code, _, said) = end(&folder, &["pull", "oci:nowhere"]);
    assert!(code == 1 && said.contains("there is no image layout in `nowhere`"), "{said}");
    let (code, _, said) = end(&folder, &["pull", "example.com/A"]);
    assert!(code == 2 && said.contains("names no image"), "{said}");
    assert!(!folder.path().join("a.wasm").exists());
}

#[test]
fn skopeo_takes_the_image_and_keeps_its_digest() {
    if !has(&["docker-registry", "skopeo"]) {
        return;
    }
    let folder = packed("image-skopeo");
    let server = Server::start(&folder, "", "");
    let place = format!("{}/counting:1", server.address());
    let digest =
        field(&run(&folder, &["push", "--image", "plugin.oci", &place, "--format", "json"]), "/digest");
    let skopeo = |words: &[&str]| {
        let output = succeed(Command::new("skopeo").args(words).current_dir(folder.path()));
        String::from_utf8(output.stdout).unwrap()
    };
    let from = format!("docker://{place}");
    assert_eq!(field(&skopeo(&["inspect", "--tls-verify=false", &from]), "/Digest"), digest);
    // As docker keeps images, and back.
    skopeo(&["copy", "--quiet", "--src-tls-verify=false", &from, "docker-archive:image.tar:counting:1"]);
    skopeo(&["copy", "--quiet", "docker-archive:image.tar", "oci:back:1"]);
    run(&folder, &["pull", "oci:back:1", "--out", "back.wasm"]);
    assert_eq!(folder.read("back.wasm"), folder.read("plugin.wasm"));
    // As it is: the digest stays.
    skopeo(&["copy", "--quiet", "--src-tls-verify=false", &from, "oci:same:1"]);
    assert_eq!(
        field(&run(&folder, &["inspect", "oci:same:1", "--format", "json"]), "/image/manifest"),
        digest
    );
    // And what skopeo brings to a registry is taken.
    let other = format!("{}/other:1", server.address());
    skopeo(&[
        "copy",
        "--quiet",
        "--dest-tls-verify=false",
        "oci:plugin.oci:latest",
        &format!("docker://{other}"),
    ]);
    assert_eq!(field(&run(&folder, &["inspect", &other, "--format", "json"]), "/image/manifest"), digest);
}
