//! How a resource names its image: L04 by a digest, L05 with its scheme.

use super::{Change, Facts, Finding, Level, Rule};
use crate::Kind;
use crate::declared::{Code, PullPolicy};

pub(super) const L04: Rule = Rule {
    id: "L04",
    level: Level::Warning,
    title: "an image is named by a tag and not by its digest",
    explanation: "\
Istio's agent keeps images by their URL. With `IfNotPresent`, and with no policy, it pulls a tag once and then
reuses what it has: proxies that started at different times run different modules under one tag. `Always`, and
the tag `:latest` without a policy, pull again only when the resource itself changes. A URL without a tag is
pulled as `latest`, and yet treated as IfNotPresent; Envoy Gateway adds `:latest` first, and so pulls it always.
With `@sha256:` or `sha256` the agent compares the digest and never pulls again.

`check --fix` adds the digest to the URL, after asking the registry for it; the tag stays for people.",
    evidence: &["istio/istio#37463", "corazawaf/coraza-kubernetes-operator#463"],
    check: pinned,
};

pub(super) const L05: Rule = Rule {
    id: "L05",
    level: Level::Error,
    title: "an image with a port in its URL has no `oci://`",
    explanation: "\
Istio's API server parses `url` as a URL, by a CEL rule of the resource's definition: in `localhost:5000/filter`
the part before the colon is its scheme, and schemes other than oci, http, https and file are refused. Only
without a port may `oci://` be left out. In an EnvoyFilter nothing stops it before the agent, which refuses
a scheme that it does not know, and puts a filter in place that denies every request.

`check --fix` writes `oci://` before it.",
    evidence: &["extensions.istio.io/v1alpha1 WasmPlugin: CEL rule of spec.url"],
    check: scheme,
};

fn pinned(facts: &Facts, out: &mut Vec<Finding>) {
    for subject in facts.plugins() {
        let Code::Image(reference) = &subject.declared.code else { continue };
        if reference.contains('@') || subject.declared.sha256.is_some() {
            continue;
        }
        let tag = reference.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'));
        let path = subject.url_path();
        let gateway = subject.resource.kind == Kind::EnvoyExtensionPolicy;
        let then = match (tag, subject.declared.pull, gateway) {
            (None, PullPolicy::Unspecified, false) => {
                "has neither tag nor digest: Istio pulls `latest` once, and never again (not `Always`)"
            }
            (None | Some("latest"), ..) => "may be another image at every pull: `latest` moves by design",
            (Some(_), PullPolicy::Always, _) => {
                "is a tag, which may be moved: proxies take up the other image when the resource changes"
            }
            (Some(_), ..) => "is a tag, which may be moved: proxies that start later run another image",
        };
        let mut finding = L04.at(subject.resource, &path, format!("`{reference}` {then}"));
        let digest = subject.image.and_then(|image| image.loaded.as_ref()).map(|loaded| &loaded.digest);
        finding = match (digest, subject.url()) {
            (Some(digest), Some(url)) => finding
                .help(format!("pin it: `{url}@{digest}`; `check --fix` does"))
                .fix(&path, Change::Set(format!("{url}@{digest}"))),
            _ => finding.help("add `@sha256:` and the digest of the image's manifest, which `cargo mesh-filter inspect REF` shows"),
        };
        out.push(finding);
    }
}

fn scheme(facts: &Facts, out: &mut Vec<Finding>) {
    for subject in facts.plugins() {
        if subject.resource.kind == Kind::EnvoyExtensionPolicy {
            continue;
        }
        let Some(url) = subject.url().filter(|url| !url.contains("://")) else { continue };
        let host = url.split('/').next().unwrap_or_default();
        let has_port = host.contains(':') && url.contains('/');
        // The agent wants a scheme; the API server adds none to what an EnvoyFilter says.
        if has_port || subject.resource.kind == Kind::EnvoyFilter {
            let path = subject.url_path();
            let message = match has_port {
                true => format!(
                    "`{url}` is read as a URL with the scheme `{}`",
                    host.split(':').next().unwrap_or_default()
                ),
                false => {
                    format!("`{url}` has no scheme, and the agent expects `oci://`, `http://` or `https://`")
                }
            };
            let right = format!("oci://{url}");
            out.push(
                L05.at(subject.resource, &path, message)
                    .help(format!("write `{right}`; `check --fix` does"))
                    .fix(&path, Change::Set(right)),
            );
        }
    }
}
