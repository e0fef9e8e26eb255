//! The programs of this machine: compiler, target, Envoy, `kubectl`.

use std::path::{Path, PathBuf};

use super::ask::{Answer, PATIENCE, ask};
use super::{Finding, State};
use crate::project::envoy;
use crate::project::toolchain::{self, TARGET};

/// The oldest compiler that takes the SDK: major and minor.
const OLDEST_RUST: (u32, u32) = (1, 95);
const RUSTUP: &str = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";
/// The release that is brought where there is none.
const BRING_ENVOY: &str = "cargo mesh-filter test --engine envoy@1.40.0";
/// What an Envoy has to take.
const PLUGIN: &str = include_str!("envoy.yaml");

/// This program.
pub(super) fn cli() -> Finding {
    let version = format!("cargo-mesh-filter {}", env!("CARGO_PKG_VERSION"));
    Finding::well("cli", true, "everything", version)
}

/// The compiler.
pub(super) fn rust() -> Finding {
    let finding = program("rust", true, "building filters", toolchain::rustc(), RUSTUP);
    let (major, minor) = OLDEST_RUST;
    match version(&finding.found) {
        Some(found) if finding.state == State::Ok && found < OLDEST_RUST => {
            let found = format!("{}: {major}.{minor} or newer is needed", finding.found);
            Finding { found, ..finding }.ill(State::Broken, "rustup update stable")
        }
        _ if finding.state == State::Broken => finding.ill(State::Broken, "rustup toolchain install"),
        _ => finding,
    }
}

/// Cargo.
pub(super) fn cargo() -> Finding {
    program("cargo", true, "building and testing filters", toolchain::cargo(), RUSTUP)
}

/// The standard library for Wasm.
pub(super) fn target() -> Finding {
    let finding = Finding::well("target", true, "building filters", TARGET.to_owned());
    let mend = format!("rustup target add {TARGET}");
    match ask(toolchain::rustc(), &["--print", "target-libdir", "--target", TARGET], PATIENCE) {
        Answer::Said(folder) if Path::new(&folder).is_dir() => finding,
        Answer::Said(folder) => Finding { found: format!("{TARGET}: there is no `{folder}`"), ..finding }
            .ill(State::Missing, mend),
        Answer::NoProgram => Finding { found: format!("{TARGET}: there is no compiler"), ..finding }
            .ill(State::Missing, RUSTUP),
        Answer::Failed(reason) => {
            Finding { found: format!("{TARGET}: {reason}"), ..finding }.ill(State::Broken, mend)
        }
    }
}

/// Binaryen.
pub(super) fn wasm_opt() -> Finding {
    let mend = if cfg!(target_os = "macos") { "brew install binaryen" } else { "apt-get install binaryen" };
    program("wasm-opt", false, "`build --wasm-opt`", "wasm-opt", mend)
}

/// Envoy: that of this machine, or one that was brought; and whether it runs plugins.
pub(super) fn envoy() -> Finding {
    let finding = Finding::well(
        "envoy",
        false,
        "`--engine envoy`: tests and measurements on the real proxy",
        String::new(),
    );
    let ill = |found: String, state| Finding { found, ..finding.clone() }.ill(state, BRING_ENVOY);
    let path: PathBuf = match envoy::installed().or_else(|failure| envoy::brought().ok_or(failure)) {
        Ok(path) => path,
        Err(failure) => {
            // A variable that names no file is a mistake, not a lack.
            let state = if std::env::var_os("ENVOY").is_some() { State::Broken } else { State::Missing };
            return ill(failure.message, state);
        }
    };
    let place = path.display();
    match ask(&path, &["--version"], PATIENCE) {
        Answer::NoProgram => ill(format!("`{place}` is not there"), State::Missing),
        Answer::Failed(reason) => ill(format!("`{place}`: {reason}"), State::Broken),
        Answer::Said(said) => {
            let version = release(&said).unwrap_or("of an unknown version").to_owned();
            let words = ["--mode", "validate", "--log-level", "critical", "--config-yaml", PLUGIN];
            match ask(&path, &words, PATIENCE) {
                Answer::Said(_) => Finding { found: format!("{version}, runs plugins: {place}"), ..finding },
                Answer::Failed(reason) => {
                    ill(format!("{version}, `{place}` runs no plugins: {reason}"), State::Broken)
                }
                Answer::NoProgram => ill(format!("`{place}` is not there"), State::Missing),
            }
        }
    }
}

