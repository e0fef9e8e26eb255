//! Rules about where certain code may stand: `unsafe`, the Wasm engine, HTTP types, printing.

use super::{File, Tree, assert_caught, assert_kept};

/// Where a word may stand in code; nowhere else outside tests.
struct Place {
    word: &'static str,
    only_in: &'static [&'static str],
}

const PLACES: &[Place] = &[
    // The SDK's imports and exports are its only unsafe code, and the guests' imports theirs.
    // `register!` has the name of the one export that knows the filter. The harness meets native
    // plugins of another SDK where the linker lets it: in its hostcalls and its callbacks.
    Place {
        word: "unsafe",
        only_in: &[
            "sdk/src/host/wasm",
            "sdk/src/exports.rs",
            "sdk/src/lib.rs",
            "tests/guests/",
            // Envoy's clock library: the C library's functions, and a page of shared memory.
            "runtime/test/src/envoy/preload.rs",
            "runtime/test/src/proxy_wasm/symbols.rs",
            "runtime/test/src/proxy_wasm/memory.rs",
            "runtime/test/src/proxy_wasm/callbacks.rs",
        ],
    },
    Place { word: "wasmtime::", only_in: &["runtime/src/vm/", "runtime/src/hostcalls/"] },
    Place { word: "hyper::", only_in: &["runtime/src/proxy/"] },
    // Beside the proxy: client and servers of a real Envoy.
    Place { word: "http::", only_in: &["runtime/src/proxy/", "runtime/test/src/envoy/"] },
    // Libraries return values and emit events; the CLI prints in one place.
    Place { word: "println!", only_in: &["cli/src/output.rs", "xtask/", "tests/"] },
    Place {
        word: "eprintln!",
        // The last words of a test program whose plugin panicked.
        only_in: &[
            "cli/src/output.rs",
            "xtask/",
            "tests/",
            "runtime/src/bin/",
            "runtime/test/src/proxy_wasm/vm.rs",
        ],
    },
    Place { word: "print!", only_in: &["cli/src/output.rs", "xtask/", "tests/"] },
];

/// The line without comments and without what stands in quotes.
fn code(line: &str) -> String {
    let mut code = String::new();
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if quoted => {
                characters.next();
            }
            '\'' if !quoted && characters.peek() == Some(&'"') => {
                characters.next();
            }
            '"' => quoted = !quoted,
            '/' if !quoted && characters.peek() == Some(&'/') => break,
            _ if quoted => {}
            _ => code.push(character),
        }
    }
    code
}

fn contains_word(code: &str, word: &str) -> bool {
    let part_of_name = |character: char| character.is_alphanumeric() || character == '_';
    code.match_indices(word).any(|(at, _)| {
        let follows_name = code[..at].ends_with(|before: char| part_of_name(before) || before == ':');
        let goes_on = word.ends_with(part_of_name) && code[at + word.len()..].starts_with(part_of_name);
        !follows_name && !goes_on
    })
}

/// The lines of a file before its own test module.
fn shipped_lines(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let whole = file.is_test();
    file.lines().take_while(move |(_, line)| whole || line.trim() != "#[cfg(test)]")
}

fn places(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for file in tree.sources() {
        for (number, line) in shipped_lines(file) {
            let code = code(line);
            for Place { word, only_in } in PLACES {
                let allowed = only_in.iter().any(|place| file.path.starts_with(place));
                let test_of_its_own = file.is_test() && *word != "unsafe";
                if !allowed && !test_of_its_own && contains_word(&code, word) {
                    found.push(format!("{}:{number}: `{word}` outside {only_in:?}", file.path));
                }
            }
        }
    }
    found
}

/// Each unsafe block has, within the three lines before it or on its own, a comment that proves it.
fn proofs(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for file in tree.sources() {
        let lines: Vec<_> = file.text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let code = code(line);
            let block = contains_word(&code, "unsafe") && code.contains("unsafe {");
            let near = &lines[index.saturating_sub(3)..=index];
            if block && !near.iter().any(|line| line.contains("SAFETY:")) {
                found.push(format!(
                    "{}:{}: an unsafe block without a `SAFETY:` comment",
                    file.path,
                    index + 1
                ));
            }
        }
    }
    found
}

#[test]
fn certain_words_stand_only_in_their_places() {
    assert_kept(&places(&Tree::of_repository()));
    let broken = Tree::of(&[
        ("runtime/src/vm/engine.rs", "use wasmtime::Engine;\n"),
        ("runtime/src/host/log.rs", "// wasmtime::Engine is not here\nuse wasmtime::Engine;\n"),
        (
            "runtime/src/chain.rs",
            "let type_url = \"http::x\";\nfn f(h: http::HeaderMap) { unsafe { g() } }\n",
        ),
        ("cli/src/commands/new.rs", "println!(\"hello\");\n#[cfg(test)]\nmod tests { println!() }\n"),
        ("runtime/tests/it/vm.rs", "use wasmtime::Engine;\n"),
    ]);
    let caught =
        ["log.rs:2: `wasmtime::`", "chain.rs:2: `unsafe`", "chain.rs:2: `http::`", "new.rs:1: `println!`"];
    assert_caught(&places(&broken), &caught);
}

#[test]
fn every_unsafe_block_is_proved_where_it_stands() {
    assert_kept(&proofs(&Tree::of_repository()));
    let broken = Tree::of(&[(
        "sdk/src/host/wasm.rs",
        "// SAFETY: no pointers.\nunsafe { f() };\n\n\n\nunsafe { g() };\n",
    )]);
    assert_caught(&proofs(&broken), &["wasm.rs:6"]);
}
