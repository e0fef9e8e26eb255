//! Images and digests.

use super::super::facts::{MANIFEST, MODULE, image};
use super::*;
use crate::lint::{Image, Index, Refusal, Signature, Transport};

const REFERENCE: &str = "example.com/f:1";

fn named(facts: &mut Facts, change: impl Fn(&mut Image)) {
    facts.images.values_mut().for_each(change);
}

fn refused(facts: &mut Facts, refusal: &Refusal) {
    named(facts, |image| (image.refused, image.loaded) = (Some(refusal.clone()), None));
}

fn index(digest: &str, platforms: &[&str], attestations: usize) -> Index {
    let platforms = platforms.iter().map(|text| (*text).to_owned()).collect();
    Index { digest: format!("sha256:{digest}"), platforms, attestations }
}

pub(super) fn cases() -> Vec<Case> {
    let tagged = || plugin("url: oci://example.com/f:1");
    let sha256 = |digest: &str| plugin(&format!("url: oci://example.com/f:1\nsha256: '{digest}'"));
    let pinned = |digest: &str| plugin(&format!("url: oci://example.com/f:1@sha256:{digest}"));
    let known: fn(&mut Facts) = |facts| {
        for digest in [MANIFEST, MODULE] {
            facts.images.insert(format!("{REFERENCE}@sha256:{digest}"), image());
        }
    };
    vec![
        with(found("L01", tagged()), |facts| refused(facts, &Refusal::Layout("no layout".to_owned()))),
        with(found("L01", String::new()), |facts| refused(facts, &Refusal::Layout("no layout".to_owned()))),
        silent("L01", tagged()),
        found("L02", sha256(MODULE)),
        found("L02", sha256(&"4".repeat(64))),
        with(found("L02", pinned(MODULE)), known),
        silent("L02", sha256(MANIFEST)),
        with(silent("L02", pinned(MANIFEST)), known),
        with(found("L03", tagged()), |facts| {
            refused(facts, &Refusal::Platform("no image for linux/amd64".to_owned()));
            named(facts, |image| image.index = Some(index(MODULE, &["linux/arm64"], 0)));
        }),
        with(found("L03", tagged()), |facts| {
            named(facts, |image| image.index = Some(index(MODULE, &["linux/amd64", "unknown/unknown"], 1)));
        }),
        with(silent("L03", tagged()), |facts| {
            named(facts, |image| image.index = Some(index(MODULE, &["linux/amd64"], 0)));
        }),
        found("L04", tagged()),
        found("L04", plugin("url: oci://example.com/f")),
        found("L04", plugin("url: oci://example.com:5000/f")),
        silent("L04", pinned(MANIFEST)),
        silent("L04", sha256(MANIFEST)),
        silent("L04", plugin("url: https://example.com/f.wasm")),
        found("L05", plugin("url: localhost:5000/f:1")),
        found("L05", plugin("url: registry.example.com:5000/f:1")),
        silent("L05", plugin("url: example.com/f:1")),
        silent("L05", plugin("url: oci://example.com:5000/f:1")),
        found("L19", plugin("url: oci://localhost:5000/f:1")),
        found("L19", plugin("url: oci://10.1.2.3:5000/f:1")),
        with(found("L19", tagged()), |facts| named(facts, |image| image.transport = Transport::Plain)),
        with(found("L19", tagged()), |facts| named(facts, |image| image.transport = Transport::OwnAuthority)),
        with(silent("L19", tagged()), |facts| {
            named(facts, |image| image.transport = Transport::OwnAuthority);
            facts.insecure_registries = vec!["example.com".to_owned()];
        }),
        silent("L19", tagged()),
        with(found("L24", tagged()), |facts| {
            named(facts, |image| image.signature = Signature::Invalid("there is no signature".to_owned()));
        }),
        with(silent("L24", tagged()), |facts| named(facts, |image| image.signature = Signature::Valid)),
        silent("L24", tagged()),
    ]
}