/// The client of Kubernetes.
pub(super) fn kubectl() -> Finding {
    let mend = "https://kubernetes.io/docs/tasks/tools/ has it for every system; on Debian `apt-get install kubectl`";
    let finding =
        Finding::well("kubectl", false, "`deploy`, `diff`, `status`, `rollback`, `undeploy`", String::new());
    match ask("kubectl", &["version", "--client"], PATIENCE) {
        Answer::Said(said) => Finding { found: first_line(&said), ..finding },
        Answer::NoProgram => {
            Finding { found: "it is not in PATH".to_owned(), ..finding }.ill(State::Missing, mend)
        }
        Answer::Failed(found) => Finding { found, ..finding }.ill(State::Broken, mend),
    }
}

/// The cluster that `kubectl` talks to.
pub(super) fn cluster(kubectl: &Finding) -> Finding {
    let finding = Finding::well("cluster", false, "`deploy` and what comes after it", String::new());
    if kubectl.state != State::Ok {
        let mend = kubectl.mend.clone().unwrap_or_default();
        return Finding { found: "there is no kubectl to ask".to_owned(), ..finding }
            .ill(State::Missing, mend);
    }
    let context = match ask("kubectl", &["config", "current-context"], PATIENCE) {
        Answer::Said(context) => context,
        Answer::Failed(reason) => {
            return Finding { found: reason, ..finding }
                .ill(State::Missing, "kubectl config use-context NAME");
        }
        Answer::NoProgram => String::new(),
    };
    match ask("kubectl", &["get", "--raw", "/version", "--request-timeout=5s"], PATIENCE) {
        Answer::Said(said) => {
            let json: serde_json::Value = serde_json::from_str(&said).unwrap_or_default();
            let version =
                json.get("gitVersion").and_then(|text| text.as_str()).unwrap_or("of an unknown version");
            Finding { found: format!("Kubernetes {version}, context `{context}`"), ..finding }
        }
        Answer::Failed(reason) => Finding { found: format!("context `{context}`: {reason}"), ..finding }
            .ill(State::Broken, "kubectl cluster-info dump"),
        Answer::NoProgram => finding.ill(State::Missing, "kubectl cluster-info"),
    }
}

/// A program that says its version.
fn program(
    name: &'static str,
    required: bool,
    needed_for: &'static str,
    program: impl AsRef<std::ffi::OsStr>,
    mend: &str,
) -> Finding {
    let finding = Finding::well(name, required, needed_for, String::new());
    match ask(program, &["--version"], PATIENCE) {
        Answer::Said(said) => Finding { found: first_line(&said), ..finding },
        Answer::NoProgram => {
            Finding { found: "it is not in PATH".to_owned(), ..finding }.ill(State::Missing, mend)
        }
        Answer::Failed(found) => Finding { found, ..finding }.ill(State::Broken, mend),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// The release in `PATH  version: HASH/1.40.0/Clean/..`.
fn release(text: &str) -> Option<&str> {
    text.rsplit_once("version:")?.1.split('/').nth(1)
}

/// Major and minor of `NAME 1.95.0 ..`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_whitespace().nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(version("rustc 1.95.0 (59807616e 2026-04-14)"), Some((1, 95)));
        assert!(version("rustc 1.100.0-nightly") > Some(OLDEST_RUST));
        assert!(version("rustc 1.94.1") < Some(OLDEST_RUST));
        assert_eq!(version("something"), None);
        assert_eq!(release("/opt/envoy  version: 9e55/1.40.0/Clean/RELEASE/BoringSSL"), Some("1.40.0"));
        // What the workspace says is what is asked for.
        let (major, minor) = OLDEST_RUST;
        assert_eq!(env!("CARGO_PKG_RUST_VERSION"), format!("{major}.{minor}"));
    }
}
