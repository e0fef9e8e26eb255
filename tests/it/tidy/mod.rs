//! House rules, kept by tests. Each rule is a function from a tree of files to what it finds wrong.
//!
//! A rule has two tests: one that the repository keeps it, and one that a tree which breaks it is caught.

mod arrows;
mod code;
mod filters;
mod manifests;
mod pairs;
mod text;

use std::process::Command;

use crate::support::build::root;

/// The files of a repository, by their path from its root.
struct Tree(Vec<File>);

struct File {
    path: String,
    /// Empty for a file that is not text.
    text: String,
    bytes: usize,
}

impl Tree {
    /// What git tracks here, and what it would track.
    fn of_repository() -> Self {
        let listed = Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .current_dir(root())
            .output()
            .expect("git runs");
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        let paths = String::from_utf8(listed.stdout).unwrap();
        let mut paths: Vec<_> = paths.lines().collect();
        paths.sort_unstable();
        paths.dedup();
        assert!(paths.len() > 10, "git lists only {paths:?}");
        // A listed file may have been deleted in the work tree.
        let read = |path: &&str| std::fs::read(root().join(path)).ok();
        Self(paths.iter().filter_map(|path| Some(File::new(path, read(path)?))).collect())
    }

    /// A made-up repository.
    fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| File::new(path, text.as_bytes().to_vec())).collect())
    }

    fn sources(&self) -> impl Iterator<Item = &File> {
        self.0.iter().filter(|file| file.path.ends_with(".rs"))
    }

    fn get(&self, path: &str) -> &str {
        self.0.iter().find(|file| file.path == path).map_or("", |file| &file.text)
    }
}

impl File {
    fn new(path: &str, content: Vec<u8>) -> Self {
        let bytes = content.len();
        Self { path: path.to_owned(), text: String::from_utf8(content).unwrap_or_default(), bytes }
    }

    /// Whether this is test code: an integration test, a unit test in a file of its own, or a guest for tests.
    fn is_test(&self) -> bool {
        let path = &self.path;
        path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
    }

    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// Fails with everything that a rule found.
#[track_caller]
fn assert_kept(found: &[String]) {
    assert!(found.is_empty(), "{} broken:\n{}", found.len(), found.join("\n"));
}

/// Fails unless a rule found exactly these things, given by a part of each sentence.
#[track_caller]
fn assert_caught(found: &[String], parts: &[&str]) {
    let all =
        parts.len() == found.len() && parts.iter().zip(found).all(|(part, sentence)| sentence.contains(part));
    assert!(all, "expected {parts:#?}\nfound {found:#?}");
}
