//! L23: `EnvoyExtensionPolicy` of Envoy Gateway.

use std::collections::BTreeMap;

use serde_json::Value;

use super::attachment::targets;
use super::{Facts, Finding, Level, Rule};
use crate::Kind;

pub(super) const L23: Rule = Rule {
    id: "L23",
    level: Level::Warning,
    title: "a policy of Envoy Gateway does not do what it seems to",
    explanation: "\
Envoy Gateway fetches modules itself and serves them to its proxies: `code.image` for images, `code.http` for bare
files; a URL of the wrong kind fails the policy (`Accepted=False`), and its routes answer 500. Of several policies on one
target the oldest counts, and the others are `Conflicted` or `Overridden` without any effect, unless they are merged
(`mergeType`, on routes only). Where a Wasm extension with `failOpen` shares a policy with `extProc`, a failed fetch
took the ext_proc filter away with it, and with it the authorization that it did. `name` is a label of the policy
alone: the root context is chosen by `rootID`.

Write one policy for each target, and keep extensions that guard apart from those that may fail.",
    evidence: &["envoyproxy/gateway#7886", "envoyproxy/gateway#6401"],
    check,
};

fn check(facts: &Facts, out: &mut Vec<Finding>) {
    let policies: Vec<_> =
        facts.resources.iter().filter(|resource| resource.kind == Kind::EnvoyExtensionPolicy).collect();
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for policy in policies {
        let merged = policy.at("spec.mergeType").is_some();
        for (path, target) in targets(policy) {
            let text = |key: &str| target.get(key).and_then(Value::as_str).unwrap_or_default();
            let section = text("sectionName");
            let key = format!("{} {}/{} {section}", text("kind"), policy.namespace(), text("name"));
            if let Some(first) = seen.get(&key).filter(|_| !merged) {
                let message = format!(
                    "`{first}` has the same target, {} `{}`: only the older of both has any effect",
                    text("kind"),
                    text("name")
                );
                out.push(
                    L23.at(policy, &path, message)
                        .help("write both into one policy, or set `mergeType` on a route's"),
                );
            }
            seen.entry(key).or_insert(&policy.name);
        }
        let external =
            policy.at("spec.extProc").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        let wasm = policy.at("spec.wasm").and_then(Value::as_array).into_iter().flatten();
        for (index, wasm) in wasm.enumerate() {
            let path = |member: &str| format!("spec.wasm[{index}].{member}");
            if external && wasm.get("failOpen") == Some(&Value::Bool(true)) {
                let message =
                    "a fetch that fails takes the policy's `extProc` away together with this extension";
                out.push(
                    L23.at(policy, &path("failOpen"), message)
                        .help("move `extProc` to a policy of its own, on another target"),
                );
            }
            let url = |kind: &str| wasm.pointer(&format!("/code/{kind}/url")).and_then(Value::as_str);
            if let Some(url) =
                url("http").filter(|url| !url.starts_with("http://") && !url.starts_with("https://"))
            {
                let message = format!(
                    "`{url}` is no URL of a file: images are given in `code.image`, with the type `Image`"
                );
                out.push(
                    L23.at(policy, &path("code.http.url"), message)
                        .help("write `type: Image` and `image: {url: ...}`"),
                );
            }
            if let Some(url) =
                url("image").filter(|url| url.starts_with("http://") || url.starts_with("https://"))
            {
                let message = format!(
                    "`{url}` is no reference of an image: files are given in `code.http`, with the type `HTTP`"
                );
                out.push(
                    L23.at(policy, &path("code.image.url"), message)
                        .help("write `type: HTTP` and `http: {url: ...}`"),
                );
            }
        }
    }
}
