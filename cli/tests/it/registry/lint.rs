//! `check` of images in a registry: what rules find there, and what `--fix` writes.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::server::Server;
use super::{end, field, has, packed, run};
use crate::folder::Folder;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}

/// The manifest of `plugin.oci`, and its entry.
fn manifest(folder: &Folder) -> (Value, Value) {
    let index: Value = serde_json::from_slice(&folder.read("plugin.oci/index.json")).unwrap();
    let entry = index["manifests"][0].clone();
    let hex = entry["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    (serde_json::from_slice(&folder.read(&format!("plugin.oci/blobs/sha256/{hex}"))).unwrap(), entry)
}

/// Puts an image or index beside the one in `plugin.oci`, and pushes it.
fn push(folder: &Folder, kind: &str, top: &Value, place: &str) -> String {
    let bytes = top.to_string().into_bytes();
    let digest = digest(&bytes);
    folder.write(&format!("plugin.oci/blobs/sha256/{}", digest.strip_prefix("sha256:").unwrap()), &bytes);
    let mut index: Value = serde_json::from_slice(&folder.read("plugin.oci/index.json")).unwrap();
    let entry = json!({
        "mediaType": kind, "digest": digest, "size": bytes.len(),
        "annotations": {"org.opencontainers.image.ref.name": "other"},
    });
    index["manifests"]
        .as_array_mut()
        .unwrap()
        .retain(|one| one["annotations"]["org.opencontainers.image.ref.name"] != "other");
    index["manifests"].as_array_mut().unwrap().push(entry);
    folder.write("plugin.oci/index.json", index.to_string());
    run(folder, &["copy", "oci:plugin.oci:other", place]);
    digest
}

/// An index with the image for these platforms.
fn index(folder: &Folder, platforms: &[(&str, &str)]) -> Value {
    let (_, entry) = manifest(folder);
    let entries = platforms.iter().map(|(os, architecture)| {
        json!({"mediaType": MANIFEST, "digest": entry["digest"], "size": entry["size"],
               "platform": {"os": os, "architecture": architecture}})
    });
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries.collect::<Vec<_>>()})
}

/// The rules and levels of what is found, in order.
fn rules(folder: &Folder, words: &[&str]) -> (i32, Vec<(String, String)>) {
    let (code, out, said) = end(folder, &[&["check", "--format", "json"], words].concat());
    let json: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{said}"));
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let found = json["findings"].as_array().unwrap().iter();
    (code, found.map(|finding| (text(finding, "rule"), text(finding, "level"))).collect())
}

fn has_rule(found: &[(String, String)], rule: &str, level: &str) -> bool {
    found.contains(&(rule.to_owned(), level.to_owned()))
}

#[test]
fn layouts_and_indexes_are_judged_as_proxies_do() {
    if !has(&["docker-registry"]) {
        return;
    }
    let folder = packed("lint-layouts");
    let server = Server::start(&folder, "", "");
    let place = |name: &str| format!("{}/{name}:1", server.address());
    run(&folder, &["push", "--image", "plugin.oci", &place("good")]);
    let (code, found) = rules(&folder, &[&place("good")]);
    assert!(
        code == 0 && !found.iter().any(|(rule, _)| ["L01", "L02", "L03", "L24"].contains(&rule.as_str())),
        "{found:?}"
    );

    let (mut raw, _) = manifest(&folder);
    raw["layers"][0]["mediaType"] = json!("application/wasm");
    push(&folder, MANIFEST, &raw, &place("raw"));
    let (code, found) = rules(&folder, &[&place("raw")]);
    assert!(code == 1 && has_rule(&found, "L01", "error"), "{found:?}");

    push(&folder, INDEX, &index(&folder, &[("linux", "arm64")]), &place("arm"));
    let (code, found) = rules(&folder, &[&place("arm")]);
    assert!(code == 1 && has_rule(&found, "L03", "error"), "{found:?}");

    push(&folder, INDEX, &index(&folder, &[("linux", "amd64"), ("unknown", "unknown")]), &place("attested"));
    let (code, found) = rules(&folder, &[&place("attested")]);
    assert!(code == 0 && has_rule(&found, "L03", "warning"), "{found:?}");
    assert_eq!(rules(&folder, &[&place("attested"), "--deny", "warnings"]).0, 1);

    let (code, found) = rules(&folder, &[&place("absent")]);
    assert_eq!((code, found), (1, vec![("fetch".to_owned(), "error".to_owned())]));
}

