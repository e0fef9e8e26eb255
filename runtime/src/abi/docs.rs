//! The table of functions as a page of the docs, which a test keeps equal to the table.

use super::table::{AbiVersion, Chapter, EXPORTS, Export, IMPORTS, Import};
use std::fmt::Write as _;

/// The page.
fn page() -> String {
    let mut page = String::from(
        "# Functions of the ABI\n\nWritten by a test from the one table in code (`runtime/src/abi/table.rs`); after a \
         change there, `SNAPSHOTS=overwrite cargo test --workspace --lib abi::docs` writes it anew.\n\n\
         ## Host functions\n\nLetters are parameters: `i` i32, `I` i64. All but the marked ones answer a status. *yes*: \
         as in Envoy 1.40.0. *here*: this host has it for this version and Envoy does not; profiles of Envoy refuse \
         modules that import it. *not yet*: links, and answers `InternalFailure`.\n\n\
         | function | parameters | 0.1.0 | 0.2.0 | 0.2.1 |\n|---|---|---|---|---|\n",
    );
    let (wasi, own): (Vec<&Import>, Vec<_>) =
        IMPORTS.iter().partition(|import| import.chapter == Chapter::Wasi);
    rows(&mut page, &own);
    page.push_str(
        "\n## WASI\n\nUnder `wasi_snapshot_preview1` and `wasi_unstable`. Results are numbers of WASI; files and sockets \
         are not there, and answer so as Envoy does.\n\n\
         | function | parameters | 0.1.0 | 0.2.0 | 0.2.1 |\n|---|---|---|---|---|\n",
    );
    rows(&mut page, &wasi);
    page.push_str(
        "\n## Guest functions\n\nCalled where a plugin exports them. Header callbacks of 0.1.0 have two parameters or \
         three.\n\n| function | parameters | called |\n|---|---|---|\n",
    );
    for Export { name, params, result } in EXPORTS {
        let called = if is_called(name) { "yes" } else { "not yet" };
        let answers = if result.is_empty() { "" } else { " → i" };
        let _infallible = writeln!(page, "| `{name}` | `{params}`{answers} | {called} |");
    }
    page
}

fn rows(page: &mut String, imports: &[&Import]) {
    for import in imports {
        let cell = |version| match (import.is_there(), import.in_envoy(version)) {
            (false, _) => "not yet",
            (true, true) => "yes",
            (true, false) => "here",
        };
        let [first, second, third] = AbiVersion::ALL.map(cell);
        let params = if import.params.is_empty() { "–".to_owned() } else { format!("`{}`", import.params) };
        let silent = if import.result.is_empty() { " (no result)" } else { "" };
        let name = import.name;
        let _infallible = writeln!(page, "| `{name}`{silent} | {params} | {first} | {second} | {third} |");
    }
}

/// Whether the host looks the export up to call it.
#[cfg(feature = "wasm")]
fn is_called(name: &str) -> bool {
    include_str!("../vm/exports.rs").contains(&format!("\"{name}\""))
}

#[cfg(feature = "wasm")]
#[test]
fn the_docs_have_the_table() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/abi.md");
    if std::env::var_os("SNAPSHOTS").is_some_and(|mode| mode == "overwrite") {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        written,
        page(),
        "`SNAPSHOTS=overwrite cargo test --workspace --lib abi::docs` writes it anew"
    );
}
