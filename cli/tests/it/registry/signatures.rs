//! Signatures: what is signed, by whom, and that openssl agrees.

use std::process::Command;

use super::server::Server;
use super::{end, field, has, packed, run};
use crate::folder::{Folder, succeed};

/// Writes `NAME.key` and `NAME.pub`.
pub(super) fn make_key(folder: &Folder, name: &str) {
    let openssl = |words: &str| {
        succeed(Command::new("openssl").args(words.split_whitespace()).current_dir(folder.path()));
    };
    openssl(&format!("ecparam -genkey -name prime256v1 -noout -out {name}.key"));
    openssl(&format!("pkey -in {name}.key -pubout -out {name}.pub"));
}

/// The signatures of an image in a folder: its manifest's file, and that of the first payload.
fn signatures(folder: &Folder, digest: &str) -> (String, serde_json::Value) {
    let index: serde_json::Value = serde_json::from_slice(&folder.read("plugin.oci/index.json")).unwrap();
    let tag = format!("sha256-{}.sig", digest.strip_prefix("sha256:").unwrap());
    let entries = index["manifests"].as_array().unwrap();
    let name = "org.opencontainers.image.ref.name";
    let entry = entries.iter().find(|entry| entry["annotations"][name] == tag.as_str()).unwrap();
    let file = blob(entry["digest"].as_str().unwrap());
    let manifest = serde_json::from_slice(&folder.read(&file)).unwrap();
    (file, manifest)
}

fn blob(digest: &str) -> String {
    format!("plugin.oci/blobs/sha256/{}", digest.strip_prefix("sha256:").unwrap())
}

#[test]
fn signatures_are_added_and_each_key_verifies_its_own() {
    if !has(&["docker-registry", "openssl"]) {
        return;
    }
    let folder = packed("image-signed");
    ["ann", "bob", "eve"].iter().for_each(|name| make_key(&folder, name));
    let server = Server::start(&folder, "", "");
    let place = format!("{}/a:1", server.address());
    run(&folder, &["push", "--image", "plugin.oci", &place]);

    let (code, _, said) = end(&folder, &["verify", &place, "--key", "ann.pub"]);
    assert!(code == 1 && said.contains("there is no signature"), "{said}");
    for name in ["ann", "bob"] {
        assert!(run(&folder, &["sign", &place, "--key", &format!("{name}.key")]).contains("  signed\n"));
    }
    assert!(run(&folder, &["sign", &place, "--key", "ann.key"]).contains("before"));
    for name in ["ann", "bob"] {
        let verified = run(&folder, &["verify", &place, "--key", &format!("{name}.pub"), "--format", "json"]);
        assert_eq!(field(&verified, "/signed"), field(&verified, "/manifest"));
    }
    let (code, _, said) = end(&folder, &["verify", &place, "--key", "eve.pub"]);
    assert!(code == 1 && said.contains("of 2 signatures"), "{said}");
    // Another image has other signatures.
    run(&folder, &["package", "plugin.wasm", "--annotation", "a=b"]);
    run(&folder, &["push", "--image", "plugin.oci", &place]);
    assert_eq!(end(&folder, &["verify", &place, "--key", "ann.pub"]).0, 1);
}

#[test]
fn a_copy_keeps_the_signatures_of_both_sides() {
    if !has(&["openssl"]) {
        return;
    }
    let folder = packed("image-signed-copy");
    ["ann", "bob"].iter().for_each(|name| make_key(&folder, name));
    run(&folder, &["copy", "oci:plugin.oci", "oci:mirror"]);
    run(&folder, &["sign", "oci:plugin.oci", "--key", "ann.key"]);
    run(&folder, &["sign", "oci:mirror", "--key", "bob.key"]);
    run(&folder, &["copy", "oci:plugin.oci", "oci:mirror"]);
    for name in ["ann", "bob"] {
        run(&folder, &["verify", "oci:mirror", "--key", &format!("{name}.pub")]);
    }
    let index = folder.read("mirror/index.json");
    run(&folder, &["copy", "oci:plugin.oci", "oci:mirror"]);
    assert_eq!(folder.read("mirror/index.json"), index);
}

