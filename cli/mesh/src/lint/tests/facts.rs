//! An image and a module with which nothing is wrong.

use serde_json::json;

use super::super::{Image, Loaded, Module, Plugin};

/// The digest of the image's manifest, without `sha256:`.
pub(super) const MANIFEST: &str = "1111111111111111111111111111111111111111111111111111111111111111";
/// The module's.
pub(super) const MODULE: &str = "abcd222222222222222222222222222222222222222222222222222222222222";

pub(super) fn good_module() -> Module {
    let export = |name: &str, signature: &str| (name.to_owned(), signature.to_owned());
    let import = |from: &str, name: &str, signature: &str| {
        (from.to_owned(), name.to_owned(), Some(signature.to_owned()))
    };
    Module {
        name: "plugin.wasm".to_owned(),
        bytes: 100_000,
        imports: vec![
            import("env", "proxy_log", "iii->i"),
            import("wasi_snapshot_preview1", "fd_write", "iiii->i"),
        ],
        exports: vec![
            export("proxy_abi_version_0_2_1", "->"),
            export("proxy_on_memory_allocate", "i->i"),
            export("_initialize", "->"),
            export("proxy_on_request_headers", "iii->i"),
        ],
        ..Module::default()
    }
}

pub(super) fn image() -> Image {
    let digest = |hex: &str| format!("sha256:{hex}");
    let schema = json!({
        "type": "object", "additionalProperties": false,
        "properties": {"a": {"type": "integer"}, "big": true, "_rules_": true},
    });
    let loaded = Loaded {
        digest: digest(MANIFEST),
        config: digest(&"3".repeat(64)),
        layers: vec![digest(&"4".repeat(64))],
        module: good_module(),
        module_digest: digest(MODULE),
        plugin: Some(Plugin { root_ids: vec!["root".to_owned()], phase: None, schema: Some(schema) }),
    };
    Image { loaded: Some(loaded), ..Image::default() }
}
