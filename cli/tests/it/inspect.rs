//! `inspect`: modules that lie in wait.

use crate::folder::Folder;
use crate::module::{NOT_IN_ENVOY, UNKNOWN};

/// Every prefix of a module is refused or shown; none ends the program in another way.
#[test]
fn a_module_cut_anywhere_ends_with_an_error_or_a_report() {
    let folder = Folder::new("cut");
    let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x05\x01\x01a\0\0\x0a\x04\x01\x02\0\x0b\0\x05\x04nameX";
    for end in 0..=module.len() {
        folder.write("cut.wasm", &module[..end]);
        let output = folder.command("").args(["inspect", "cut.wasm"]).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 2)), "cut at {end}: {output:?}");
    }
}

/// Whether `inspect` says that proxies of a profile load the module, and the names of its warnings.
fn inspected(module: &[u8], profile: &str) -> (bool, Vec<String>) {
    let folder = Folder::new(&format!("inspected-{profile}"));
    folder.write("plugin.wasm", module);
    let arguments = ["inspect", "plugin.wasm", "--format", "json", "--profile", profile];
    let output = folder.command("").args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["profile"], profile);
    let warnings = report["warnings"].as_array().unwrap().iter();
    let names = warnings.map(|warning| warning["name"].as_str().unwrap().to_owned()).collect();
    (report["loads"].as_bool().unwrap(), names)
}

#[test]
fn what_a_profile_refuses_does_not_load() {
    let folder = Folder::new("profiles");
    for (module, name) in [(UNKNOWN, "unknown-import"), (NOT_IN_ENVOY, "import-not-in-envoy")] {
        for profile in ["tolerant", "envoy", "istio", "envoy-gateway"] {
            let tolerant = profile == "tolerant";
            assert_eq!(inspected(module, profile), (tolerant, vec![name.to_owned()]), "{profile}");
            // The engine is of the same opinion.
            let scenario = "version: 1\nfilter: p.wasm\nscenarios: [{name: a, steps: [{request: {}}]}]";
            folder.write("p.wasm", module).write("a.test.yaml", scenario);
            let output =
                folder.command("").args(["test", "a.test.yaml", "--profile", profile]).output().unwrap();
            assert_eq!(output.status.code(), Some(if tolerant { 0 } else { 2 }), "{output:?}");
            let help = format!("--profile {profile}");
            assert!(tolerant || String::from_utf8_lossy(&output.stderr).contains(&help), "{output:?}");
        }
    }
}
