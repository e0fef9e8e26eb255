//! What refers to an image: files that are attached to it, in registries that list them and in those that do not.

use std::process::Command;

use serde_json::Value;

use super::faults::answer;
use super::middleman::{Fault, Middleman};
use super::server::Server;
use super::{end, field, has, packed, run};
use crate::folder::{Folder, succeed};

const BOM: &str = "application/vnd.cyclonedx+json";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Attaches a file of these contents; gives the digest of what refers to the image.
fn attach(folder: &Folder, place: &str, text: &str, kind: &str) -> String {
    folder.write("file.txt", text);
    let words = ["push", place, "--attach", "file.txt", "--artifact-type", kind, "--format", "json"];
    field(&run(folder, &[&words[..], &["--annotation", "org.example.by=ann"]].concat()), "/digest")
}

/// Digests of what refers to an image.
fn referrers(folder: &Folder, place: &str) -> Vec<String> {
    let listed = json(&run(folder, &["list", place, "--referrers", "--format", "json"]));
    let all = listed["referrers"].as_array().unwrap();
    all.iter().map(|one| one["digest"].as_str().unwrap().to_owned()).collect()
}

/// The packed image: its digest, its manifest.
fn image(folder: &Folder) -> (String, String) {
    let digest = field(&run(folder, &["inspect", "oci:plugin.oci", "--format", "json"]), "/image/manifest");
    let hex = digest.strip_prefix("sha256:").unwrap();
    let manifest = folder.read(&format!("plugin.oci/blobs/sha256/{hex}"));
    (digest, String::from_utf8(manifest).unwrap())
}

#[test]
fn attached_files_go_where_the_image_goes() {
    if !has(&["docker-registry", "skopeo"]) {
        return;
    }
    let folder = packed("image-attached");
    let server = Server::start(&folder, "", "");
    let place = format!("{}/a:1", server.address());
    run(&folder, &["push", "--image", "plugin.oci", &place]);
    let (digest, _) = image(&folder);
    assert_eq!(run(&folder, &["list", &place, "--referrers"]), "");

    let bom = attach(&folder, &place, "{}\n", BOM);
    let note = attach(&folder, &place, "a note\n", "text/plain");
    // Once more is the same, and of the first nothing is lost.
    assert_eq!(attach(&folder, &place, "{}\n", BOM), bom);
    // What is about a file is carried by it.
    let about_note = attach(&folder, &format!("{}/a@{note}", server.address()), "a reply\n", "text/plain");
    let expected = vec![bom.clone(), note.clone()];
    assert_eq!(referrers(&folder, &place), expected);
    let shown = run(&folder, &["list", &place, "--referrers", "--artifact-type", "text/plain"]);
    assert!(shown.contains(&note) && shown.ends_with(" text/plain\n") && !shown.contains(&bom), "{shown}");
    let shown = run(&folder, &["inspect", &place]);
    assert!(shown.contains(&digest) && shown.contains(&format!("referrer     {bom}")), "{shown}");

    // As another reads it: this registry lists nothing itself, so the tag does, with what the manifests say of themselves.
    let skopeo = |what: &str| {
        let from = format!("docker://{}/a{what}", server.address());
        let words = ["inspect", "--raw", "--tls-verify=false", &from];
        json(&String::from_utf8(succeed(Command::new("skopeo").args(words)).stdout).unwrap())
    };
    let list = skopeo(&format!(":{}", digest.replace(':', "-")));
    assert_eq!(list["mediaType"], "application/vnd.oci.image.index.v1+json");
    let entry = &list["manifests"][0];
    assert_eq!(entry["digest"], bom.as_str());
    assert_eq!(entry["artifactType"], BOM);
    assert_eq!(entry["annotations"]["org.example.by"], "ann");
    let manifest = skopeo(&format!("@{bom}"));
    assert_eq!(manifest["subject"]["digest"], digest.as_str());
    assert_eq!(manifest["artifactType"], BOM);

    // To a folder, and from there to another repository.
    let copied = run(&folder, &["copy", &place, "oci:mirror", "--format", "json"]);
    assert_eq!(json(&copied)["referrers"], 3, "{copied}");
    let other = format!("{}/other:1", server.address());
    run(&folder, &["copy", "oci:mirror", &other]);
    for place in ["oci:mirror", &other] {
        assert_eq!(referrers(&folder, place), expected, "{place}");
        assert_eq!(
            field(&run(&folder, &["inspect", place, "--format", "json"]), "/image/manifest"),
            digest,
            "{place}"
        );
        let out = "back.json";
        run(&folder, &["pull", place, "--artifact-type", BOM, "--out", out]);
        assert_eq!(folder.read(out), b"{}\n", "{place}");
    }
    assert_eq!(referrers(&folder, &format!("{}/other@{note}", server.address())), [about_note]);
    let again = json(&run(&folder, &["copy", "oci:mirror", &other, "--format", "json"]));
    assert_eq!((&again["sent_blobs"], &again["referrers"]), (&0.into(), &3.into()), "{again}");
}

