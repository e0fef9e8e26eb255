//! Rules about things that come in pairs: a command and its help text, a guest and a test that uses it.

use super::{Tree, assert_caught, assert_kept};

const COMMANDS: &str = "cli/src/commands/";
const GUESTS: &str = "tests/guests/examples/";

/// The names of the modules directly in a folder.
fn modules<'a>(tree: &'a Tree, folder: &'a str) -> Vec<&'a str> {
    let inside = tree.sources().filter_map(|file| file.path.strip_prefix(folder));
    let mut names: Vec<_> =
        inside.filter_map(|rest| rest.split(['/', '.']).next()).filter(|name| *name != "mod").collect();
    names.dedup();
    names
}

fn helps(tree: &Tree) -> Vec<String> {
    let snapshots = tree.0.iter().filter(|file| file.path.starts_with("cli/tests/"));
    let snapshots: Vec<_> = snapshots.map(|file| file.text.as_str()).collect();
    let has_one =
        |name: &&str| snapshots.iter().any(|text| text.contains(&format!("cargo mesh-filter {name} --help")));
    let bare = modules(tree, COMMANDS).into_iter().filter(|name| !has_one(name));
    bare.map(|name| {
        format!("{COMMANDS}{name}: no snapshot of `cargo mesh-filter {name} --help` in cli/tests")
    })
    .collect()
}

fn guests(tree: &Tree) -> Vec<String> {
    let tests: Vec<_> =
        tree.sources().filter(|file| file.path.contains("/it/")).map(|file| &file.text).collect();
    let used = |name: &&str| tests.iter().any(|text| text.contains(&format!("\"{name}\"")));
    let unused = modules(tree, GUESTS).into_iter().filter(|name| !used(name));
    unused.map(|name| format!("{GUESTS}{name}.rs: no acceptance test uses this guest")).collect()
}

#[test]
fn every_command_has_a_snapshot_of_its_help() {
    assert_kept(&helps(&Tree::of_repository()));
    let broken = Tree::of(&[
        ("cli/src/commands/mod.rs", ""),
        ("cli/src/commands/new.rs", ""),
        ("cli/src/commands/run/mod.rs", ""),
        ("cli/tests/cmd/help.console", "$ cargo mesh-filter new --help\n"),
    ]);
    assert_caught(&helps(&broken), &["cli/src/commands/run"]);
}

#[test]
fn every_guest_is_used_by_a_test() {
    assert_kept(&guests(&Tree::of_repository()));
    let broken = Tree::of(&[
        ("tests/guests/examples/used.rs", ""),
        ("tests/guests/examples/forgotten.rs", ""),
        ("tests/it/limits.rs", "run(\"used\")"),
    ]);
    assert_caught(&guests(&broken), &["forgotten.rs"]);
}
