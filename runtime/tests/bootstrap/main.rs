//! The subset of Envoy's bootstrap: what is refused, with which error, and what is accepted.
//!
//! Where `$ENVOY` names an Envoy, every accepted configuration is also given to it, as it stands and
//! as [`Bootstrap::to_yaml`] writes it: what is accepted here must be accepted there.

#![cfg(feature = "proxy")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::path::{Path, PathBuf};
use std::process::Command;

use mesh_filter_runtime::document::Document;
use mesh_filter_runtime::proxy::config::{Bootstrap, Cluster, FailurePolicy, Plugin, Setup};

use accepted::ACCEPTED;
use broken::BROKEN;

mod accepted;
mod broken;

const BASE: &str = include_str!("base.yaml");
const FULL: &str = include_str!("full.yaml");
const HTTP: &str = "static_resources.listeners[0].filter_chains[0].filters[0].typed_config";

/// The smallest module that Envoy runs: its contexts do nothing.
const MODULE: &[u8] = b"\0asm\x01\0\0\0\
    \x01\x14\x04`\0\0`\x01\x7f\x01\x7f`\x02\x7f\x7f\0`\x02\x7f\x7f\x01\x7f\
    \x03\x06\x05\0\x01\x02\x03\x03\
    \x05\x03\x01\0\x02\
    \x07\x82\x01\x06\
    \x17proxy_abi_version_0_2_1\0\0\
    \x18proxy_on_memory_allocate\0\x01\
    \x17proxy_on_context_create\0\x02\
    \x11proxy_on_vm_start\0\x03\
    \x12proxy_on_configure\0\x04\
    \x06memory\x02\0\
    \x0a\x17\x05\x02\0\x0b\x05\0A\x80\x08\x0b\x02\0\x0b\x04\0A\x01\x0b\x04\0A\x01\x0b";

/// A change to the base: the first is replaced by the second, once.
type Change = (&'static str, &'static str);

fn changed(what: &str, changes: &[Change]) -> String {
    let mut text = BASE.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{what}: the base has no `{from}`");
        text = text.replacen(from, to, 1);
    }
    with_module(&text)
}

fn with_module(text: &str) -> String {
    text.replace("filename: MODULE", &format!("filename: {}", module().display()))
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bootstrap");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A file for one test: tests run at the same time, each on a thread of its own.
fn file(name: &str) -> PathBuf {
    let folder = folder().join(format!("{:?}", std::thread::current().id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name.replace('/', " "))
}

/// The module as a file. Written under another name first: tests run at the same time.
fn module() -> PathBuf {
    let path = folder().join("noop.wasm");
    if !path.exists() {
        let unique = folder().join(format!("{:?}.wasm", std::thread::current().id()));
        std::fs::write(&unique, MODULE).unwrap();
        std::fs::rename(&unique, &path).unwrap();
    }
    path
}

/// Every accepted configuration with a name.
fn accepted() -> Vec<(String, String)> {
    let varied =
        ACCEPTED.iter().map(|case| (format!("{}.yaml", case.what), changed(case.what, case.changes)));
    let whole = [("the base.yaml", BASE), ("nearly every field.yaml", FULL)];
    let json = Document::parse("base.yaml", BASE).unwrap().root().to_json().unwrap();
    let json = (
        "JSON.json".to_owned(),
        with_module(&json.to_string().replace("\"MODULE\"", &format!("{:?}", module()))),
    );
    varied.chain(whole.map(|(name, text)| (name.to_owned(), with_module(text)))).chain([json]).collect()
}

fn read(name: &str, text: &str) -> Bootstrap {
    let path = file(name);
    std::fs::write(&path, text).unwrap();
    Bootstrap::load(&path).unwrap_or_else(|error| panic!("{name}: {}", error.render()))
}

#[test]
fn broken_configurations_are_refused_with_line_and_path() {
    let mut wrong = Vec::new();
    for case in BROKEN {
        let expected = case
            .error
            .replace("@HTTP", HTTP)
            .replace("@PLUGIN", &format!("{HTTP}.http_filters[0].typed_config.config"));
        let error = match Bootstrap::parse("file", &changed(case.what, case.changes)) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        if error != format!("file:{expected}") {
            wrong.push(format!("{}:\n  expected file:{expected}\n  got      {error}", case.what));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(BROKEN.len() >= 45);
}

#[test]
fn accepted_configurations_read_back_equal_from_what_they_are_written_as() {
    let cases = accepted();
    assert!(cases.len() >= 25);
    for (name, text) in cases {
        let bootstrap = read(&name, &text);
        let written = bootstrap.to_yaml();
        let again = Bootstrap::parse(&name, &written).map_err(|error| error.render());
        assert_eq!(again, Ok(bootstrap), "{name}:\n{written}");
    }
}

#[test]
fn envoy_accepts_every_accepted_configuration() {
    let Some(envoy) = std::env::var_os("ENVOY") else {
        eprintln!("SKIPPED: no Envoy: set `$ENVOY` or run `cargo xtask test`");
        return;
    };
    let mut refused = Vec::new();
    let mut validate = |name: String, text: &str| {
        let path = file(&name);
        std::fs::write(&path, text).unwrap();
        let output = Command::new(&envoy)
            .args(["--mode", "validate", "--log-level", "error", "-c"])
            .arg(&path)
            .output()
            .expect("`$ENVOY` runs");
        if !output.status.success() {
            refused.push(format!("{name}:\n{}", String::from_utf8_lossy(&output.stderr)));
        }
    };
    for (name, text) in accepted() {
        let written = read(&name, &text).to_yaml();
        validate(name.clone(), &text);
        validate(format!("written {name}.yaml"), &written);
    }
    validate("generated.yaml".to_owned(), &generated().to_yaml());
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn what_flags_say_reads_back_equal() {
    let bootstrap = generated();
    let yaml = bootstrap.to_yaml();
    assert_eq!(
        Bootstrap::parse("generated.yaml", &yaml).map_err(|error| error.render()),
        Ok(bootstrap),
        "{yaml}"
    );
}

fn generated() -> Bootstrap {
    let mut plugin = Plugin::from_file("0x1f", module());
    plugin.configuration = b"{\n  \"header\": \"x-a: b\"\n}\n".to_vec();
    plugin.allow_on_headers_stop_iteration = true;
    plugin.failure_policy = FailurePolicy::FailOpen;
    plugin.vm.vm_id = "yes".to_owned();
    plugin.vm.environment = vec![("MESH_FILTER_HOLD_HEADERS".to_owned(), "1".to_owned())];
    let mut second = Plugin::from_file("second: #2", module());
    second.configuration = vec![0xff, 0, 1];
    second.allowed_capabilities = vec!["proxy_log".to_owned(), "proxy_on_vm_start".to_owned()];
    let setup = Setup {
        listen: "127.0.0.1:10000".parse().unwrap(),
        admin: Some("[::1]:9901".parse().unwrap()),
        plugins: vec![plugin, second],
        upstream: Cluster { http2: true, ..Cluster::of("upstream", "127.0.0.1", 8080) },
        clusters: vec![Cluster::of("buckets", "localhost", 9090)],
    };
    setup.bootstrap()
}
