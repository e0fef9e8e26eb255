//! The Envoy process: started once, asked by its admin pages, read by its log.

use super::clock::{self, Clock};
use super::config;
use serde_json::Value;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long Envoy may take for anything, on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to come to an end, with a dump of all that it knows.
const DYING: Duration = Duration::from_secs(5);
/// How long to wait before looking again.
const GLANCE: Duration = Duration::from_millis(2);
/// Most of its log that a failure shows.
const LAST: u64 = 64 * 1024;

/// What the process is started with.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// Envoy itself.
    pub(super) path: PathBuf,
    /// The clock library.
    pub(super) library: PathBuf,
    /// Where its files are.
    pub(super) folder: PathBuf,
}

/// A running Envoy, killed when it goes out of scope.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    admin: SocketAddr,
    pub(super) listener: SocketAddr,
    /// The listener of the same chain without plugins.
    pub(super) plain: SocketAddr,
    pub(super) barrier: SocketAddr,
    log: PathBuf,
    /// Where connections of its main thread end: nobody accepts them.
    _silence: TcpListener,
    /// The ids of its workers' threads, as its log shows them.
    workers: Vec<String>,
    pub(super) clock: Clock,
    /// The version of the newest file that it was given.
    version: u64,
    /// The clusters that it knows.
    clusters: Vec<(String, SocketAddr)>,
    /// So many places have had a filter.
    filters: usize,
}

impl Process {
    /// Starts Envoy with so many workers between this upstream and our clients, and waits until it serves.
    pub(super) fn start(
        program: &Program,
        upstream: SocketAddr,
        now: (Duration, Duration),
        workers: usize,
    ) -> Result<Self, String> {
        let Program { path, library, folder } = program;
        let failed = |what: &str, error: std::io::Error| format!("Envoy cannot be started: {what}: {error}");
        for part in config::watched() {
            std::fs::create_dir_all(folder.join(part))
                .map_err(|error| failed("creating its folder", error))?;
        }
        let (page, log, admin) = (folder.join("clock"), folder.join("log"), folder.join("admin"));
        let clock = Clock::create(&page, now.0, now.1).map_err(|error| failed("writing its clock", error))?;
        let silence = listen()?;
        let port = silence.local_addr().map_err(|error| failed("finding a port", error))?.port();
        clock.silence(port).map_err(|error| failed("writing its clock", error))?;
        // It may be there from an earlier one.
        let _ = std::fs::remove_file(&admin);
        let bootstrap = folder.join("bootstrap.json");
        (0..config::SLOTS)
            .try_for_each(|slot| config::write_filter(folder, 0, slot, None))
            .and_then(|()| config::write_clusters(folder, 0, &[]))
            .and_then(|()| std::fs::write(&bootstrap, config::bootstrap(folder, upstream).to_string()))
            .map_err(|error| failed("writing its configuration", error))?;
        let file = File::create(&log).map_err(|error| failed("writing its log", error))?;
        let mut command = Command::new(path);
        command.arg("-c").arg(&bootstrap).arg("--admin-address-path").arg(&admin);
        command.arg("--concurrency").arg(workers.to_string());
        command.args(["--disable-hot-restart", "-l", "info"]);
        command.args(["--component-log-level", "wasm:trace", "--log-format", super::log::FORMAT]);
        command.env("LD_PRELOAD", library).env(clock::VARIABLE, &page);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn();
        let child = child.map_err(|error| failed(&format!("running `{}`", path.display()), error))?;
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut process = Self {
            child,
            admin: nowhere,
            listener: nowhere,
            plain: nowhere,
            barrier: nowhere,
            log,
            _silence: silence,
            workers: Vec::new(),
            clock,
            version: 0,
            clusters: Vec::new(),
            filters: 0,
        };
        process.admin =
            process.wait("serve", |_| std::fs::read_to_string(&admin).ok()?.trim().parse().ok())?;
        process.wait("serve", |process| (process.page("/ready").ok()? == "LIVE\n").then_some(()))?;
        let listeners = process.page("/listeners?format=json")?;
        let listener =
            |name: &str| address(&listeners, name).ok_or_else(|| format!("Envoy has no listener `{name}`"));
        process.listener = listener(config::LISTENER)?;
        (process.plain, process.barrier) = (listener(config::PLAIN)?, listener(config::BARRIER)?);
        for worker in 0..workers {
            let thread = process.wait("start its workers", |process| {
                process.clock.thread(worker).ok().filter(|thread| *thread != 0)
            })?;
            process.workers.push(thread.to_string());
        }
        Ok(process)
    }