#[test]
fn digests_of_other_things_are_told_and_mended() {
    if !has(&["docker-registry"]) {
        return;
    }
    let folder = packed("lint-digests");
    let server = Server::start(&folder, "", "");
    let place = format!("{}/good:1", server.address());
    let pushed = run(&folder, &["push", "--image", "plugin.oci", &place, "--format", "json"]);
    let right = field(&pushed, "/images/0/digest");
    let indexed = format!("{}/indexed:1", server.address());
    let of_index = push(&folder, INDEX, &index(&folder, &[("linux", "amd64")]), &indexed);
    let (manifest, _) = manifest(&folder);
    let text = |digest: &Value| digest["digest"].as_str().unwrap().to_owned();
    let others = [
        (&place, text(&manifest["layers"][0])),
        (&place, text(&manifest["config"])),
        (&place, digest(&folder.read("plugin.wasm"))),
        (&indexed, of_index),
    ];
    let head = "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: one}\nspec:\n  selector: {matchLabels: {a: b}}\n";
    for (place, wrong) in others {
        let hex = |digest: &str| digest.strip_prefix("sha256:").unwrap().to_owned();
        let pinned = |digest: &str| format!("{head}  url: oci://{place}@{digest} # pinned\n");
        let apart = |digest: &str| {
            format!("{head}  url: oci://{place} # apart\n  sha256: '{}' # compared\n", hex(digest))
        };
        for (before, after) in [(pinned(&wrong), pinned(&right)), (apart(&wrong), apart(&right))] {
            folder.write("plugin.yaml", &before);
            let (code, found) = rules(&folder, &["plugin.yaml"]);
            assert!(code == 1 && has_rule(&found, "L02", "error"), "{before}{found:?}");
            let (code, found) = rules(&folder, &["plugin.yaml", "--fix"]);
            assert!(code == 0 && !has_rule(&found, "L02", "error"), "{before}{found:?}");
            assert_eq!(String::from_utf8(folder.read("plugin.yaml")).unwrap(), after);
        }
    }
    // A tag alone is pinned, and the comment stays.
    folder.write("plugin.yaml", format!("{head}  url: oci://{place} # the image\n"));
    assert!(has_rule(&rules(&folder, &["plugin.yaml"]).1, "L04", "warning"));
    assert!(!has_rule(&rules(&folder, &["plugin.yaml", "--fix"]).1, "L04", "warning"));
    let pinned = String::from_utf8(folder.read("plugin.yaml")).unwrap();
    assert_eq!(pinned, format!("{head}  url: oci://{place}@{right} # the image\n"));
}

#[test]
fn an_image_has_to_be_signed_by_the_key_that_is_named() {
    if !has(&["docker-registry", "openssl"]) {
        return;
    }
    let folder = packed("lint-signed");
    super::signatures::make_key(&folder, "ann");
    let server = Server::start(&folder, "", "");
    let place = format!("{}/good:1", server.address());
    run(&folder, &["push", "--image", "plugin.oci", &place]);
    let (code, found) = rules(&folder, &[&place, "--key", "ann.pub"]);
    assert!(code == 1 && has_rule(&found, "L24", "error"), "{found:?}");
    run(&folder, &["sign", &place, "--key", "ann.key"]);
    let (code, found) = rules(&folder, &[&place, "--key", "ann.pub"]);
    assert!(code == 0 && !has_rule(&found, "L24", "error"), "{found:?}");
}
