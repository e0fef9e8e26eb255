//! Registries that are busy, broken, silent, or that have other bytes than they promise.

use std::path::PathBuf;

use super::middleman::{Fault, Middleman};
use super::server::Server;
use super::{end, field, has, packed, run};
use crate::folder::Folder;

/// An answer without a body, after which the connection ends.
pub(crate) fn answer(status: &str, more: &str) -> Fault {
    Fault::Answer(format!("HTTP/1.1 {status}\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n"))
}

/// Where the registry keeps a blob.
fn kept(folder: &Folder, digest: &str) -> PathBuf {
    let hex = digest.strip_prefix("sha256:").unwrap();
    folder.path().join(format!("registry/docker/registry/v2/blobs/sha256/{}/{hex}/data", &hex[..2]))
}

#[test]
fn a_busy_registry_is_asked_again() {
    if !has(&["docker-registry"]) {
        return;
    }
    let folder = packed("image-busy");
    let server = Server::start(&folder, "", "");
    let busy = vec![
        answer("429 Too Many Requests", "retry-after: 0\r\n"),
        answer("503 Service Unavailable", ""),
        answer("500 Internal Server Error", ""),
    ];
    let middleman = Middleman::start(&server.address(), busy.clone(), None);
    run(&folder, &["push", "--image", "plugin.oci", &format!("{}/a:1", middleman.address())]);
    let middleman = Middleman::start(&server.address(), busy, None);
    run(&folder, &["pull", &format!("{}/a:1", middleman.address())]);
    assert_eq!(folder.read("a.wasm"), folder.read("plugin.wasm"));
}

#[test]
fn one_that_stays_busy_is_told() {
    let folder = packed("image-too-busy");
    let busy = answer("429 Too Many Requests", "retry-after: 0\r\n");
    let middleman = Middleman::start("", Vec::new(), Some(busy));
    let (code, _, said) = end(&folder, &["pull", &format!("{}/a:1", middleman.address())]);
    assert!(code == 1 && said.contains("answers 429"), "{said}");
}

#[test]
fn a_silent_registry_ends_in_an_error() {
    let folder = packed("image-silent");
    let middleman = Middleman::start("", Vec::new(), Some(Fault::Silence));
    let (code, _, said) = end(&folder, &["pull", &format!("{}/a:1", middleman.address()), "--timeout", "1"]);
    assert!(code == 1 && said.contains("timeout"), "{said}");
}

#[test]
fn other_bytes_than_promised_are_refused() {
    if !has(&["docker-registry"]) {
        return;
    }
    let folder = packed("image-other-bytes");
    let server = Server::start(&folder, "", "");
    let place = format!("{}/a:1", server.address());
    run(&folder, &["push", "--image", "plugin.oci", &place]);
    let image = run(&folder, &["inspect", &place, "--format", "json"]);
    let layer = field(&image, "/image/layers/0/0");
    let file = kept(&folder, &layer);
    let bytes = std::fs::read(&file).unwrap();
    for place_of_byte in [0, bytes.len() / 2, bytes.len() - 1] {
        let mut broken = bytes.clone();
        broken[place_of_byte] ^= 1;
        std::fs::write(&file, &broken).unwrap();
        let (code, _, said) = end(&folder, &["pull", &place]);
        assert!(code == 1 && said.contains(&layer) && said.contains("digest"), "{said}");
    }
    // More, and less, than the manifest says.
    for size in [bytes.len() - 1, bytes.len() + 1] {
        let mut other = bytes.clone();
        other.resize(size, 0);
        std::fs::write(&file, &other).unwrap();
        assert_eq!(end(&folder, &["pull", &place]).0, 1);
    }
    std::fs::write(&file, &bytes).unwrap();
    // A manifest that is asked for by its digest.
    let manifest = field(&image, "/image/manifest");
    let file = kept(&folder, &manifest);
    let text = String::from_utf8(std::fs::read(&file).unwrap()).unwrap();
    std::fs::write(&file, text.replace("compat", "Compat")).unwrap();
    let pinned = format!("{}/a@{manifest}", server.address());
    let (code, _, said) = end(&folder, &["pull", &pinned]);
    assert!(code == 1, "{said}");
    assert!(!folder.path().join("a.wasm").exists());
}