    /// How many workers it has.
    pub(super) fn workers(&self) -> usize {
        self.workers.len()
    }

    /// The worker whose thread this is, if it is one's.
    pub(super) fn worker_of(&self, thread: &str) -> Option<usize> {
        self.workers.iter().position(|worker| worker == thread)
    }

    /// Puts a filter into force at a place, or none; the error says why Envoy refuses it.
    pub(super) fn configure(
        &mut self,
        folder: &Path,
        slot: usize,
        filter: Option<&config::Filter>,
    ) -> Result<Result<(), String>, String> {
        self.version += 1;
        self.filters = self.filters.max(slot + usize::from(filter.is_some()));
        let version = self.version;
        let statistics = config::statistics(slot);
        let page = format!("/stats?filter=^{}", statistics.replace('.', "\\."));
        let rejections = |page: &str| number(page, &format!("{statistics}update_rejected: ")).unwrap_or(0);
        let before = rejections(&self.page(&page)?);
        config::write_filter(folder, version, slot, filter)
            .map_err(|error| format!("the filter's configuration cannot be written: {error}"))?;
        let wanted = format!("{statistics}version_text: \"{version}\"");
        let accepted = self.wait("take the filter's configuration", |process| {
            let page = process.page(&page).ok()?;
            let accepted = page.lines().any(|line| line == wanted);
            (accepted || rejections(&page) > before).then_some(accepted)
        })?;
        Ok(if accepted { Ok(()) } else { Err("Envoy refuses the filter".to_owned()) })
    }

    /// Takes all filters out of force but the first ones.
    pub(super) fn clear(&mut self, folder: &Path, but: usize) -> Result<(), String> {
        for slot in but..self.filters {
            self.configure(folder, slot, None)??;
        }
        self.filters = self.filters.min(but);
        Ok(())
    }

    /// Puts the clusters into force that plugins may call out to; answers whether others were.
    pub(super) fn set_clusters(
        &mut self,
        folder: &Path,
        clusters: Vec<(String, SocketAddr)>,
    ) -> Result<bool, String> {
        if self.clusters == clusters {
            return Ok(false);
        }
        self.version += 1;
        let version = self.version;
        config::write_clusters(folder, version, &clusters)
            .map_err(|error| format!("the clusters cannot be written: {error}"))?;
        let wanted = format!("cluster_manager.cds.version_text: \"{version}\"");
        self.wait("take the clusters", |process| {
            let page = process.page("/stats?filter=^cluster_manager.cds.version_text").ok()?;
            page.contains(&wanted).then_some(())
        })?;
        self.clusters = clusters;
        Ok(true)
    }

    /// How long a worker has computed so far; 0 where the system does not say.
    pub(super) fn computed(&self, worker: usize) -> Duration {
        let Some(thread) = self.workers.get(worker) else { return Duration::ZERO };
        let file = format!("/proc/{}/task/{thread}/schedstat", self.child.id());
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let nanoseconds = text.split_whitespace().next().and_then(|number| number.parse().ok());
        Duration::from_nanos(nanoseconds.unwrap_or(0))
    }

    /// The text of an admin page.
    pub(super) fn page(&self, path: &str) -> Result<String, String> {
        self.ask("GET", path)
    }

    /// Does what an admin page does.
    pub(super) fn post(&self, path: &str) -> Result<String, String> {
        self.ask("POST", path)
    }

