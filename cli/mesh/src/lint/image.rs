//! Images: L01 their layout, L02 which digest is which, L03 indexes, L24 signatures.

use super::facts::Subject;
use super::finding::Change;
use super::{Facts, Finding, Image, Level, Loaded, Refusal, Rule, Signature};
use crate::declared::Code;

pub(super) const L01: Rule = Rule {
    id: "L01",
    level: Level::Error,
    title: "an image has no layout that proxies load",
    explanation: "\
Istio's agent and Envoy Gateway know three layouts: Docker's schema 2 and OCI, each with a last layer
that is a gzipped archive with `plugin.wasm` in it, and OCI with exactly two layers of which one is the
bare module (`application/vnd.module.wasm.content.layer.v1+wasm`). All else is refused after the pull:
one raw layer as wasm-to-oci and older spin write it, `application/wasm` as wkg writes it, archives in
zstd. The agent then puts a filter in the plugin's place that denies every request (or lets all pass,
with FAIL_OPEN), and does not try again before the next push of configuration, in practice 30 minutes.

`cargo mesh-filter package` writes the one layout that all of them take, docker and kubelets too.",
    evidence: &["higress#4014", "higress#4528", "istio/istio#39990", "engineerd/wasm-to-oci#27"],
    check: layout,
};

pub(super) const L02: Rule = Rule {
    id: "L02",
    level: Level::Error,
    title: "a digest is not the one that proxies compare",
    explanation: "\
With an `oci://` URL, `sha256` and `@sha256:` are compared with the digest of the image's manifest. Istio's
agent and Envoy Gateway resolve an index first, to its linux/amd64 image, and compare that image's
manifest: the digest of an index never matches, though the pull itself succeeds. Neither does the digest
of a layer, of the configuration, or of the module. With `http(s)://` it is the module's own digest that counts.
After a mismatch (`checksum ... does not match`) Istio's agent puts a filter in place that denies every request.

Digests copied from `docker buildx --push`, `crane digest` or a registry's page are often those of an index.
`check --fix` writes the right one, where the wrong one belongs to the same image; `cargo mesh-filter inspect REF` shows all of them.",
    evidence: &["istio/istio#38989", "istio/istio#37565", "istio/istio#37566"],
    check: digest,
};

pub(super) const L03: Rule = Rule {
    id: "L03",
    level: Level::Error,
    title: "an index has no image for proxies, or attestations beside it",
    explanation: "\
Of an index, Istio's agent and Envoy Gateway take the first image for linux/amd64, on arm64 machines too: a
module runs everywhere, and there is no other name for its platform. An index without one is refused (`no
child with platform linux/amd64 in index`); images that were built on an arm64 machine are often such. Attestations
that buildx adds (platform unknown/unknown) turn one image into an index, whose digest then never matches (L02).

Build with `--provenance=false --platform linux/amd64`, or with `cargo mesh-filter package`, which writes no index.",
    evidence: &["solo-io/wasm#291", "deislabs/containerd-wasm-shims#212"],
    check: index,
};

pub(super) const L24: Rule = Rule {
    id: "L24",
    level: Level::Error,
    title: "an image is not signed by the key",
    explanation: "\
Neither Istio's agent nor Envoy Gateway verifies a signature of a module, in any version, and policies for
admission look at images of pods and not at URLs of plugins. What binds proxies to verified bytes is the
digest alone: verify, then pin it (L04). With `--key` this rule verifies each image's `.sig` tag, as cosign
writes it; without a key it is silent.

`cargo mesh-filter sign` signs; `cargo mesh-filter verify` shows which digest was signed.",
    evidence: &["istio/istio#32002", "envoyproxy/envoy#17220"],
    check: signature,
};

/// Where an image is named: at the resources, or else at itself.
fn users<'a>(facts: &'a Facts, reference: &str) -> Vec<Subject<'a>> {
    let names =
        |subject: &Subject<'_>| matches!(&subject.declared.code, Code::Image(name) if name == reference);
    facts.plugins().filter(names).collect()
}

/// A finding at each resource that names the image, or at the image if it was named itself.
fn everywhere(
    rule: &Rule,
    facts: &Facts,
    reference: &str,
    message: &str,
    out: &mut Vec<Finding>,
    help: &str,
) {
    let users = users(facts, reference);
    if users.is_empty() {
        out.push(rule.about(reference, message).help(help));
    }
    for user in users {
        out.push(rule.at(user.resource, &user.url_path(), format!("`{reference}`: {message}")).help(help));
    }
}

