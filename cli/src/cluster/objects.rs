//! Resources in a cluster: read, applied, deleted, and with their history.

use mesh_filter_mesh::{Kind, Resource, history};
use serde_json::{Map, Value, json};

use super::kubectl::Kubectl;
use super::{MANAGED_BY, MANAGER};
use crate::failure::{Failure, Result};
use crate::output::Output;

/// How kubectl names a kind.
fn type_name(kind: Kind) -> String {
    format!("{}.{}.{}", kind.plural(), kind.version(), kind.group())
}

/// The object of this name, if there is one. A kind that the cluster does not know has none.
pub(crate) fn get(
    kubectl: &Kubectl,
    kind: Kind,
    namespace: Option<&str>,
    name: &str,
) -> Result<Option<Value>> {
    let of = type_name(kind);
    let mut words = vec!["get", &of, name, "--ignore-not-found", "--output=json", "--show-managed-fields"];
    words.extend(namespace.iter().flat_map(|name| ["--namespace", name]));
    let ended = kubectl.call(&words, None)?;
    let doing = format!("read {kind} {name}");
    match ended.ok {
        true if ended.out.trim_ascii().is_empty() => Ok(None),
        true => parse(&ended.out, &doing).map(Some),
        false if ended.err.contains("doesn't have a resource type") => Ok(None),
        false => Err(ended.failure(&doing)),
    }
}

/// All that was deployed in a namespace, or in all.
pub(crate) fn managed(kubectl: &Kubectl, all: bool) -> Result<Vec<Resource>> {
    let label = format!("{MANAGED_BY}={MANAGER}");
    let mut found = Vec::new();
    for kind in Kind::ALL {
        let of = type_name(*kind);
        let mut words = vec!["get", &of, "--selector", &label, "--output=json"];
        match kubectl.namespace() {
            _ if all => words.push("--all-namespaces"),
            Some(name) => words.extend(["--namespace", name]),
            None => {}
        }
        let ended = kubectl.call(&words, None)?;
        if !ended.ok && ended.err.contains("doesn't have a resource type") {
            continue;
        }
        let doing = format!("list {}", kind.plural());
        if !ended.ok {
            return Err(ended.failure(&doing));
        }
        let list = parse(&ended.out, &doing)?;
        for item in list.get("items").and_then(Value::as_array).into_iter().flatten() {
            found.push(Resource::from_json("the cluster", item)?);
        }
    }
    Ok(found)
}

/// The one object that `[KIND/]NAME` means.
pub(crate) fn named(kubectl: &Kubectl, text: &str) -> Result<(Kind, Value)> {
    let (kinds, name) = match text.split_once('/') {
        Some((kind, name)) => {
            let is = |known: &&Kind| {
                known.name().eq_ignore_ascii_case(kind) || known.plural() == kind.to_lowercase()
            };
            let known = Kind::ALL.iter().find(is).ok_or_else(|| {
                let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
                Failure::usage(format!("`{kind}` is no kind that declares plugins"))
                    .help(format!("the kinds are {}", names.join(", ")))
            })?;
            (std::slice::from_ref(known), name)
        }
        None => (Kind::ALL, text),
    };
    let mut found = Vec::new();
    for kind in kinds {
        if let Some(object) = get(kubectl, *kind, kubectl.namespace(), name)? {
            found.push((*kind, object));
        }
    }
    match found.len() {
        0 => Err(Failure::failed(format!("the cluster has no resource `{text}` that declares a plugin"))
            .help("`--namespace` names another namespace; `status` without a name lists what was deployed")),
        1 => Ok(found.remove(0)),
        _ => {
            let kinds: Vec<_> = found.iter().map(|(kind, _)| format!("{kind}/{name}")).collect();
            Err(Failure::usage(format!("`{text}` is the name of several: {}", kinds.join(", "))))
        }
    }
}

/// Whether it was deployed by this program, by its label and by who owns its fields.
pub(crate) fn is_ours(object: &Value) -> bool {
    let labelled = object.pointer("/metadata/labels").and_then(|labels| labels.get(MANAGED_BY))
        == Some(&Value::from(MANAGER));
    labelled && owned_fields(object).is_some()
}

/// What server-side apply makes of an object; nothing stays of it in a dry run.
pub(crate) fn apply(kubectl: &Kubectl, object: &Value, force: bool, dry: bool) -> Result<Value> {
    let manager = format!("--field-manager={MANAGER}");
    let mut words =
        vec!["apply", "--server-side", &manager, "--validate=strict", "--output=json", "--filename=-"];
    words.extend(force.then_some("--force-conflicts"));
    words.extend(dry.then_some("--dry-run=server"));
    words.extend(kubectl.namespace().iter().flat_map(|name| ["--namespace", name]));
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let doing = format!("apply {} {}", text("/kind"), text("/metadata/name"));
    parse(&kubectl.run(&doing, &words, Some(object.to_string().as_bytes()))?, &doing)
}

