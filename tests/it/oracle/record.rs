//! The committed records of Envoy, and what is compared with them.

use std::env;
use std::path::PathBuf;

use serde_json::Value;

use super::Seen;
use crate::support::build::root;
use crate::support::compare::differing_lines;

/// The Envoy that this proxy is held against.
pub(super) const PINNED: &str = "1.40.0";

/// Where the record of a version stands.
pub(super) fn file(version: &str) -> PathBuf {
    root().join("tests/oracle").join(format!("envoy-{version}.json"))
}

/// The record of a version.
pub(super) fn of(version: &str) -> Seen {
    let file = file(version);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

pub(super) fn committed() -> Seen {
    of(PINNED)
}

/// With `$ORACLE_RECORD` writes the record of the version which that names, otherwise holds Envoy to the committed one.
pub(super) fn write_or_compare(seen: &Seen) {
    if let Ok(version) = env::var("ORACLE_RECORD") {
        std::fs::create_dir_all(file(&version).parent().unwrap()).unwrap();
        // Where only some cases were played, the others stay as they are.
        let mut all = if is_part() { of(&version) } else { Seen::new() };
        all.extend(seen.clone());
        std::fs::write(file(&version), text(&Value::Object(all)) + "\n").unwrap();
        return;
    }
    let committed = committed();
    let changed = differences(&committed, seen, "recorded", "now");
    assert!(
        changed.is_empty(),
        "{} cases are not as recorded; `cargo xtask oracle --record` records them anew:\n{}",
        changed.len(),
        changed.iter().map(|(_, told)| told.as_str()).collect::<Vec<_>>().join("\n")
    );
}

/// Holds this proxy to a record, known differences excepted: those must still be there.
pub(super) fn assert_agrees(known: &[(String, &str)], recorded: &Seen, seen: &Seen) {
    if env::var_os("ORACLE_RECORD").is_some() {
        return;
    }
    assert_as_known(known, &differences(recorded, seen, "envoy", "ours"));
}

/// Holds two releases of Envoy to each other, known differences excepted.
pub(super) fn assert_releases_agree(known: &[(String, &str)], [one, other]: [&str; 2]) {
    if env::var_os("ORACLE_RECORD").is_none() {
        assert_as_known(known, &differences(&of(one), &of(other), one, other));
    }
}

fn assert_as_known(known: &[(String, &str)], found: &[(String, String)]) {
    let is_known = |name: &String| known.iter().any(|(case, _)| case == name);
    let mut wrong: Vec<_> =
        found.iter().filter(|(name, _)| !is_known(name)).map(|(_, told)| told.clone()).collect();
    for (case, _) in known {
        if found.iter().all(|(name, _)| name != case) {
            wrong.push(format!("--- {case}: the known difference is gone"));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Each case that differs, with the lines that do.
fn differences(one: &Seen, other: &Seen, one_name: &str, other_name: &str) -> Vec<(String, String)> {
    let mut names: Vec<_> = one.keys().chain(other.keys()).collect();
    if is_part() {
        names.retain(|name| other.contains_key(*name));
    }
    names.sort();
    names.dedup();
    let different = names.into_iter().filter(|name| one.get(*name) != other.get(*name));
    let tell = |name: &String| {
        let shown = |seen: &Seen| seen.get(name).map_or_else(|| "(no such case)".to_owned(), text);
        let lines = differing_lines([one_name, other_name], &shown(one), &shown(other));
        (name.clone(), format!("--- {name}\n{lines}"))
    };
    different.map(tell).collect()
}

/// Whether only some cases are played.
fn is_part() -> bool {
    env::var_os("ORACLE_CASES").is_some()
}

fn text(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}