#[test]
fn one_of_several_files_is_named_by_its_digest() {
    let folder = packed("image-several");
    let first = attach(&folder, "oci:plugin.oci", "one", "text/plain");
    let second = attach(&folder, "oci:plugin.oci", "two", "text/plain");
    let pull = |place: &str, kind: &str| end(&folder, &["pull", place, "--artifact-type", kind]);
    let (code, _, said) = pull("oci:plugin.oci", "text/plain");
    assert!(code == 1 && said.contains(&first) && said.contains(&second), "{said}");
    let (code, _, said) = pull("oci:plugin.oci", BOM);
    assert!(code == 1 && said.contains("there are: text/plain"), "{said}");
    let (code, out, said) = pull(&format!("oci:plugin.oci@{second}"), "text/plain");
    assert!(code == 0 && out.starts_with("file.txt\n"), "{out}{said}");
    assert_eq!(folder.read("file.txt"), b"two");
}

#[test]
fn a_file_is_written_here_whatever_its_name_says() {
    let folder = packed("image-title");
    let digest = attach(&folder, "oci:plugin.oci", "mine", "text/plain");
    let hex = |digest: &str| digest.strip_prefix("sha256:").unwrap().to_owned();
    let file = format!("plugin.oci/blobs/sha256/{}", hex(&digest));
    let text = String::from_utf8(folder.read(&file)).unwrap();
    let text = text.replace("\"file.txt\"", "\"../../outside.txt\"");
    let other = sha256(&text);
    folder.write(&format!("plugin.oci/blobs/sha256/{}", hex(&other)), text);
    run(&folder, &["pull", &format!("oci:plugin.oci@{other}"), "--artifact-type", "text/plain"]);
    assert_eq!(folder.read("outside.txt"), b"mine");
}

fn sha256(text: &str) -> String {
    use sha2::Digest;
    let hex: String = sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

#[test]
fn what_others_have_listed_stays_as_they_wrote_it() {
    let folder = packed("image-listed");
    let (digest, _) = image(&folder);
    attach(&folder, "oci:plugin.oci", "one", "text/plain");
    // Another's entry, with fields that are not known here.
    let tag = digest.replace(':', "-");
    let index = String::from_utf8(folder.read("plugin.oci/index.json")).unwrap();
    let entries = json(&index);
    let name = "org.opencontainers.image.ref.name";
    let entries = entries["manifests"].as_array().unwrap();
    let list = entries.iter().find(|one| one["annotations"][name] == tag.as_str()).unwrap();
    let list = list["digest"].as_str().unwrap();
    let file = |digest: &str| format!("plugin.oci/blobs/sha256/{}", digest.strip_prefix("sha256:").unwrap());
    let mut text = json(&String::from_utf8(folder.read(&file(list))).unwrap());
    let mut foreign = text["manifests"][0].clone();
    foreign["digest"] = sha256("another").into();
    foreign["urls"] = serde_json::json!(["https://example.com/another"]);
    text["manifests"].as_array_mut().unwrap().push(foreign.clone());
    text["annotations"] = serde_json::json!({"kept": "yes"});
    let text = text.to_string();
    folder.write(&file(&sha256(&text)), &text);
    folder.write("plugin.oci/index.json", index.replace(list, &sha256(&text)));

    attach(&folder, "oci:plugin.oci", "two", "text/plain");
    let entries = json(&String::from_utf8(folder.read("plugin.oci/index.json")).unwrap());
    let entries = entries["manifests"].as_array().unwrap();
    let list = entries.iter().find(|one| one["annotations"][name] == tag.as_str()).unwrap();
    let list = json(&String::from_utf8(folder.read(&file(list["digest"].as_str().unwrap()))).unwrap());
    assert_eq!(list["manifests"].as_array().unwrap().len(), 3, "{list}");
    assert_eq!(list["manifests"][1], foreign);
    assert_eq!(list["annotations"]["kept"], "yes");

    // What is listed and is not there is told, and the rest is copied.
    let copied = json(&run(&folder, &["copy", "oci:plugin.oci", "oci:mirror:1", "--format", "json"]));
    assert_eq!(copied["referrers"], 2, "{copied}");
    assert_eq!(copied["stale_referrers"], serde_json::json!([sha256("another")]));
}

#[test]
fn what_a_folder_lists_without_the_tag_is_found() {
    let folder = packed("image-untagged");
    let referrer = attach(&folder, "oci:plugin.oci", "one", "text/plain");
    // As some tools leave it: no tag for what refers, an entry without a name instead.
    let index = json(&String::from_utf8(folder.read("plugin.oci/index.json")).unwrap());
    let mut entries = index["manifests"].as_array().unwrap().clone();
    let size = folder.read(&format!("plugin.oci/blobs/sha256/{}", &referrer[7..])).len();
    entries[1] = serde_json::json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": referrer, "size": size,
    });
    let index = serde_json::json!({"schemaVersion": 2, "manifests": entries});
    folder.write("plugin.oci/index.json", index.to_string());
    assert_eq!(referrers(&folder, "oci:plugin.oci"), [referrer]);
}

