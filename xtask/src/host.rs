//! A proxy as a process: started on a bootstrap file, asked for its ports, its CPU time read from the kernel.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// How long a proxy may take until it serves.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running proxy, ended when it goes out of scope.
pub(crate) struct Host {
    pub(crate) name: &'static str,
    process: Child,
    /// Where its admin pages are.
    pub(crate) admin: SocketAddr,
    listeners: BTreeMap<String, SocketAddr>,
}

impl Host {
    /// Starts `program` with one worker and waits until it serves.
    pub(crate) fn start(program: &Path, bootstrap: &Path, name: &'static str) -> Result<Self> {
        Self::start_with(program, bootstrap, name, &[])
    }

    /// As [`Self::start`], with more environment variables.
    pub(crate) fn start_with(
        program: &Path,
        bootstrap: &Path,
        name: &'static str,
        environment: &[(&str, &str)],
    ) -> Result<Self> {
        let address_file = bootstrap.with_file_name(format!("{name}.admin"));
        let log = bootstrap.with_file_name(format!("{name}.log"));
        if address_file.exists() {
            fs::remove_file(&address_file)?;
        }
        let mut command = Command::new(program);
        command.arg("-c").arg(bootstrap).arg("--admin-address-path").arg(&address_file);
        command.args(["--concurrency", "1", "-l", "error"]);
        if name == "envoy" {
            command.arg("--disable-hot-restart");
        }
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
        let process = command.spawn().with_context(|| format!("starting `{}`", program.display()))?;
        let mut host = Self { name, process, admin: ([127, 0, 0, 1], 0).into(), listeners: BTreeMap::new() };
        let begun = Instant::now();
        loop {
            if let Some((admin, listeners)) = ready(&address_file) {
                (host.admin, host.listeners) = (admin, listeners);
                return Ok(host);
            }
            let ended = host.process.try_wait()?;
            if ended.is_some() || begun.elapsed() > PATIENCE {
                bail!("`{}` does not serve, its log is `{}`", program.display(), log.display());
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn listener(&self, name: &str) -> Result<SocketAddr> {
        self.listeners.get(name).copied().with_context(|| format!("{} has no listener `{name}`", self.name))
    }

    /// Waits until the process ends by itself.
    pub(crate) fn wait(&mut self) -> Result<()> {
        self.process.wait().with_context(|| format!("waiting for {}", self.name))?;
        Ok(())
    }

    /// User and system time of the one worker of an Envoy so far: not of the threads that compile for it.
    pub(crate) fn worker_time(&self) -> Result<Duration> {
        self.time_of(|task| fs::read_to_string(task.join("comm")).is_ok_and(|name| name.starts_with("wrk:")))
    }

    /// User and system time of all threads so far.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        self.time_of(|_| true)
    }

    fn time_of(&self, counts: impl Fn(&Path) -> bool) -> Result<Duration> {
        let tasks = format!("/proc/{}/task", self.process.id());
        let mut total = Duration::ZERO;
        for task in fs::read_dir(&tasks).with_context(|| format!("reading `{tasks}`"))? {
            // Nanoseconds on a CPU are the first number. A thread may end between the listing and the reading.
            let task = task?.path();
            let Ok(schedule) = fs::read_to_string(task.join("schedstat")) else { continue };
            if !counts(&task) {
                continue;
            }
            let nanoseconds = schedule.split(' ').next().and_then(|number| number.parse().ok());
            total +=
                Duration::from_nanos(nanoseconds.with_context(|| format!("`schedstat` says `{schedule}`"))?);
        }
        Ok(total)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Either it has ended already or it ends now.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The admin's address and the listeners' addresses, once the proxy serves.
fn ready(address_file: &Path) -> Option<(SocketAddr, BTreeMap<String, SocketAddr>)> {
    let admin = fs::read_to_string(address_file).ok()?.trim().parse().ok()?;
    if page(admin, "/ready")?.trim() != "LIVE" {
        return None;
    }
    let document: Value = serde_json::from_str(&page(admin, "/listeners?format=json")?).ok()?;
    let mut listeners = BTreeMap::new();
    for status in document.get("listener_statuses")?.as_array()? {
        let socket = status.pointer("/local_address/socket_address")?;
        let ip = socket.get("address")?.as_str()?.parse().ok()?;
        let port = socket.get("port_value")?.as_u64()?.try_into().ok()?;
        listeners.insert(status.get("name")?.as_str()?.to_owned(), SocketAddr::new(ip, port));
    }
    Some((admin, listeners))
}

/// The body of an admin page.
pub(crate) fn page(admin: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(admin).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    if chunked { chunks(body) } else { Some(body.to_owned()) }
}

fn chunks(mut framed: &str) -> Option<String> {
    let mut body = String::new();
    loop {
        let (size, rest) = framed.split_once("\r\n")?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.push_str(rest.get(..size)?);
        framed = rest.get(size + 2..)?;
    }
}
