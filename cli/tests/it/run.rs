//! `run`: from a module to a proxy that answers, and to its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::folder::Folder;
use crate::module::PASSING;

/// The real Envoy, if there is one: `$ENVOY`, or where `cargo xtask test` puts it.
pub(crate) fn envoy() -> Option<PathBuf> {
    let brought = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/envoy/1.40.0/envoy/_bin/envoy");
    let envoy = std::env::var_os("ENVOY").map(PathBuf::from).or_else(|| brought.is_file().then_some(brought));
    if envoy.is_none() {
        eprintln!("SKIPPED: no Envoy: set `$ENVOY` or run `cargo xtask test`");
    }
    envoy
}

/// A running proxy; killed where a test fails.
pub(crate) struct Proxy(Child);

impl Proxy {
    /// Starts the command and reads where it listens.
    pub(crate) fn start(command: &mut Command) -> (Self, String) {
        let mut proxy = Self(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(proxy.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listener main: http://").expect("an address").to_owned();
        (proxy, address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[cfg(unix)]
#[test]
fn a_module_runs_before_the_echo_until_it_is_told_to_stop() {
    let folder = Folder::new("run");
    folder.write("plugin.wasm", PASSING);
    let mut command = folder.command("");
    command.args(["mesh-filter", "run", "plugin.wasm", "--listen", "127.0.0.1:0", "--workers", "2"]);
    let (mut proxy, address) = Proxy::start(&mut command);

    let response = get(&address, "/cart?x=1");
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains(r#""path": "/cart?x=1""#), "{response}");

    let id = proxy.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(proxy.0.wait().unwrap().code(), Some(0));
}

#[test]
fn a_printed_configuration_can_be_run() {
    let folder = Folder::new("print-config");
    folder.write("plugin.wasm", PASSING).write("plugin.yaml", "greeting: hello\nport: 1\n");
    let mut print = folder.command("");
    print.args([
        "run",
        "plugin.wasm",
        "--config",
        "plugin.yaml",
        "--listen",
        "127.0.0.1:0",
        "--print-config",
    ]);
    let printed = crate::folder::succeed(print.args(["--upstream", "http://127.0.0.1:1"]));
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(text.contains(r#"{\"greeting\":\"hello\",\"port\":1}"#), "{text}");
    folder.write("proxy.yaml", &text);

    let (_proxy, address) = Proxy::start(folder.command("").args(["run", "--proxy-config", "proxy.yaml"]));

    // Nobody listens at the upstream.
    assert!(get(&address, "/").starts_with("HTTP/1.1 503 "));
}

#[cfg(target_os = "linux")]
#[test]
fn the_real_envoy_runs_a_module_until_it_is_told_to_stop() {
    let Some(envoy) = envoy() else { return };
    let folder = Folder::new("run-envoy");
    folder.write("plugin.wasm", PASSING);
    let mut command = folder.command("");
    command.args(["run", "plugin.wasm", "--listen", "127.0.0.1:0", "--engine", "envoy"]).env("ENVOY", envoy);
    let (mut proxy, address) = Proxy::start(&mut command);

    let response = get(&address, "/cart?x=1");
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("\r\nserver: envoy\r\n"), "{response}");
    assert!(response.contains(r#""path": "/cart?x=1""#), "{response}");

    let id = proxy.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(proxy.0.wait().unwrap().code(), Some(0));
    // Envoy has gone with it.
    assert!(TcpStream::connect(&address).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn what_envoy_refuses_is_told_in_its_own_words() {
    let Some(envoy) = envoy() else { return };
    let folder = Folder::new("run-envoy-refused");
    folder.write("envoy.yaml", "static_resources: {listeners: [{name: main, nothing: 1}]}\n");
    let mut command = folder.command("");
    command.args(["run", "--proxy-config", "envoy.yaml", "--engine", "envoy"]).env("ENVOY", envoy);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("error: Envoy refuses the configuration\n"), "{text}");
    assert!(text.contains("nothing"), "{text}");
}
