//! Images are verified and pinned on the way to the cluster.

use super::{Cluster, has_kubectl};
use crate::module::counting;
use crate::registry::server::Server;
use crate::registry::{field, has, run};

#[test]
fn a_tag_becomes_the_digest_of_the_image_that_was_verified() {
    if !has_kubectl() || !has(&["docker-registry", "openssl"]) {
        return;
    }
    let cluster = Cluster::start("pinned");
    let folder = &cluster.folder;
    let registry = Server::start(folder, "", "");
    folder.write("plugin.wasm", counting(1));
    run(folder, &["package", "plugin.wasm"]);
    let image = format!("{}/team/jwt:1", registry.address());
    run(folder, &["push", "--image", "plugin.oci", &image]);
    for name in ["ours", "theirs"] {
        let mut openssl = std::process::Command::new("openssl");
        openssl.current_dir(folder.path()).args([
            "ecparam",
            "-genkey",
            "-name",
            "prime256v1",
            "-noout",
            "-out",
        ]);
        crate::folder::succeed(openssl.arg(format!("{name}.ec")));
        for (words, to) in
            [(&["pkcs8", "-topk8", "-nocrypt", "-in"][..], "key"), (&["ec", "-pubout", "-in"], "pub")]
        {
            let mut openssl = std::process::Command::new("openssl");
            openssl.current_dir(folder.path()).args(words).arg(format!("{name}.ec"));
            crate::folder::succeed(openssl.arg("-out").arg(format!("{name}.{to}")));
        }
    }
    run(folder, &["sign", &image, "--key", "ours.key"]);
    folder.write("plugin.yaml", super::plugin(1).replace("file:///plugin.wasm", &format!("oci://{image}")));

    let (code, text) = cluster.end(&["deploy", "plugin.yaml", "--key", "theirs.pub"]);
    assert!(code == 1 && text.contains("is not signed by the key"), "{text}");
    assert_eq!(cluster.api.count("PATCH"), 0);
    let (_, text) = cluster.end(&["deploy", "plugin.yaml", "--dry-run", "server"]);
    assert!(text.contains("no signature is verified"), "{text}");

    let report = cluster.run(&["deploy", "plugin.yaml", "--key", "ours.pub", "--format", "json"]);
    let digits = field(&report, "/0/digests/0");
    assert_eq!(cluster.spec()["sha256"], digits);
    assert_eq!(cluster.spec()["url"], format!("oci://{}/team/jwt@sha256:{digits}", registry.address()));
    let verified = run(folder, &["verify", &image, "--key", "ours.pub", "--format", "json"]);
    assert_eq!(field(&verified, "/manifest"), format!("sha256:{digits}"));
}
