//! A plugin built by the AssemblyScript compiler with its stock SDK: in this proxy, and in Envoy where it is there.
//!
//! Its module has a start section, `malloc` instead of `proxy_on_memory_allocate`, and imports from `wasi_unstable`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::bootstrap::{Filter, listener};
use crate::support::build::{program, root};
use crate::support::client::exchange;
use crate::support::compare::mask;
use crate::support::host;
use crate::support::message::Message;
use crate::support::world::{World, folder, routes};

const NAME: &str = "assemblyscript";
const REQUEST: &[u8] = b"GET /echo?a=1 HTTP/1.1\r\nhost: example.com\r\nx-seen: 1\r\n\r\n";

/// How long a line may take from the plugin to the file.
const PATIENCE: Duration = Duration::from_secs(20);

/// The folder `node_modules` with the compiler and the SDK: in `$ASSEMBLYSCRIPT`, or where `cargo xtask test` puts it.
fn packages() -> Option<PathBuf> {
    let home = std::env::var_os("ASSEMBLYSCRIPT").map(PathBuf::from);
    let packages = home.unwrap_or_else(|| root().join("target/assemblyscript/0.17.14")).join("node_modules");
    packages.is_dir().then_some(packages)
}

fn compile(packages: &Path) -> PathBuf {
    let module = folder(NAME).join("plugin.wasm");
    std::fs::create_dir_all(folder(NAME)).unwrap();
    let mut node = Command::new("node");
    node.arg(packages.join("assemblyscript/bin/asc")).arg("index.ts");
    node.args(["--use", "abort=abort_proc_exit", "--optimize", "--path"]).arg(packages);
    node.arg("--binaryFile").arg(&module).current_dir(root().join("tests/fixtures/assemblyscript"));
    let output = node.stdin(Stdio::null()).output().expect("node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    module
}

/// What upstream, client and log got.
fn seen(world: &World) -> String {
    let reply = exchange(world.host.listener(NAME), REQUEST).unwrap();
    let requests: Vec<_> = world.upstream.take().iter().map(Message::shown).collect();
    let log = line(world, "asked for ");
    mask(&format!("upstream saw:\n{}\nclient got:\n{}\nlog: {log}", requests.join("\n"), reply.shown()))
}

/// A line of the plugin, from the words `wasm log` on.
fn line(world: &World, part: &str) -> String {
    let begun = Instant::now();
    loop {
        let log = std::fs::read_to_string(&world.host.log).unwrap();
        let mut lines = log.lines().filter(|line| line.contains(part));
        if let Some((_, line)) = lines.next().and_then(|line| line.split_once("wasm log")) {
            return line.to_owned();
        }
        assert!(begun.elapsed() < PATIENCE, "no line with `{part}` in the log:\n{log}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn a_plugin_in_assemblyscript_runs_as_it_does_in_envoy() {
    let Some(packages) = packages() else {
        eprintln!("SKIPPED: no AssemblyScript: set `$ASSEMBLYSCRIPT` or run `cargo xtask test`");
        return;
    };
    let filter = Filter::new(NAME, &compile(&packages), "some settings");
    let listeners = [listener(NAME, &[filter], &routes(), &json!({}))];
    let ours = seen(&World::start(&program("mesh-filter-proxy"), NAME, "ours", &listeners));
    assert_eq!(ours.matches("x-plugin: some settings").count(), 2, "{ours}");
    assert!(ours.contains("x-seen: 1") && ours.ends_with("asked for /echo?a=1"), "{ours}");
    if let Some(envoy) = host::envoy() {
        assert_eq!(ours, seen(&World::start(&envoy, NAME, "envoy", &listeners)));
    }
}
