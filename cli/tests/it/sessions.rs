//! What commands print: help texts and error messages.

use crate::console::play;
use crate::folder::Folder;
use crate::module::PASSING;

#[test]
fn every_command_explains_itself() {
    play("help", &Folder::new("help"));
}

#[test]
fn a_wrong_command_line_is_explained() {
    play("usage", &Folder::new("usage"));
}

#[test]
fn a_project_that_cannot_be_built_is_explained() {
    let folder = Folder::new("project");
    let manifest = |extra: &str| format!("[package]\nname = \"a\"\nedition = \"2024\"\n[workspace]\n{extra}");
    folder
        .write("rlib/Cargo.toml", manifest(""))
        .write("rlib/src/lib.rs", "")
        .write(
            "metadata/Cargo.toml",
            manifest("[lib]\ncrate-type = [\"cdylib\"]\n[package.metadata.mesh-filter]\ncluster = 1\n"),
        )
        .write("metadata/src/lib.rs", "")
        .write(
            "fast/Cargo.toml",
            manifest(
                "[lib]\ncrate-type = [\"cdylib\"]\n[package.metadata.mesh-filter]\nfast = [\"a\", \"b\"]\n",
            ),
        )
        .write("fast/src/lib.rs", "")
        .write("code/Cargo.toml", manifest("[lib]\ncrate-type = [\"cdylib\"]\n"))
        .write("code/src/lib.rs", "compile_error!(\"on purpose\");\n");
    play("project", &folder);
}

#[test]
fn a_name_or_folder_that_cannot_be_is_explained() {
    let folder = Folder::new("names");
    folder.write("taken/file.txt", "mine").write("file", "mine");
    play("new", &folder);
    assert_eq!(folder.read("taken/file.txt"), b"mine");
}

#[test]
fn manifests_and_what_istio_makes_of_them_are_printed() {
    let folder = Folder::new("manifests");
    folder.write("plugin.wasm", PASSING).write("ok.yaml", "limit: 1\n");
    play("manifest", &folder);
}

#[test]
fn a_file_that_is_no_module_is_explained() {
    let folder = Folder::new("modules");
    folder
        .write("empty.wasm", "")
        .write("short.wasm", b"\0asm\x01")
        .write("truncated.wasm", b"\0asm\x01\0\0\0\x01\x20\x02\x60")
        .write("invalid.wasm", b"\0asm\x01\0\0\0\x01\x02\x01\x11")
        .write("component.wasm", b"\0asm\x0d\0\x01\0")
        .write("gzip.wasm", b"\x1f\x8b\x08\0")
        .write("text.wasm", "(module)")
        .write("other.wasm", "PK")
        .write("nothing.wasm", b"\0asm\x01\0\0\0");
    play("modules", &folder);
}

#[test]
fn a_scenario_that_cannot_be_played_is_explained() {
    let folder = Folder::new("unplayable");
    let about = |filter: &str| {
        format!("version: 1\nfilter: {filter}\nscenarios: [{{name: a, steps: [{{request: {{}}}}]}}]\n")
    };
    folder
        .write("folder/notes.txt", "")
        .write("broken.test.yaml", "version: 1\nscenarioz: []\n")
        .write("module.test.yaml", about("empty.wasm"))
        .write("empty.wasm", b"\0asm\x01\0\0\0")
        .write("good.test.yaml", about("empty.wasm"));
    play("scenarios", &folder);
}

#[test]
fn what_cannot_be_run_is_explained() {
    let folder = Folder::new("unrunnable");
    folder
        .write("plugin.wasm", PASSING)
        .write("empty.wasm", "")
        .write("broken.yaml", "static_resources:\n  listenerz: []\n")
        .write("broken.json", "{\"a\": }");
    play("run", &folder);
}
