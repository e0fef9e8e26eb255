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
    let digest = field(&pushed, "/images/0/digest");
    assert_eq!(digest, field(&again, "/images/0/digest"));

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

/// A workspace with two filters that say where they are published.
fn two_filters(folder: &Folder, one: &str, two: &str) {
    folder.write("Cargo.toml", "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"3\"\n");
    let code = |answer: usize| {
        format!(
            "#[unsafe(no_mangle)]\npub extern \"C\" fn proxy_abi_version_0_2_1() {{}}\n#[unsafe(no_mangle)]\n\
             pub extern \"C\" fn proxy_on_memory_allocate(_size: usize) -> usize {{ {answer} }}\n"
        )
    };
    for (number, (name, image)) in [("one", one), ("two", two)].into_iter().enumerate() {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"1.0.{number}\"\nedition = \"2024\"\n[lib]\ncrate-type = \
             [\"cdylib\"]\n[package.metadata.mesh-filter]\n{image}\n"
        );
        folder.write(&format!("{name}/Cargo.toml"), manifest);
        folder.write(&format!("{name}/src/lib.rs"), code(number));
    }
}

#[test]
fn every_filter_of_a_workspace_goes_where_it_says() {
    if !has(&["docker-registry"]) {
        return;
    }
    let folder = Folder::new("image-workspace");
    let server = Server::start(&folder, "", "");
    let image = |name: &str| format!("image = \"{}/{name}\"", server.address());
    two_filters(&folder, &image("one"), &image("two"));
    let pushed = run(&folder, &["push", "--workspace", "--format", "json"]);
    let place = |name: &str| format!("{}/{name}", server.address());
    for (pointer, name) in [("/images/0", "one:1.0.0"), ("/images/1", "two:1.0.1")] {
        assert_eq!(field(&pushed, &format!("{pointer}/reference")), place(name));
        let there = run(&folder, &["inspect", &place(name), "--format", "json"]);
        assert_eq!(field(&there, "/image/manifest"), field(&pushed, &format!("{pointer}/digest")));
    }
    let text = run(&folder, &["push", "-p", "two", "-p", "one"]);
    assert!(text.find("two:1.0.1").unwrap() < text.find("one:1.0.0").unwrap(), "{text}");
    let text = run(&folder, &["push", "-p", "two", &place("elsewhere:3")]);
    assert!(text.starts_with(&place("elsewhere:3")), "{text}");

    // What cannot be is found before anything is sent.
    let refused = |words: &[&str], expected: &str| {
        let (code, out, said) = end(&folder, words);
        assert!(code == 2 && out.is_empty() && said.contains(expected), "{words:?}\n{out}{said}");
    };
    refused(&["push", &place("elsewhere:4")], "REF is for one image, and there are 2");
    two_filters(&folder, &image("new"), "");
    refused(&["push"], "there is no REF to push `two` to");
    let same = image("new:1");
    two_filters(&folder, &same, &same);
    refused(&["push"], "two crates are to be pushed to");
    assert_eq!(end(&folder, &["list", &place("new")]).0, 1);
    // What was pushed before a failure is said.
    two_filters(&folder, &image("new"), "image = \"127.0.0.1:1/closed\"");
    let (code, out, said) = end(&folder, &["push"]);
    assert!(code == 1 && out.starts_with(&place("new:1.0.0")), "{out}{said}");
    assert!(said.contains("1 of 2 images were pushed") && said.contains("127.0.0.1:1"), "{said}");
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
    let digest = field(
        &run(&folder, &["push", "--image", "plugin.oci", &place, "--format", "json"]),
        "/images/0/digest",
    );
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
