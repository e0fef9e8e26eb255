//! `build`: the same bytes everywhere.

use std::path::Path;

use crate::folder::{Folder, succeed};

/// A plugin that has everything by which a machine could get into a module: a panic in its own
/// code, in a path dependency outside the workspace, in a registry's crate, in generated code.
fn write_filter(folder: &Folder, place: &str) {
    let file = |path: &str, text: &str| {
        folder.write(&format!("{place}/{path}"), text);
    };
    file(
        "filter/Cargo.toml",
        "[package]\nname = \"same-bytes\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
         [dependencies]\nproxy-wasm = \"0.2.5\"\noutside = { path = \"../outside\" }\n[workspace]\n",
    );
    file(
        "filter/build.rs",
        "fn main() {\n    let out = std::env::var_os(\"OUT_DIR\").unwrap();\n    \
         let code = \"fn generated(n: usize) -> usize { assert!(n < 9); std::any::type_name::<Kind>().len() } struct Kind;\";\n    \
         std::fs::write(std::path::Path::new(&out).join(\"generated.rs\"), code).unwrap();\n}\n",
    );
    file(
        "filter/src/lib.rs",
        "use proxy_wasm::traits::*;\nuse proxy_wasm::types::*;\ninclude!(concat!(env!(\"OUT_DIR\"), \"/generated.rs\"));\n\
         proxy_wasm::main! {{ proxy_wasm::set_http_context(|_, _| Box::new(Stream)); }}\nstruct Stream;\n\
         impl Context for Stream {}\nimpl HttpContext for Stream {\n    \
         fn on_http_request_headers(&mut self, n: usize, _: bool) -> Action {\n        \
         assert!(outside::check(n) > generated(n), \"own\");\n        Action::Continue\n    }\n}\n",
    );
    file("outside/Cargo.toml", "[package]\nname = \"outside\"\nversion = \"1.2.3\"\nedition = \"2024\"\n");
    file(
        "outside/src/lib.rs",
        "use std::any::Any;\nstruct Kind(usize);\n#[inline(never)]\npub fn check(n: usize) -> usize {\n    assert!(n < 1000, \"many\");\n    \
         let kind: Box<dyn Any> = Box::new(Kind(n));\n    format!(\"{:?}\", kind.type_id()).len() + kind.downcast::<Kind>().map_or(0, |kind| kind.0)\n}\n",
    );
}

fn cargo_home() -> std::path::PathBuf {
    std::env::var_os("CARGO_HOME").map_or_else(|| std::env::home_dir().unwrap().join(".cargo"), Into::into)
}

#[cfg(unix)]
#[test]
fn two_folders_and_two_cargo_homes_give_the_same_bytes() {
    let folder = Folder::new("same-bytes");
    write_filter(&folder, "one");
    write_filter(&folder, "somewhere/else/entirely");
    folder.write("another-home/.keep", "");
    let other_home = folder.path().join("another-home");
    std::os::unix::fs::symlink(cargo_home().join("registry"), other_home.join("registry")).unwrap();

    let build = |place: &str, home: &Path| {
        let mut command = folder.command(place);
        succeed(
            command.args(["mesh-filter", "build", "--offline", "--format", "json"]).env("CARGO_HOME", home),
        )
    };
    let output = build("one/filter", &cargo_home());
    build("somewhere/else/entirely/filter", &other_home);

    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["artifacts"][0]["package"], "same-bytes");
    for file in ["same-bytes.wasm", "same-bytes.symbols.wasm"] {
        let one = folder.read(&format!("one/filter/target/mesh-filter/{file}"));
        let other = folder.read(&format!("somewhere/else/entirely/filter/target/mesh-filter/{file}"));
        assert!(one == other, "{file} differs");
        let text = String::from_utf8_lossy(&one);
        for path in [folder.path(), &cargo_home()] {
            assert!(!text.contains(&*path.to_string_lossy()), "{file} holds {}", path.display());
        }
        assert!(text.contains("/deps/outside-1.2.3/src/lib.rs"), "{file}");
    }

    let report = succeed(folder.command("one/filter/target/mesh-filter").args([
        "inspect",
        "same-bytes.wasm",
        "--format",
        "json",
    ]));
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report["abi_version"], "0.2.1");
    assert_eq!(report["warnings"], serde_json::json!([]));
    assert_eq!(report["names_from"], "same-bytes.symbols.wasm");
    let crates: Vec<_> =
        report["sizes"]["crates"].as_array().unwrap().iter().map(|share| share["name"].clone()).collect();
    assert!(crates.contains(&"proxy_wasm".into()) && crates.contains(&"outside".into()), "{crates:?}");
}
