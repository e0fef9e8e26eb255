//! Plays recorded sessions: the lines after `$` are run, and what they print is compared.
//!
//! A session file holds what a terminal would show. `? 2` after a command is its exit code, where
//! that is not 0; standard output comes before standard error. `SNAPSHOTS=overwrite cargo test`
//! writes what is printed now.

use std::path::Path;

use snapbox::Data;

use crate::folder::Folder;

/// Plays `tests/cmd/<name>.console` in a folder.
pub(crate) fn play(name: &str, folder: &Folder) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cmd/{name}.console"));
    let recorded =
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut played = String::new();
    for command in recorded.lines().filter_map(|line| line.strip_prefix("$ ")) {
        if !played.is_empty() {
            played.push('\n');
        }
        played.push_str(&format!("$ {command}\n{}", run(command, folder)));
    }
    snapbox::Assert::new().action_env("SNAPSHOTS").eq(played, Data::read_from(&file, None).raw());
}

fn run(command: &str, folder: &Folder) -> String {
    let words: Vec<_> = command.split_whitespace().collect();
    assert_eq!(words[..2], ["cargo", "mesh-filter"], "{command}");
    // Words after `cargo` are what cargo itself passes on.
    let output = folder.command("").args(&words[1..]).env("COLUMNS", "100").output().unwrap();
    let mut text = match output.status.code() {
        Some(0) => String::new(),
        code => format!("? {}\n", code.expect("an exit code")),
    };
    for stream in [output.stdout, output.stderr] {
        text.push_str(&String::from_utf8(stream).unwrap());
    }
    text.replace(&folder.path().display().to_string(), "[FOLDER]")
}
