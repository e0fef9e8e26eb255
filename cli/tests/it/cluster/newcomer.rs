//! The newcomer's page: each of its commands runs, in order, and prints what the page shows.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Cluster, has_kubectl};
use crate::folder::PROGRAM;
use crate::registry::has;
use crate::registry::server::Server;

const PAGE: &str = include_str!("../../../../docs/first-plugin.md");

/// Seconds for the whole page: its crate is compiled in them.
const PATIENCE: &str = "420";

/// A command of the page, and the lines that it shows below it.
struct Step {
    command: String,
    shown: Vec<String>,
}

/// The steps of all blocks of a console.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            steps.push(Step { command: command.to_owned(), shown: Vec::new() });
        } else if inside {
            steps.last_mut().expect("a command first").shown.push(line.to_owned());
        }
    }
    steps
}

/// Whether a line is what the page shows, where `…` stands for anything.
fn is_shown(line: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let mut open = false;
    for part in parts {
        open = part.is_empty();
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    open || rest.is_empty()
}

/// One script, so that `cd`, `&` and `$!` mean what they mean in a terminal.
fn script(steps: &[Step]) -> String {
    let mut script = "set -eu\nexec 2>&1\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n".to_owned();
    for (number, step) in steps.iter().enumerate() {
        // What was killed frees its port first.
        let end = if step.command.starts_with("kill ") { "\nwait $! || true" } else { "" };
        script.push_str(&format!("echo 'step {number}'\n{}{end}\n", step.command));
    }
    script
}

#[test]
fn every_command_of_the_page_runs_and_prints_what_it_shows() {
    if !has_kubectl() || !has(&["docker-registry", "openssl", "curl"]) {
        return;
    }
    let cluster = Cluster::start("newcomer");
    let (folder, registry) = (&cluster.folder, Server::start(&cluster.folder, "", ""));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // The ports of the page are those of nobody in particular.
    let page = PAGE
        .replace("localhost:5000", &format!("localhost:{}", registry.port()))
        .replace("mesh-filter run", &format!("mesh-filter run --listen 127.0.0.1:{port}"))
        .replace("127.0.0.1:10000", &format!("127.0.0.1:{port}"));
    let steps = steps(&page);
    assert!(steps.len() > 15, "{} commands", steps.len());
    folder.write("page.sh", script(&steps));

    let tools = PathBuf::from(PROGRAM).parent().unwrap().to_owned();
    let path = std::env::join_paths(
        std::iter::once(tools).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut command = Command::new("timeout");
    command.args([PATIENCE, "bash", "page.sh"]).current_dir(folder.path()).stdin(Stdio::null());
    for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION", "OUT_DIR", "RUSTFLAGS"] {
        command.env_remove(name);
    }
    command
        .env("PATH", path.unwrap())
        .env("CARGO_NET_OFFLINE", "true")
        .env("KUBECONFIG", folder.path().join("config"))
        .env("DOCKER_CONFIG", folder.path().join("docker"))
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("templates-target"));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}\n{text}", output.status);
    for (number, step) in steps.iter().enumerate() {
        let (_, after) = text.split_once(&format!("step {number}\n")).expect("the step was run");
        let mut printed = after.lines();
        for shown in &step.shown {
            assert!(
                printed.by_ref().any(|line| is_shown(line.trim_end(), shown)),
                "`{}` does not print `{shown}`:\n{after}",
                step.command
            );
        }
    }
}

#[test]
fn a_shown_line_with_a_gap_is_that_line_alone() {
    assert!(is_shown("digest sha256:ab", "digest sha256:…"));
    assert!(is_shown("a:15:8: b", "a:…: b"));
    assert!(!is_shown("a:15:8: bc", "a:…: b"));
    assert!(!is_shown("digest sha256:ab", "digest"));
}
