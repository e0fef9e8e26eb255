//! Plugins that are broken or do harm: a clear error at the start, or a 503 within a bound, and nobody else suffers.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::bootstrap::{self, Filter, listener};
use crate::support::build::{guest, program, root};
use crate::support::client::exchange;
use crate::support::host::Host;
use crate::support::upstream::{Answer, Then, Upstream};

/// Far more than the limits on CPU time and memory allow a harmful callback.
const BOUND: Duration = Duration::from_secs(15);

/// A module with a marker and an allocator, but no memory.
const WITHOUT_MEMORY: &[u8] = b"\0asm\x01\0\0\0\
    \x01\x09\x02\x60\0\0\x60\x01\x7f\x01\x7f\
    \x03\x03\x02\x00\x01\
    \x07\x24\x02\x17proxy_abi_version_0_2_1\0\0\x06malloc\0\x01\
    \x0a\x09\x02\x02\0\x0b\x04\0\x41\0\x0b";

fn folder(name: &str) -> PathBuf {
    let folder = root().join("target/acceptance").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn upstream() -> Upstream {
    Upstream::start(|_, _| Answer {
        bytes: b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec(),
        then: Then::KeepAlive,
    })
}

fn routes() -> Value {
    json!([{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}]}])
}

/// The status of a POST whose header `x-in` chooses the callback that does harm.
fn status(address: SocketAddr, callback: &str) -> u16 {
    let request = format!("POST / HTTP/1.1\r\nhost: a\r\nx-in: {callback}\r\ncontent-length: 2\r\n\r\nhi");
    exchange(address, request.as_bytes()).unwrap().messages.last().map_or(0, |message| message.status())
}

#[test]
fn a_harmful_plugin_answers_503_within_a_bound_and_others_go_on() {
    let upstream = upstream();
    let callbacks = ["request_headers", "request_body", "response_headers", "context_create"];
    let cases: Vec<_> = ["trap", "spin", "hog"]
        .into_iter()
        .flat_map(|name| callbacks.map(|callback| (format!("{name} in {callback}"), name, callback)))
        .collect();
    let mut listeners: Vec<_> = cases
        .iter()
        .map(|(name, module, callback)| {
            let filter = Filter::new(name, &guest(module), &format!("in {callback}"));
            listener(name, &[filter], &routes(), &json!({}))
        })
        .collect();
    listeners.push(listener("plain", &[], &routes(), &json!({})));
    let file = folder("harm").join("bootstrap.json");
    bootstrap::write(&file, &listeners, &[bootstrap::cluster("upstream", &[upstream.address])]);
    let program = program("mesh-filter-proxy");
    let host = Host::start(&program, &file, "ours");

    for (name, _, callback) in &cases {
        let begun = Instant::now();
        assert_eq!(status(host.listener(name), callback), 503, "{name}");
        assert!(begun.elapsed() < BOUND, "{name} took {:?}", begun.elapsed());
        assert_eq!(status(host.listener(name), ""), 503, "the stream after {name}");
        assert_eq!(status(host.listener("plain"), ""), 200, "without filter, after {name}");
    }
}

#[test]
fn a_plugin_that_fails_open_lets_later_streams_pass() {
    let upstream = upstream();
    let mut filter = Filter::new("trap", &guest("trap"), "");
    filter.fail_open = true;
    let file = folder("harm-open").join("bootstrap.json");
    let listeners = [listener("trap", &[filter], &routes(), &json!({}))];
    bootstrap::write(&file, &listeners, &[bootstrap::cluster("upstream", &[upstream.address])]);
    let program = program("mesh-filter-proxy");
    let host = Host::start(&program, &file, "ours");

    assert_eq!(status(host.listener("trap"), ""), 200, "before");
    assert_eq!(status(host.listener("trap"), "request_headers"), 503, "the stream that traps");
    assert_eq!(status(host.listener("trap"), ""), 200, "after");
}

/// What the proxy says to a module that it cannot run: all of standard error.
fn refusal(program: &Path, name: &str, module: &Path, configuration: &str) -> String {
    let folder = folder("harm-at-start");
    let file = folder.join(format!("{name}.json"));
    let filter = Filter::new("guilty", module, configuration);
    bootstrap::write(
        &file,
        &[listener("main", &[filter], &routes(), &json!({}))],
        &[bootstrap::cluster("upstream", &[])],
    );
    let log = folder.join(format!("{name}.log"));
    let mut command = Command::new(program);
    command.arg("-c").arg(&file).stdin(Stdio::null()).stdout(Stdio::null());
    let mut process = command.stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    let begun = Instant::now();
    let ended = loop {
        match process.try_wait().unwrap() {
            Some(ended) => break ended,
            None if begun.elapsed() > BOUND => {
                process.kill().unwrap();
                break process.wait().unwrap();
            }
            None => std::thread::park_timeout(Duration::from_millis(5)),
        }
    };
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(ended.code().is_some_and(|code| code != 0), "{name}: {ended}, and said:\n{said}");
    said
}

#[test]
fn a_module_that_cannot_run_is_refused_with_a_clear_error() {
    let program = program("mesh-filter-proxy");
    let folder = folder("harm-at-start");
    let noop = std::fs::read(guest("noop")).unwrap();
    let files: [(&str, &[u8], &str); 5] = [
        ("empty", b"", "empty"),
        ("text", b"#!/bin/sh\necho hello\n", "not webassembly"),
        ("truncated", &noop[..noop.len() / 2], "truncated"),
        ("unmarked", b"\0asm\x01\0\0\0", "proxy_abi_version"),
        ("memoryless", WITHOUT_MEMORY, "memory"),
    ];
    for (name, bytes, clear) in files {
        let module = folder.join(name).with_extension("wasm");
        std::fs::write(&module, bytes).unwrap();
        let said = refusal(&program, name, &module, "");
        assert!(
            said.contains("guilty") || said.contains(name),
            "{name}: the error names neither plugin nor module:\n{said}"
        );
        assert!(said.to_lowercase().contains(clear), "{name}: the error does not say `{clear}`:\n{said}");
    }
    let missing = refusal(&program, "missing", &folder.join("nowhere.wasm"), "");
    assert!(missing.contains("nowhere.wasm"), "{missing}");
}

#[test]
fn a_plugin_that_does_not_start_is_refused_with_a_clear_error() {
    let program = program("mesh-filter-proxy");
    let cases: [(&str, &str, &[&str]); 5] = [
        ("refuse", "", &["configure"]),
        ("refuse_vm", "", &["vm_start"]),
        ("trap", "in configure", &["asked to"]),
        ("spin", "in configure", &["cpu"]),
        // On a busy machine the pages of 1 GiB cost more CPU time than a call may use.
        ("hog", "in configure", &["memory", "cpu"]),
    ];
    for (module, configuration, clear) in cases {
        let said = refusal(&program, module, &guest(module), configuration);
        assert!(said.contains("guilty"), "{module}: the error does not name the plugin:\n{said}");
        let lower = said.to_lowercase();
        assert!(
            clear.iter().any(|word| lower.contains(word)),
            "{module}: the error says none of {clear:?}:\n{said}"
        );
    }
}