fn layout(facts: &Facts, out: &mut Vec<Finding>) {
    for (reference, image) in &facts.images {
        if let Some(Refusal::Layout(problem)) = &image.refused {
            let help = "publish it again with `cargo mesh-filter push`, or pack the module with `cargo mesh-filter package`";
            everywhere(&L01, facts, reference, problem, out, help);
        }
    }
}

fn digest(facts: &Facts, out: &mut Vec<Finding>) {
    for subject in facts.plugins() {
        let Code::Image(reference) = &subject.declared.code else { continue };
        let Some(image) = subject.image else { continue };
        let Some(loaded) = &image.loaded else { continue };
        let right = hex(&loaded.digest);
        if let Some(given) = subject.declared.sha256.as_deref().map(hex).filter(|given| *given != right) {
            out.push(wrong(&subject, &subject.sha256_path(), given, right.to_owned(), image, loaded));
        }
        if let Some((name, given)) = reference.split_once("@sha256:").filter(|(_, given)| *given != right) {
            let scheme =
                if subject.url().is_some_and(|url| url.starts_with("oci://")) { "oci://" } else { "" };
            let mended = format!("{scheme}{name}@sha256:{right}");
            out.push(wrong(&subject, &subject.url_path(), given, mended, image, loaded));
        }
    }
}

/// A digest that proxies do not find, and what takes its place if it is clear how it came there.
fn wrong(
    subject: &Subject<'_>,
    path: &str,
    given: &str,
    mended: String,
    image: &Image,
    loaded: &Loaded,
) -> Finding {
    let part = what_it_is(given, image, loaded);
    let message = format!(
        "expected the digest of the image's manifest, `{}`, and got {}, `{given}`",
        hex(&loaded.digest),
        part.unwrap_or("another one")
    );
    let finding = L02.at(subject.resource, path, message);
    match part {
        Some(_) => {
            finding.help("write the expected digest: `check --fix` does").fix(path, Change::Set(mended))
        }
        // Whoever moved the tag would like to have the digest mended.
        None => finding
            .help("the tag may have been moved: find out which image is meant before you change the digest"),
    }
}

fn hex(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}

fn what_it_is(given: &str, image: &Image, loaded: &Loaded) -> Option<&'static str> {
    let is = |digest: &str| hex(digest) == given;
    if image.index.as_ref().is_some_and(|index| is(&index.digest)) {
        Some("that of the index around it")
    } else if is(&loaded.module_digest) {
        Some("that of the module in it")
    } else if loaded.layers.iter().any(|layer| is(layer)) {
        Some("that of a layer")
    } else {
        is(&loaded.config).then_some("that of its configuration, which docker shows as the image's id")
    }
}

fn index(facts: &Facts, out: &mut Vec<Finding>) {
    const HELP: &str =
        "build with `--provenance=false --platform linux/amd64`, or with `cargo mesh-filter package`";
    for (reference, image) in &facts.images {
        if let Some(Refusal::Platform(problem)) = &image.refused {
            let platforms = image.index.as_ref().map(|index| index.platforms.join(", ")).unwrap_or_default();
            let message = format!("{problem}; it has {platforms}");
            everywhere(&L03, facts, reference, &message, out, HELP);
        } else if let Some(index) = image.index.as_ref().filter(|index| index.attestations > 0) {
            let message = format!(
                "the image is in an index together with {} attestation(s), so that its tag's digest `{}` is one that proxies never match",
                index.attestations, index.digest
            );
            let start = out.len();
            everywhere(&L03, facts, reference, &message, out, HELP);
            out.iter_mut().skip(start).for_each(|finding| finding.level = Level::Warning);
        }
    }
}

fn signature(facts: &Facts, out: &mut Vec<Finding>) {
    for (reference, image) in &facts.images {
        if let Signature::Invalid(problem) = &image.signature {
            let help = "sign it with `cargo mesh-filter sign`; no proxy verifies signatures, so pin the digest that was verified";
            everywhere(&L24, facts, reference, problem, out, help);
        }
    }
}