#[test]
fn a_registry_that_lists_referrers_is_asked_for_all_pages() {
    let folder = packed("image-api");
    let digest = sha256("subject");
    let page = |number: usize, link: &str| {
        let entry = serde_json::json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": sha256(&number.to_string()), "size": 1,
            "artifactType": "text/plain",
        });
        let body = serde_json::json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
        Fault::Answer(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.oci.image.index.v1+json\r\n{link}content-length: {}\r\nconnection: \
             close\r\n\r\n{body}",
            body.len()
        ))
    };
    let next = format!("link: </v2/a/referrers/{digest}?last=1>; rel=\"next\"\r\n");
    let middleman =
        Middleman::start("", vec![page(1, &next), page(2, "")], Some(answer("403 Forbidden", "")));
    let place = format!("{}/a@{digest}", middleman.address());
    assert_eq!(referrers(&folder, &place), [sha256("1"), sha256("2")]);

    // Pages for people are no lists: then the tag is.
    let page =
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx";
    let faults = vec![Fault::Answer(page.to_owned()), answer("404 Not Found", "")];
    let middleman = Middleman::start("", faults, Some(answer("403 Forbidden", "")));
    assert!(referrers(&folder, &format!("{}/a@{digest}", middleman.address())).is_empty());
    // And one that refuses has not said that there is nothing.
    let middleman = Middleman::start("", Vec::new(), Some(answer("403 Forbidden", "")));
    let place = format!("{}/a@{digest}", middleman.address());
    let (code, _, said) = end(&folder, &["list", &place, "--referrers"]);
    assert!(code == 1 && said.contains("403"), "{said}");
}

#[test]
fn the_tag_is_written_where_the_registry_lists_nothing_itself() {
    let folder = packed("image-subject");
    let (digest, manifest) = image(&folder);
    folder.write("file.txt", "one");
    let attach = |put: &str| {
        let subject = Fault::Answer(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.oci.image.manifest.v1+json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{manifest}",
            manifest.len()
        ));
        let there = || answer("200 OK", "");
        let faults = vec![subject, there(), there(), answer("201 Created", put)];
        let middleman = Middleman::start("", faults, Some(answer("403 Forbidden", "")));
        let place = format!("{}/a@{digest}", middleman.address());
        end(&folder, &["push", &place, "--attach", "file.txt", "--artifact-type", "text/plain"])
    };
    let (code, _, said) = attach(&format!("oci-subject: {digest}\r\n"));
    assert_eq!(code, 0, "{said}");
    let (code, _, said) = attach("");
    assert!(code == 1 && said.contains(&digest.replace(':', "-")), "{said}");
}