/// Deletes an object.
pub(crate) fn delete(kubectl: &Kubectl, kind: Kind, object: &Value) -> Result<()> {
    let text =
        |key: &str| object.pointer(&format!("/metadata/{key}")).and_then(Value::as_str).unwrap_or_default();
    let words =
        ["delete", &type_name(kind), text("name"), "--namespace", text("namespace"), "--ignore-not-found"];
    kubectl.run(&format!("delete {kind} {}", text("name")), &words, None).map(drop)
}

/// The object with our label, and with the history that its live form leads to. Without a change the history stays.
pub(crate) fn with_history(
    wanted: &Value,
    live: Option<&Value>,
    changed: bool,
    output: &Output,
) -> Result<Value> {
    let mut object = wanted.clone();
    let (mut revision, mut text) = (1, None);
    if let Some(live) = live {
        revision = history::revision(live);
        let earlier = history::read(live).map_err(|error| {
            Failure::failed("the resource's history is broken")
                .because(&error)
                .help(format!("remove the annotation: kubectl annotate ... {}-", history::HISTORY))
        })?;
        if changed {
            let spec = live.get("spec").cloned().unwrap_or_default();
            let (written, dropped) = history::with(history::Entry { revision, spec }, earlier);
            if dropped > 0 {
                output.warning(&format!("the history is full: {dropped} of the oldest specs had to go"));
            }
            (revision, text) = (revision.saturating_add(1), Some(written));
        } else {
            text = live
                .pointer("/metadata/annotations")
                .and_then(|all| all.get(history::HISTORY)?.as_str())
                .map(str::to_owned);
        }
    }
    put(&mut object, "labels", MANAGED_BY, MANAGER);
    put(&mut object, "annotations", history::REVISION, &revision.to_string());
    if let Some(text) = text {
        put(&mut object, "annotations", history::HISTORY, &text);
    }
    Ok(object)
}

/// An object to apply: a live one's labels and annotations that are ours, and another spec.
pub(crate) fn with_spec(live: &Value, spec: &Value) -> Value {
    let mut metadata = Map::new();
    for key in ["name", "namespace"] {
        if let Some(value) = live.pointer(&format!("/metadata/{key}")) {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
    for key in ["labels", "annotations"] {
        let owned = owned_fields(live).and_then(|fields| fields.pointer(&format!("/f:metadata/f:{key}")));
        let is_owned = |name: &str| owned.is_some_and(|owned| owned.get(format!("f:{name}")).is_some());
        let all = live.pointer(&format!("/metadata/{key}")).and_then(Value::as_object).into_iter().flatten();
        let ours = all.filter(|(name, _)| is_owned(name));
        metadata.insert(
            key.to_owned(),
            ours.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into(),
        );
    }
    json!({"apiVersion": live.get("apiVersion"), "kind": live.get("kind"), "metadata": metadata, "spec": spec})
}

/// An object without what the server writes, and without its history: what people compare.
pub(crate) fn essence(object: &Value) -> Value {
    let mut essence = json!({"spec": object.get("spec")});
    for key in ["labels", "annotations"] {
        let mut all = object
            .pointer(&format!("/metadata/{key}"))
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        all.retain(|name, _| name != history::HISTORY && name != history::REVISION);
        if !all.is_empty() {
            put_value(&mut essence, key, all.into());
        }
    }
    essence
}

fn owned_fields(object: &Value) -> Option<&Value> {
    let entries = object.pointer("/metadata/managedFields")?.as_array()?;
    let is_ours = |entry: &&Value| {
        entry.get("manager").and_then(Value::as_str) == Some(MANAGER)
            && entry.get("operation").and_then(Value::as_str) == Some("Apply")
    };
    entries.iter().find(is_ours)?.get("fieldsV1")
}

fn put_value(object: &mut Value, key: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        let metadata = members.entry("metadata").or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert(key.to_owned(), value);
        }
    }
}

fn put(object: &mut Value, key: &str, name: &str, value: &str) {
    let mut all =
        object.pointer(&format!("/metadata/{key}")).and_then(Value::as_object).cloned().unwrap_or_default();
    all.insert(name.to_owned(), Value::from(value));
    put_value(object, key, all.into());
}

fn parse(text: &[u8], doing: &str) -> Result<Value> {
    serde_json::from_slice(text).map_err(|error| {
        Failure::failed(format!("kubectl could not {doing}: its answer is no JSON")).because(&error)
    })
}
