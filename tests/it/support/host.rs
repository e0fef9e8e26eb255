//! A proxy as a process: this project's or the real Envoy, started the same way on the same file.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client;

/// How long a host may take until it serves, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running host, killed when it goes out of scope.
pub(crate) struct Host {
    process: Child,
    /// Where its admin pages are.
    pub(crate) admin: SocketAddr,
    listeners: BTreeMap<String, SocketAddr>,
    /// What it wrote to standard error.
    pub(crate) log: PathBuf,
}

/// The real Envoy, if there is one: `$ENVOY`, or where `cargo xtask test` puts it.
pub(crate) fn envoy() -> Option<PathBuf> {
    let brought = super::build::root().join("target/envoy/1.40.0/envoy/_bin/envoy");
    std::env::var_os("ENVOY").map(PathBuf::from).or_else(|| brought.is_file().then_some(brought))
}

impl Host {
    /// Starts `program` on a bootstrap file and waits until it serves. Its files go beside the bootstrap.
    pub(crate) fn start(program: &Path, bootstrap: &Path, name: &str) -> Self {
        Self::start_with(program, bootstrap, name, 1)
    }

    /// As [`Self::start`], with so many workers.
    pub(crate) fn start_with(program: &Path, bootstrap: &Path, name: &str, workers: usize) -> Self {
        Self::try_start(program, bootstrap, name, workers)
            .unwrap_or_else(|log| panic!("the host does not serve:\n{log}"))
    }

    /// The same; where the host ends instead, what it wrote to standard error.
    pub(crate) fn try_start(
        program: &Path,
        bootstrap: &Path,
        name: &str,
        workers: usize,
    ) -> Result<Self, String> {
        let beside = |suffix: &str| bootstrap.with_file_name(format!("{name}.{suffix}"));
        let (address_file, log) = (beside("admin"), beside("log"));
        let _ = std::fs::remove_file(&address_file);
        let mut command = Command::new(program);
        command.arg("-c").arg(bootstrap).arg("--admin-address-path").arg(&address_file);
        command.args(["--concurrency", &workers.to_string(), "-l", "info"]);
        if name == "envoy" {
            command.arg("--disable-hot-restart");
        }
        let open = |suffix| std::fs::File::create(beside(suffix)).unwrap();
        let process = command.stdin(Stdio::null()).stdout(open("out")).stderr(open("log")).spawn();
        let process = process.unwrap_or_else(|error| panic!("starting {}: {error}", program.display()));
        let mut host = Self { process, admin: ([127, 0, 0, 1], 0).into(), listeners: BTreeMap::new(), log };
        host.admin = host.wait(|_| std::fs::read_to_string(&address_file).ok()?.trim().parse().ok())?;
        host.wait(|host| (host.page("/ready")? == "LIVE\n").then_some(()))?;
        let listeners = host.wait(|host| serde_json::from_str(&host.page("/listeners?format=json")?).ok())?;
        host.listeners = addresses(&listeners);
        Ok(host)
    }

    /// The address of the listener with this name.
    pub(crate) fn listener(&self, name: &str) -> SocketAddr {
        *self.listeners.get(name).unwrap_or_else(|| panic!("no listener `{name}` among {:?}", self.listeners))
    }

    /// Its process id; on Linux also the id of its main thread.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether the process has come to an end by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// Waits until the process has come to an end by itself.
    pub(crate) fn wait_for_end(&mut self) {
        let begun = Instant::now();
        while !self.has_ended() {
            assert!(begun.elapsed() < PATIENCE, "the host does not end:\n{}", self.last_lines(100));
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// The text of an admin page, unless the admin does not answer.
    pub(crate) fn page(&self, path: &str) -> Option<String> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
        let reply = client::exchange(self.admin, request.as_bytes()).ok()?;
        String::from_utf8(reply.messages.into_iter().next()?.body).ok()
    }

    /// The most memory that it has had so far, in bytes.
    pub(crate) fn peak_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells the peak");
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
    }

    /// The end of what it wrote to standard error.
    fn last_lines(&self, count: usize) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }

    /// Looks again and again until something is seen; tells what the process wrote if it ends, fails if it takes too long.
    fn wait<T>(&mut self, look: impl Fn(&Self) -> Option<T>) -> Result<T, String> {
        let begun = Instant::now();
        loop {
            if let Some(seen) = look(self) {
                return Ok(seen);
            }
            if self.process.try_wait().unwrap().is_some() {
                return Err(std::fs::read_to_string(&self.log).unwrap_or_default());
            }
            assert!(begun.elapsed() < PATIENCE, "the host does not serve:\n{}", self.last_lines(100));
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Either it has ended already or it ends now.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("the end of {}:\n{}", self.log.display(), self.last_lines(20));
        }
    }
}

fn addresses(listeners: &Value) -> BTreeMap<String, SocketAddr> {
    let mut addresses = BTreeMap::new();
    for status in listeners["listener_statuses"].as_array().into_iter().flatten() {
        let socket = &status["local_address"]["socket_address"];
        let port = socket["port_value"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap();
        let ip = socket["address"].as_str().and_then(|ip| ip.parse().ok()).unwrap();
        addresses.insert(status["name"].as_str().unwrap().to_owned(), SocketAddr::new(ip, port));
    }
    addresses
}
