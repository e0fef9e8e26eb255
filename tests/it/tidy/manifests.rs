//! Rules about `Cargo.toml` files: a reason for each dependency, shared lints, a purpose for each member.

use super::{Tree, assert_caught, assert_kept};

fn is_manifest(path: &str) -> bool {
    path.ends_with("Cargo.toml") && !path.contains("/templates/")
}

/// A dependency with a version of its own stands below a comment, or in a block of lines that begins with one.
fn reasons(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for file in tree.0.iter().filter(|file| is_manifest(&file.path)) {
        let (mut in_dependencies, mut explained) = (false, false);
        for (number, line) in file.lines() {
            let line = line.trim();
            if line.starts_with('[') {
                in_dependencies = line.trim_end_matches(']').ends_with("dependencies");
                explained = false;
            } else if line.is_empty() {
                explained = false;
            } else if line.starts_with('#') {
                explained = true;
            } else if in_dependencies
                && !explained
                && !line.contains("workspace = true")
                && !line.contains("path = ")
            {
                found.push(format!("{}:{number}: no comment says what `{line}` is for", file.path));
            }
        }
    }
    found
}

fn lints(tree: &Tree) -> Vec<String> {
    let members = tree.0.iter().filter(|file| is_manifest(&file.path) && file.path != "Cargo.toml");
    let bare = members.filter(|file| !file.text.contains("[lints]\nworkspace = true"));
    bare.map(|file| format!("{}: does not share the workspace's lints", file.path)).collect()
}

fn members(tree: &Tree) -> Vec<String> {
    let manifest = tree.get("Cargo.toml");
    let listed =
        manifest.split_once("members = [").map_or("", |(_, rest)| rest.split(']').next().unwrap_or(""));
    let bare = listed.lines().map(str::trim).filter(|line| line.starts_with('"') && !line.contains("# "));
    bare.map(|line| format!("Cargo.toml: no comment says what member {line} is")).collect()
}

#[test]
fn every_dependency_has_a_reason() {
    assert_kept(&reasons(&Tree::of_repository()));
    let text = "[dependencies]\nserde = { workspace = true }\nbare = \"1\"\n# Why.\ngood = \"1\"\nalso = \"1\"\n\nbare2 = \"1\"\n[lints]\na = 1\n";
    assert_caught(&reasons(&Tree::of(&[("a/Cargo.toml", text)])), &["a/Cargo.toml:3", "a/Cargo.toml:8"]);
}

#[test]
fn every_member_shares_the_lints() {
    assert_kept(&lints(&Tree::of_repository()));
    let broken =
        Tree::of(&[("a/Cargo.toml", "[package]\n"), ("b/Cargo.toml", "[lints]\nworkspace = true\n")]);
    assert_caught(&lints(&broken), &["a/Cargo.toml"]);
}

#[test]
fn every_member_has_a_purpose() {
    assert_kept(&members(&Tree::of_repository()));
    let broken = Tree::of(&[("Cargo.toml", "members = [\n  \"a\", # why\n  \"b\",\n]\n")]);
    assert_caught(&members(&broken), &["member \"b\","]);
}
