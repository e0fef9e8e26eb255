//! The examples of each rule.

mod attachment;
mod envoy_filter;
mod image;
mod module;
mod plugin;

use super::super::Facts;
use super::Case;

pub(super) fn all() -> Vec<Case> {
    [image::cases(), plugin::cases(), attachment::cases(), envoy_filter::cases(), module::cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// A `WasmPlugin` of the namespace `shop` that no rule speaks of, with these lines in its `spec`.
fn plugin(lines: &str) -> String {
    let own = "url: oci://example.com/f:1@sha256:1111111111111111111111111111111111111111111111111111111111111111\n";
    let url = if lines.contains("url:") { "" } else { own };
    let selector = if ["selector:", "targetRefs:"].iter().any(|key| lines.contains(key)) {
        ""
    } else {
        "selector: {matchLabels: {app: cart}}\n"
    };
    let name = if lines.contains("pluginName:") { "" } else { "pluginName: root\n" };
    let lines: String =
        format!("{url}{selector}{name}{lines}").lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{name: one, namespace: shop}}\nspec:\n{lines}"
    )
}

/// Another resource, of any kind.
fn other(kind: &str, name: &str, namespace: &str, rest: &str) -> String {
    format!("---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\n{rest}\n")
}

fn nothing(_: &mut Facts) {}

fn found(rule: &'static str, text: String) -> Case {
    Case { rule, text, with: nothing, found: true }
}

fn silent(rule: &'static str, text: String) -> Case {
    Case { rule, text, with: nothing, found: false }
}

fn with(case: Case, with: fn(&mut Facts)) -> Case {
    Case { with, ..case }
}