    /// The id of the process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    fn ask(&self, method: &str, path: &str) -> Result<String, String> {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect_timeout(&self.admin, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            write!(
                stream,
                "{method} {path} HTTP/1.1\r\nhost: admin\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        let answer =
            ask().map_err(|error| format!("Envoy's admin does not answer: {error}{}", self.last_lines()))?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let chunked = head.lines().any(|line| line.eq_ignore_ascii_case("transfer-encoding: chunked"));
        Ok(if chunked { joined(body) } else { body.to_owned() })
    }

    /// What it has logged from this place on; returns the place where that ends.
    pub(super) fn log_from(&self, from: u64) -> std::io::Result<(Vec<u8>, u64)> {
        let mut file = File::open(&self.log)?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        let read = file.read_to_end(&mut bytes)?;
        Ok((bytes, from + u64::try_from(read).unwrap_or(0)))
    }

    /// How long its log is.
    pub(super) fn log_size(&self) -> u64 {
        std::fs::metadata(&self.log).map(|file| file.len()).unwrap_or(0)
    }

    /// Whether it has come to an end by itself, and why as far as it said.
    pub(super) fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        Some(format!("Envoy has ended ({status}){}", self.last_lines()))
    }

    /// As [`Self::ended`], of one that may be about to end.
    pub(super) fn ends(&mut self) -> Option<String> {
        let begun = Instant::now();
        while begun.elapsed() < DYING {
            if let Some(end) = self.ended() {
                return Some(end);
            }
            std::thread::park_timeout(GLANCE);
        }
        None
    }

    /// The end of its log, for messages.
    pub(super) fn last_lines(&self) -> String {
        let Ok((bytes, _)) = self.log_from(self.log_size().saturating_sub(LAST)) else {
            return String::new();
        };
        let text = String::from_utf8_lossy(&bytes);
        // Neither every call nor the dumps of one that dies.
        let telling = |line: &&str| {
            super::log::thread_of(line).is_some()
                && !["][trace]", "][debug]", "][backtrace]["].iter().any(|part| line.contains(part))
        };
        let lines: Vec<&str> = text.lines().filter(telling).collect();
        let skipped = lines.len().saturating_sub(12);
        lines.into_iter().skip(skipped).map(|line| format!("\n    {line}")).collect()
    }

    /// Looks again and again until something is seen.
    fn wait<T>(&mut self, what: &str, look: impl Fn(&Self) -> Option<T>) -> Result<T, String> {
        let begun = Instant::now();
        loop {
            if let Some(seen) = look(self) {
                return Ok(seen);
            }
            if let Some(end) = self.ended() {
                return Err(end);
            }
            if begun.elapsed() > PATIENCE {
                let end = self.last_lines();
                return Err(format!("Envoy does not {what} within {} seconds{end}", PATIENCE.as_secs()));
            }
            std::thread::park_timeout(GLANCE);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Either it has ended already or it ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A listening socket for one of Envoy's clusters.
pub(super) fn listen() -> Result<TcpListener, String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|error| format!("no port can be had for Envoy's clusters: {error}"))
}

fn address(listeners: &str, name: &str) -> Option<SocketAddr> {
    let page: Value = serde_json::from_str(listeners).ok()?;
    let status = page
        .get("listener_statuses")?
        .as_array()?
        .iter()
        .find(|status| status.get("name").and_then(Value::as_str) == Some(name))?;
    let socket = status.get("local_address")?.get("socket_address")?;
    let port = u16::try_from(socket.get("port_value")?.as_u64()?).ok()?;
    Some(SocketAddr::new(socket.get("address")?.as_str()?.parse().ok()?, port))
}

/// A body without the sizes of its chunks.
fn joined(mut chunks: &str) -> String {
    let mut body = String::new();
    while let Some((size, rest)) = chunks.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some((chunk, next)) = rest.split_at_checked(size).filter(|_| size > 0) else { break };
        body.push_str(chunk);
        chunks = next.strip_prefix("\r\n").unwrap_or(next);
    }
    body
}

/// The number that stands after a name on a page of statistics.
fn number(page: &str, name: &str) -> Option<u64> {
    page.lines().find_map(|line| line.split_once(name)?.1.trim().parse().ok())
}
