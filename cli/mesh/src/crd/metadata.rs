//! What all objects of Kubernetes have: their type, name, namespace, labels and annotations.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::Kind;
use crate::resource::member;

use super::Violation;

/// The members of an object that is one of ours.
const MEMBERS: &[&str] = &["apiVersion", "kind", "metadata", "spec", "status"];
/// The members of `ObjectMeta`.
const META: &[&str] = &[
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];
/// Longest name, namespace and value of a label, in bytes, as the API server has them.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A label of DNS (RFC 1123), and several with dots between.
static NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$").ok());
/// The value of a label.
static LABEL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$").ok());

/// What is wrong with the parts that the definitions do not speak of.
pub(super) fn check(kind: Kind, object: &Value) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut wrong = |path: &str, problem: String| violations.push(Violation::new(path, problem));
    let Some(members) = object.as_object() else {
        wrong("", "expected an object".to_owned());
        return violations;
    };
    for key in members.keys().filter(|key| !MEMBERS.contains(&key.as_str())) {
        wrong(key, "unknown field".to_owned());
    }
    for (key, expected) in [("apiVersion", kind.api_version()), ("kind", kind.name().to_owned())] {
        if object.get(key).and_then(Value::as_str) != Some(&expected) {
            wrong(key, format!("expected `{expected}`"));
        }
    }
    let Some(metadata) = object.get("metadata").and_then(Value::as_object) else {
        wrong("metadata", "expected an object with a `name`".to_owned());
        return violations;
    };
    for key in metadata.keys().filter(|key| !META.contains(&key.as_str())) {
        wrong(&member("metadata", key), "unknown field".to_owned());
    }
    let text = |key: &str| metadata.get(key).map(|value| value.as_str().unwrap_or_default());
    let is_name = |text: &str, longest| text.len() <= longest && matches(&NAME, text);
    if !text("name").is_some_and(|name| is_name(name, MAX_NAME)) {
        wrong(
            "metadata.name",
            "expected a name of at most 253 small letters, digits, `-` and `.`, beginning and ending with a letter or digit"
                .to_owned(),
        );
    }
    if text("namespace").is_some_and(|name| !is_name(name, MAX_LABEL) || name.contains('.')) {
        wrong(
            "metadata.namespace",
            "expected a name of at most 63 small letters, digits and `-`, beginning and ending with a letter or digit".to_owned(),
        );
    }
    for (key, is_label) in [("labels", true), ("annotations", false)] {
        let path = member("metadata", key);
        let Some(entries) = metadata.get(key).filter(|value| !value.is_null()) else { continue };
        let Some(entries) = entries.as_object() else {
            wrong(&path, "expected an object".to_owned());
            continue;
        };
        for (name, value) in entries {
            let ok = value
                .as_str()
                .is_some_and(|value| !is_label || (value.len() <= MAX_LABEL && matches(&LABEL, value)));
            if !ok {
                let expected = if is_label {
                    "expected a label's value: a text of at most 63 letters, digits, `-`, `_` and `.`"
                } else {
                    "expected a text"
                };
                wrong(&member(&path, name), expected.to_owned());
            }
        }
    }
    violations
}

fn matches(pattern: &Option<Regex>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}
