//! Server-side apply: who owns which fields, what an applied object changes, and when that is a conflict.
//!
//! As the API server has it (<https://kubernetes.io/docs/reference/using-api/server-side-apply/>), but for lists: here each is
//! one field. The real server merges those with keys, such as a plugin's variables.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// A field: the keys on the way to it.
type Path = Vec<String>;

/// A field that another manager owns with another value.
pub(super) struct Conflict {
    pub(super) path: Path,
    pub(super) manager: String,
}

/// What live object and manager make of an applied one.
pub(super) fn apply(
    live: Option<&Value>,
    applied: &Value,
    manager: &str,
    force: bool,
    time: &str,
) -> Result<Value, Vec<Conflict>> {
    let wanted = fields(applied);
    let mut merged = live.cloned().unwrap_or_else(|| json!({"metadata": {}}));
    let mut owned = live.map(owners).unwrap_or_default();
    let before = owned.remove(manager).unwrap_or_default();
    let mut conflicts = Vec::new();
    for (path, value) in &wanted {
        if at(&merged, path) == Some(value) {
            continue;
        }
        for (other, fields) in &mut owned {
            let touched: Vec<_> = fields.iter().filter(|field| overlap(field, path)).cloned().collect();
            if !touched.is_empty() && !force {
                conflicts.push(Conflict { path: path.clone(), manager: other.clone() });
            }
            for field in touched {
                fields.remove(&field);
            }
        }
    }
    if !conflicts.is_empty() {
        return Err(conflicts);
    }
    for gone in before.iter().filter(|path| !wanted.contains_key(*path)) {
        let is_others = owned.values().any(|fields| fields.contains(gone));
        if !is_others {
            remove(&mut merged, gone);
        }
    }
    for (path, value) in &wanted {
        set(&mut merged, path, value.clone());
    }
    for key in ["apiVersion", "kind"] {
        merged[key] = applied[key].clone();
    }
    for key in ["name", "namespace"] {
        merged["metadata"][key] = applied["metadata"][key].clone();
    }
    let fields: BTreeSet<Path> = wanted.into_keys().collect();
    let is_same = fields == before;
    owned.insert(manager.to_owned(), fields);
    let times = live.map(times).unwrap_or_default();
    let changed = !is_same || live.is_none_or(|live| live.get("spec") != merged.get("spec"));
    let entries = owned.into_iter().filter(|(_, fields)| !fields.is_empty()).map(|(name, fields)| {
        let time = match times.get(&name) {
            Some(time) if name != manager || !changed => time.clone(),
            _ => time.to_owned(),
        };
        json!({
            "manager": name, "operation": "Apply", "apiVersion": merged["apiVersion"], "time": time,
            "fieldsType": "FieldsV1", "fieldsV1": to_v1(&fields),
        })
    });
    let entries = entries.collect();
    merged["metadata"]["managedFields"] = entries;
    Ok(merged)
}

/// The path as the API server writes it in conflicts.
pub(super) fn written(path: &Path) -> String {
    path.iter().map(|key| format!(".{key}")).collect()
}

/// All fields that an object sets, without those that identify it.
fn fields(object: &Value) -> BTreeMap<Path, Value> {
    let mut found = BTreeMap::new();
    for key in ["labels", "annotations"] {
        if let Some(entries) = object["metadata"].get(key) {
            leaves(entries, &mut vec!["metadata".to_owned(), key.to_owned()], &mut found);
        }
    }
    for (key, value) in object.as_object().unwrap() {
        if !matches!(key.as_str(), "apiVersion" | "kind" | "metadata") {
            leaves(value, &mut vec![key.clone()], &mut found);
        }
    }
    found
}

fn leaves(value: &Value, path: &mut Path, found: &mut BTreeMap<Path, Value>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                path.push(key.clone());
                leaves(value, path, found);
                path.pop();
            }
        }
        _ => drop(found.insert(path.clone(), value.clone())),
    }
}

/// One of the two is the other, or around it.
fn overlap(one: &Path, other: &Path) -> bool {
    one.iter().zip(other).all(|(a, b)| a == b)
}

fn at<'a>(value: &'a Value, path: &Path) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

fn set(value: &mut Value, path: &[String], new: Value) {
    let [key, rest @ ..] = path else {
        *value = new;
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    set(&mut value[key], rest, new);
}

/// Takes a field away, and what it leaves empty.
fn remove(value: &mut Value, path: &[String]) {
    let Some(members) = value.as_object_mut() else { return };
    match path {
        [last] => drop(members.remove(last)),
        [key, rest @ ..] => {
            if let Some(inner) = members.get_mut(key) {
                remove(inner, rest);
                if inner.as_object().is_some_and(Map::is_empty) {
                    members.remove(key);
                }
            }
        }
        [] => {}
    }
}

/// The fields of each manager.
fn owners(object: &Value) -> BTreeMap<String, BTreeSet<Path>> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let owner = |entry: &Value| {
        let mut fields = BTreeSet::new();
        from_v1(&entry["fieldsV1"], &mut Vec::new(), &mut fields);
        (entry["manager"].as_str().unwrap().to_owned(), fields)
    };
    entries.map(owner).collect()
}

fn times(object: &Value) -> BTreeMap<String, String> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    entries.map(|entry| (text(&entry["manager"]), text(&entry["time"]))).collect()
}

fn to_v1(fields: &BTreeSet<Path>) -> Value {
    let mut root = json!({});
    for path in fields {
        let path: Vec<_> = path.iter().map(|key| format!("f:{key}")).collect();
        set(&mut root, &path, json!({}));
    }
    root
}

fn from_v1(value: &Value, path: &mut Path, found: &mut BTreeSet<Path>) {
    let members = value.as_object().unwrap();
    if members.is_empty() && !path.is_empty() {
        found.insert(path.clone());
    }
    for (key, value) in members {
        path.push(key.strip_prefix("f:").unwrap().to_owned());
        from_v1(value, path, found);
        path.pop();
    }
}
