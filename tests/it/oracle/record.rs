//! The committed records of Envoy, and what is compared with them.
//!
//! `envoy-VERSION/CHAPTER.json` holds what the pinned release showed, `envoy-VERSION.json` what another one did: a case that
//! was the same is told by a fingerprint of the pinned release's, so that it is known when that has changed since.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Seen;
use crate::support::build::root;
use crate::support::compare::differing_lines;
use crate::support::host::Host;

/// The Envoy that this proxy is held against.
pub(super) const PINNED: &str = "1.40.0";

/// Where records stand.
fn folder() -> PathBuf {
    root().join("tests/oracle")
}

/// The chapters of the pinned release.
fn chapters() -> PathBuf {
    folder().join(format!("envoy-{PINNED}"))
}

/// The record of another release.
fn file(version: &str) -> PathBuf {
    folder().join(format!("envoy-{version}.json"))
}

/// Which build each record is of.
fn builds() -> PathBuf {
    folder().join("builds.json")
}

fn read(file: &Path) -> Seen {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn write(file: &Path, seen: Seen) {
    std::fs::write(file, text(&Value::Object(seen)) + "\n").unwrap();
}

/// The record of the pinned release.
pub(super) fn committed() -> Seen {
    let files =
        std::fs::read_dir(chapters()).unwrap_or_else(|error| panic!("{}: {error}", chapters().display()));
    files.flat_map(|file| read(&file.unwrap().path())).collect()
}

/// The record of another release.
fn of(version: &str) -> Seen {
    let pinned = committed();
    let whole = |(case, seen): (String, Value)| {
        let same = pinned.get(&case).filter(|pinned| seen == as_pinned(pinned));
        let seen = same.cloned().unwrap_or(seen);
        (case, seen)
    };
    read(&file(version)).into_iter().map(whole).collect()
}

/// What stands for a case that is as in the pinned release. FNV-1a is enough to tell an old text from a new one.
fn as_pinned(seen: &Value) -> Value {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text(seen).as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, mix);
    format!("as {PINNED}: {hash:016x}").into()
}

/// With `$ORACLE_RECORD` writes the record of the version which that names, otherwise holds Envoy to the committed one.
pub(super) fn write_or_compare(seen: &Seen) {
    match env::var("ORACLE_RECORD").as_deref() {
        Ok(PINNED) => write_chapters(seen),
        Ok(version) => write_other(version, seen),
        Err(_) => {
            let changed = differences(&committed(), seen, "recorded", "now");
            assert!(
                changed.is_empty(),
                "{} cases are not as recorded; `cargo xtask oracle --record` records them anew:\n{}",
                changed.len(),
                changed.iter().map(|(_, told)| told.as_str()).collect::<Vec<_>>().join("\n")
            );
        }
    }
}

fn write_chapters(seen: &Seen) {
    // Where only some cases were played, the others stay as they are.
    let mut all = if is_part() { committed() } else { Seen::new() };
    all.extend(seen.clone());
    let mut of_chapters: BTreeMap<String, Seen> = BTreeMap::new();
    for (case, seen) in all {
        let chapter = case.split('/').next().unwrap_or_default().to_owned();
        of_chapters.entry(chapter).or_default().insert(case, seen);
    }
    // A chapter that is gone leaves no file.
    let _absent = std::fs::remove_dir_all(chapters());
    std::fs::create_dir_all(chapters()).unwrap();
    for (chapter, seen) in of_chapters {
        write(&chapters().join(chapter).with_extension("json"), seen);
    }
}

fn write_other(version: &str, seen: &Seen) {
    let pinned = committed();
    let mut all = if is_part() { read(&file(version)) } else { Seen::new() };
    for (case, seen) in seen {
        let told = if pinned.get(case) == Some(seen) { as_pinned(seen) } else { seen.clone() };
        all.insert(case.clone(), told);
    }
    write(&file(version), all);
}

/// Makes sure that the host is the release to record, and keeps which build of it.
pub(super) fn note_build(host: &Host) {
    let Ok(version) = env::var("ORACLE_RECORD") else { return };
    let page = host.page("/server_info").expect("the admin serves /server_info");
    let told: Map<String, Value> = serde_json::from_str(&page).expect("server info is JSON");
    let build = told["version"].clone();
    let is_it = build.as_str().is_some_and(|build| build.split('/').any(|part| part == version));
    assert!(is_it, "this is Envoy {build}, not {version}");
    let mut all = read(&builds());
    all.insert(version, build);
    write(&builds(), all);
}

/// Holds this proxy to a record, known differences excepted: those must still be there.
pub(super) fn assert_agrees(known: &[(String, &str)], recorded: &Seen, seen: &Seen) {
    if env::var_os("ORACLE_RECORD").is_some() {
        return;
    }
    assert_as_known(known, &differences(recorded, seen, "envoy", "ours"));
}

/// Holds another release of Envoy to the pinned one, known differences excepted.
pub(super) fn assert_releases_agree(known: &[(String, &str)], version: &str) {
    if env::var_os("ORACLE_RECORD").is_none() {
        assert_as_known(known, &differences(&of(version), &committed(), version, PINNED));
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
