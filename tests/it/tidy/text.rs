//! Rules about files as text: how they open, how long they are, what they may not say.

use super::{Tree, assert_caught, assert_kept};

const LONGEST_SOURCE: usize = 400;
const LARGEST_FILE: usize = 1 << 20;

/// Files that may be longer than the rest, each with its reason.
const LONG_FOR_A_REASON: &[(&str, &str)] = &[];

/// What no tracked file says. Written in halves, so that this file does not say it.
const FORBIDDEN: &[(&[&str], &str)] = &[
    (&["TO", "DO"], "an unfinished thing belongs into an issue"),
    (&["dbg", "!("], "a debugging aid"),
    (&["todo", "!("], "a stub"),
    (&["/wo", "rk/"], "a path of one machine"),
    (&["/ro", "ot/"], "a path of one machine"),
    (&["index.", "crates.io"], "a registry's host"),
    (&["static.", "crates.io"], "a registry's host"),
    (&["pypi.", "org"], "a registry's host"),
    (&["python", "hosted.org"], "a registry's host"),
    (&["npmjs.", "org"], "a registry's host"),
    (&["deb.", "debian.org"], "a registry's host"),
];

const STRAY: &[&str] = &[".profraw", ".orig", ".rej", ".swp", ".DS_Store", ".bak", ".log", ".pyc", "~"];

fn openings(tree: &Tree) -> Vec<String> {
    let opens_well = |text: &str| {
        let opening: Vec<_> =
            text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
        let paragraph = opening.split(|line| line.is_empty()).next().unwrap_or_default().join(" ");
        paragraph.ends_with('.') || paragraph.contains(". ")
    };
    let bad = tree.sources().filter(|file| !opens_well(&file.text));
    bad.map(|file| format!("{}: does not open with a `//!` sentence that ends with a full stop", file.path))
        .collect()
}

fn lengths(tree: &Tree) -> Vec<String> {
    let listed = |path: &str| LONG_FOR_A_REASON.iter().any(|(long, _)| *long == path);
    let long = tree.sources().filter(|file| !file.is_test() && !listed(&file.path));
    long.map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_SOURCE)
        .map(|(file, lines)| format!("{}: {lines} lines, {LONGEST_SOURCE} are allowed", file.path))
        .collect()
}

fn words(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    // Cargo writes the index into the lock file itself.
    for file in tree.0.iter().filter(|file| file.path != "Cargo.lock") {
        for (number, line) in file.lines() {
            for (halves, reason) in FORBIDDEN {
                let word = halves.concat();
                let inside = |at: usize| {
                    line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-}$".contains(before))
                };
                if line.match_indices(&word).any(|(at, _)| !inside(at)) {
                    found.push(format!("{}:{number}: `{word}`: {reason}", file.path));
                }
            }
        }
    }
    found
}

fn artefacts(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for file in &tree.0 {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        // A module is built, unless it is a test's own.
        let module = name.ends_with(".wasm") && !file.is_test();
        if module || STRAY.iter().any(|end| name.ends_with(end)) || name.contains(' ') {
            found.push(format!("{}: a stray artefact", file.path));
        }
        if file.bytes > LARGEST_FILE {
            found.push(format!("{}: {} bytes, {LARGEST_FILE} are allowed", file.path, file.bytes));
        }
    }
    found
}

#[test]
fn every_source_file_opens_with_a_sentence() {
    assert_kept(&openings(&Tree::of_repository()));
    let broken = Tree::of(&[
        ("a/src/lib.rs", "//! Well said, over\n//! two lines. More.\n"),
        ("a/src/none.rs", "use std::fs;\n"),
        ("a/src/no_stop.rs", "//! A heading\n//!\n//! And a sentence.\n"),
    ]);
    assert_caught(&openings(&broken), &["a/src/none.rs", "a/src/no_stop.rs"]);
}

#[test]
fn no_source_file_is_longer_than_400_lines() {
    assert_kept(&lengths(&Tree::of_repository()));
    let (long, fits) = ("\n".repeat(401), "\n".repeat(400));
    let broken =
        Tree::of(&[("a/src/long.rs", &long), ("a/src/fits.rs", &fits), ("a/src/long/tests.rs", &long)]);
    assert_caught(&lengths(&broken), &["a/src/long.rs: 401 lines"]);
}

#[test]
fn no_file_says_what_is_forbidden() {
    assert_kept(&words(&Tree::of_repository()));
    let place = ["/ro", "ot/x"].concat();
    let text = format!("fine: a{place}\n{}: later\nat {place}\n", ["TO", "DO"].concat());
    assert_caught(&words(&Tree::of(&[("README.md", &text)])), &["README.md:2", "README.md:3"]);
}

#[test]
fn no_stray_artefact_is_tracked() {
    assert_kept(&artefacts(&Tree::of_repository()));
    let large = "x".repeat(LARGEST_FILE + 1);
    let broken = Tree::of(&[
        ("default.profraw", ""),
        ("src/bytes copy.rs", ""),
        ("data.bin", &large),
        ("cli/a.wasm", ""),
        ("src/log.rs", ""),
    ]);
    assert_caught(
        &artefacts(&broken),
        &["default.profraw", "bytes copy.rs", "data.bin: 1048577 bytes", "cli/a.wasm"],
    );
}
