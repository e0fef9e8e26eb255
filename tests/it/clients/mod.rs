//! Clients that are not of this project, against the filters as they run: what clients make passes, or is refused.

mod issuer;
mod minted;
mod rfc9421;
mod signed;
mod sigv4;

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::build::root;
use crate::support::world::folder;

/// How long a client may take, on a busy machine: it makes keys.
const PATIENCE: Duration = Duration::from_secs(120);

/// The packages for this language: in the folder that the variable names, or where `cargo xtask test` puts them.
fn packages(variable: &str, language: &str) -> Option<PathBuf> {
    let home = std::env::var_os(variable).map(PathBuf::from);
    let home = home.unwrap_or_else(|| root().join("target/clients").join(language));
    if !home.is_dir() {
        eprintln!("SKIPPED: no clients in {language}: set `${variable}` or run `cargo xtask test`");
        return None;
    }
    Some(home)
}

fn scripts() -> PathBuf {
    root().join("tests/fixtures/clients")
}

/// A script in Python that finds its packages.
fn python(script: &str) -> Option<Command> {
    let packages = packages("PYTHON_CLIENTS", "python")?;
    let mut command = Command::new("python3");
    // It writes nothing beside the script.
    command.arg("-B").arg(scripts().join(script)).env("PYTHONPATH", packages);
    Some(command)
}

/// A script for Node that finds its packages: they are looked for beside the script, so it is copied.
fn node(script: &str) -> Option<Command> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let packages = packages("NODE_CLIENTS", "node")?.join("node_modules");
        let folder = folder("clients").join("node");
        // What an earlier run has left; there may be nothing.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink(packages, folder.join("node_modules")).unwrap();
        for file in std::fs::read_dir(scripts()).unwrap().map(|file| file.unwrap().path()) {
            if file.extension() == Some(OsStr::new("mjs")) {
                std::fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
            }
        }
        Some(folder)
    });
    let mut command = Command::new("node");
    command.arg(folder.as_ref()?.join(script));
    Some(command)
}

/// A running client, killed when it goes out of scope.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Either it has ended already or it ends now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a client answers to one text. Both stand in files that begin with `name`, for whoever looks into a failure.
fn ask(mut command: Command, name: &str, question: &Value) -> Value {
    let file = |suffix: &str| folder("clients").join(format!("{name}.{suffix}"));
    std::fs::create_dir_all(folder("clients")).unwrap();
    std::fs::write(file("question.json"), question.to_string()).unwrap();
    command.stdin(File::open(file("question.json")).unwrap());
    command.stdout(File::create(file("answer.json")).unwrap()).stderr(File::create(file("log")).unwrap());
    let mut client = Running(command.spawn().expect("the client starts"));
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = client.0.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < PATIENCE, "the client does not answer:\n{}", read(&file("log")));
        std::thread::park_timeout(Duration::from_millis(5));
    };
    assert!(status.success(), "{status}:\n{}", read(&file("log")));
    serde_json::from_str(&read(&file("answer.json"))).unwrap()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// A client that goes on: its standard input is held, and it ends with that.
fn start(mut command: Command, name: &str) -> Running {
    std::fs::create_dir_all(folder("clients")).unwrap();
    let log = File::create(folder("clients").join(format!("{name}.log"))).unwrap();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
    Running(command.spawn().expect("the client starts"))
}