#[test]
fn openssl_verifies_the_signature() {
    if !has(&["openssl"]) {
        return;
    }
    let folder = packed("image-openssl");
    make_key(&folder, "ann");
    run(&folder, &["sign", "oci:plugin.oci", "--key", "ann.key"]);
    let verified = run(&folder, &["verify", "oci:plugin.oci", "--key", "ann.pub", "--format", "json"]);
    let digest = field(&verified, "/signed");
    let (_, manifest) = signatures(&folder, &digest);
    let layer = &manifest["layers"][0];
    folder.write(
        "signature.base64",
        layer["annotations"]["dev.cosignproject.cosign/signature"].as_str().unwrap(),
    );
    let payload = blob(layer["digest"].as_str().unwrap());
    assert!(String::from_utf8(folder.read(&payload)).unwrap().contains(&digest));
    let openssl = |words: &[&str]| succeed(Command::new("openssl").args(words).current_dir(folder.path()));
    openssl(&["base64", "-d", "-A", "-in", "signature.base64", "-out", "signature"]);
    let said = openssl(&["dgst", "-sha256", "-verify", "ann.pub", "-signature", "signature", &payload]);
    assert_eq!(said.stdout, b"Verified OK\n");

    // The other way round: what openssl has signed.
    openssl(&["dgst", "-sha256", "-sign", "ann.key", "-out", "theirs", &payload]);
    let theirs = openssl(&["base64", "-A", "-in", "theirs"]).stdout;
    let (file, manifest) = signatures(&folder, &digest);
    let ours = manifest["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"]
        .as_str()
        .unwrap()
        .to_owned();
    let text =
        String::from_utf8(folder.read(&file)).unwrap().replace(&ours, std::str::from_utf8(&theirs).unwrap());
    replace(&folder, &file, text.as_bytes());
    run(&folder, &["verify", "oci:plugin.oci", "--key", "ann.pub"]);
}

/// Writes other bytes in place of a manifest, under their own digest, and lets the index name them.
fn replace(folder: &Folder, file: &str, bytes: &[u8]) {
    folder.write("changed", bytes);
    let said = succeed(
        Command::new("openssl").args(["dgst", "-sha256", "-r", "changed"]).current_dir(folder.path()),
    );
    let hex = String::from_utf8(said.stdout).unwrap()[..64].to_owned();
    folder.write(&format!("plugin.oci/blobs/sha256/{hex}"), bytes);
    let index = String::from_utf8(folder.read("plugin.oci/index.json")).unwrap();
    let old = file.rsplit('/').next().unwrap();
    folder.write("plugin.oci/index.json", index.replace(old, &hex));
}

#[test]
fn a_changed_byte_of_payload_signature_image_or_key_is_refused() {
    if !has(&["openssl"]) {
        return;
    }
    let folder = packed("image-changed");
    make_key(&folder, "ann");
    run(&folder, &["sign", "oci:plugin.oci", "--key", "ann.key"]);
    let verify = ["verify", "oci:plugin.oci", "--key", "ann.pub", "--format", "json"];
    let digest = field(&run(&folder, &verify), "/signed");
    let (file, manifest) = signatures(&folder, &digest);
    let layer = &manifest["layers"][0];
    let payload = blob(layer["digest"].as_str().unwrap());
    let index = folder.read("plugin.oci/index.json");
    let refused = |what: &str| {
        let (code, out, said) = end(&folder, &verify);
        assert!(code != 0 && said.starts_with("error: "), "{what}\n{out}{said}");
    };

    for (name, file) in [("payload", &payload), ("image", &blob(&digest)), ("manifest of signatures", &file)]
    {
        let whole = folder.read(file);
        for place in [0, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let mut broken = whole.clone();
            broken[place] ^= 1;
            folder.write(file, broken);
            refused(name);
        }
        folder.write(file, &whole);
    }
    // The payload says another digest, and the manifest names it as it is now.
    let other = format!("sha256:{}", "0".repeat(64));
    let text = String::from_utf8(folder.read(&payload)).unwrap().replace(&digest, &other);
    folder.write("changed", &text);
    let said = succeed(
        Command::new("openssl").args(["dgst", "-sha256", "-r", "changed"]).current_dir(folder.path()),
    );
    let hex = String::from_utf8(said.stdout).unwrap()[..64].to_owned();
    folder.write(&format!("plugin.oci/blobs/sha256/{hex}"), &text);
    let manifest_text = String::from_utf8(folder.read(&file)).unwrap();
    replace(&folder, &file, manifest_text.replace(payload.rsplit('/').next().unwrap(), &hex).as_bytes());
    refused("another payload");
    folder.write("plugin.oci/index.json", &index);
    // Each byte of the signature.
    let signature = layer["annotations"]["dev.cosignproject.cosign/signature"].as_str().unwrap();
    for place in (0..signature.len()).step_by(7) {
        let mut broken = signature.as_bytes().to_vec();
        broken[place] = if broken[place] == b'A' { b'B' } else { b'A' };
        let broken = String::from_utf8(broken).unwrap();
        replace(&folder, &file, manifest_text.replace(signature, &broken).as_bytes());
        refused("signature");
        folder.write("plugin.oci/index.json", &index);
    }
    run(&folder, &verify);
    // The key.
    let key = String::from_utf8(folder.read("ann.pub")).unwrap();
    folder.write("ann.pub", key.replacen("AQcDQgAE", "AQcDQgAF", 1));
    refused("key");
}
