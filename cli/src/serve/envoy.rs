//! Serving in the real Envoy: a child process with a bootstrap, which lives as long as this one wants it to.
//!
//! Envoy is asked by its admin pages: where it listens, and to end. A bootstrap without them gets them on a free
//! loopback port.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::Scope;
use std::time::{Duration, Instant};

use mesh_filter_runtime::proxy::signals;
use serde_json::Value;
use ureq::Agent;

use super::log::{FORMAT, Log};
use crate::failure::{Failure, Result};
use crate::output::Output;

/// How long to wait before looking again.
const GLANCE: Duration = Duration::from_millis(10);
/// How long a start may take before that is worth a word.
const LONG: Duration = Duration::from_secs(10);
/// How long open requests may go on after the first signal, as in this project's own proxy.
const DRAIN: Duration = Duration::from_secs(20);
/// How long an admin page may take.
const PAGE: Duration = Duration::from_secs(5);
/// Admin pages for a bootstrap that has none.
const ADMIN: &str = "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}";

/// What Envoy is started with.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) program: &'a Path,
    pub(crate) bootstrap: &'a Path,
    /// Whether the bootstrap has admin pages, which are then announced.
    pub(crate) has_admin: bool,
    pub(crate) workers: usize,
}

/// What happens while Envoy runs.
enum Event {
    /// It serves, here; each listener has a name.
    Ready(Vec<(String, String)>),
    /// It takes its time.
    Slow,
    /// Someone wants it to end.
    Signal,
    /// It has ended; this is its log.
    Ended(Log),
}

/// A folder for the files of one run, removed at its end.
#[derive(Debug)]
pub(crate) struct Files(PathBuf);

impl Files {
    /// Makes the folder.
    pub(crate) fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("mesh-filter-run-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| {
            Failure::failed(format!("cannot make the folder `{}`", folder.display())).because(&error)
        })?;
        Ok(Self(folder))
    }

    /// Writes a file into it; gives its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.0.join(name);
        std::fs::write(&path, text)
            .map_err(|error| Failure::failed(format!("cannot write `{}`", path.display())).because(&error))?;
        Ok(path)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // What cannot be removed is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The process; killed where it is not ended in order.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves until a signal or an admin page ends Envoy, or Envoy itself.
pub(crate) fn serve(start: &Start<'_>, files: &Files, output: &Output) -> Result<()> {
    let address = files.0.join("admin");
    // Watched before there is a process that would be left over.
    let (tell, told) = mpsc::channel();
    let signal = tell.clone();
    signals::each(move || signal.send(Event::Signal).is_ok())
        .map_err(|error| Failure::failed("signals cannot be watched").because(&error))?;
    let mut process = spawn(start, &address, output)?;
    let log = process.0.stderr.take().map(BufReader::new);
    let done = AtomicBool::new(false);
    let admin = Admin { agent: agent(), address: &address, done: &done };
    std::thread::scope(|scope| {
        let ended = tell.clone();
        scope.spawn(move || {
            let log = log.map(|log| Log::read(log, |line| output.aside(line))).unwrap_or_default();
            let _ = ended.send(Event::Ended(log));
        });
        let admin = &admin;
        scope.spawn(move || admin.wait_until_ready(&tell));
        let result = follow(scope, &mut process, &told, admin, start, output);
        done.store(true, Ordering::Relaxed);
        drop(process);
        result
    })
}

fn spawn(start: &Start<'_>, address: &Path, output: &Output) -> Result<Process> {
    let mut command = Command::new(start.program);
    command.arg("-c").arg(start.bootstrap).arg("--admin-address-path").arg(address);
    command.args(["--concurrency", &start.workers.to_string(), "--disable-hot-restart"]);
    let plugins = if output.is_quiet() { "wasm:warning" } else { "wasm:info" };
    command.args(["-l", "warning", "--component-log-level", plugins, "--log-format", FORMAT]);
    if !start.has_admin {
        command.args(["--config-yaml", ADMIN]);
    }
    // Ctrl-C is meant for this process, which then lets open requests end.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let child = command.stdin(Stdio::null()).stdout(Stdio::inherit()).stderr(Stdio::piped()).spawn();
    child.map(Process).map_err(|error| {
        Failure::missing_tool(format!("`{}` cannot be started", start.program.display())).because(&error)
    })
}

fn follow<'scope>(
    scope: &'scope Scope<'scope, '_>,
    process: &mut Process,
    told: &Receiver<Event>,
    admin: &'scope Admin<'_>,
    start: &Start<'_>,
    output: &Output,
) -> Result<()> {
    let (mut ready, mut stopping) = (false, false);
    for event in told {
        match event {
            Event::Ready(listeners) => {
                ready = true;
                for (name, address) in listeners {
                    output.data(&format!("listener {name}: http://{address}\n"));
                }
                if let Some(address) = admin.address().filter(|_| start.has_admin) {
                    output.data(&format!("admin: http://{address}\n"));
                }
            }
            Event::Slow => output.warning(
                "Envoy has started and does not serve yet: something in its configuration is waited for",
            ),
            Event::Signal if ready && !stopping => {
                stopping = true;
                scope.spawn(|| admin.end());
            }
            Event::Signal => {
                stopping = true;
                // Where it cannot be killed it has ended.
                let _ = process.0.kill();
            }
            Event::Ended(log) => return end(process, log, ready, stopping),
        }
    }
    Ok(())
}

/// What the end of the process means.
fn end(process: &mut Process, log: Log, ready: bool, stopping: bool) -> Result<()> {
    let status = process.0.wait();
    let in_order = status.as_ref().is_ok_and(ExitStatus::success);
    if stopping || (ready && in_order) {
        return Ok(());
    }
    let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
    let mut reasons = log.reasons();
    let is = |what: &str| reasons.iter().any(|reason| reason.contains(what));
    let mut failure = match ready {
        true => Failure::failed(format!("Envoy has ended ({status})")),
        false => {
            let failure = Failure::failed("Envoy refuses the configuration");
            if is("Address already in use") || is("cannot bind") {
                failure.help("name another address with --listen or --admin; port 0 takes a free one")
            } else if is("Wasm") || is("wasm") {
                failure.help("what the plugin has logged is above; --config FILE gives it a configuration")
            } else {
                failure
            }
        }
    };
    if reasons.is_empty() {
        reasons.push(format!("{status}, without a word"));
    }
    failure.causes = reasons;
    Err(failure)
}

/// Envoy's admin pages.
struct Admin<'a> {
    agent: Agent,
    /// The file in which Envoy writes where they are.
    address: &'a Path,
    done: &'a AtomicBool,
}

fn agent() -> Agent {
    // Pages of this machine are not behind a proxy, whatever the environment says.
    Agent::config_builder().timeout_global(Some(PAGE)).proxy(None).build().into()
}

impl Admin<'_> {
    fn address(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.address).ok()?;
        Some(text.trim().to_owned()).filter(|address| !address.is_empty())
    }

    fn get(&self, page: &str) -> Option<String> {
        let url = format!("http://{}{page}", self.address()?);
        self.agent.get(url).call().ok()?.body_mut().read_to_string().ok()
    }

    fn post(&self, page: &str) {
        if let Some(address) = self.address() {
            // An Envoy that does not answer has ended.
            let _ = self.agent.post(format!("http://{address}{page}")).send_empty();
        }
    }

    fn wait_until_ready(&self, tell: &Sender<Event>) {
        let begun = Instant::now();
        let mut told = false;
        while !self.done.load(Ordering::Relaxed) {
            if self.get("/ready").is_some_and(|page| page.trim() == "LIVE")
                && let Some(listeners) = self.get("/listeners?format=json")
            {
                let _ = tell.send(Event::Ready(addresses(&listeners)));
                return;
            }
            if !told && begun.elapsed() > LONG {
                told = true;
                let _ = tell.send(Event::Slow);
            }
            std::thread::park_timeout(GLANCE);
        }
    }

    /// Takes no more connections, waits for open requests, ends Envoy.
    fn end(&self) {
        self.post("/drain_listeners");
        let begun = Instant::now();
        while begun.elapsed() < DRAIN && !self.done.load(Ordering::Relaxed) {
            let page = self.get("/stats?filter=^http\\..*\\.downstream_rq_active$");
            // The admin's own request is one of them.
            let busy = page.is_some_and(|page| {
                page.lines().any(|line| !line.starts_with("http.admin.") && !line.ends_with(": 0"))
            });
            if !busy {
                break;
            }
            std::thread::park_timeout(GLANCE);
        }
        self.post("/quitquitquit");
    }
}

/// Names and addresses on the page of listeners.
fn addresses(page: &str) -> Vec<(String, String)> {
    let page: Value = serde_json::from_str(page).unwrap_or_default();
    let listeners = page.get("listener_statuses").and_then(Value::as_array).into_iter().flatten();
    let address = |listener: &Value| {
        let name = listener.get("name")?.as_str()?.to_owned();
        let socket = listener.pointer("/local_address/socket_address")?;
        let (host, port) = (socket.get("address")?.as_str()?, socket.get("port_value")?.as_u64()?);
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        Some((name, format!("{host}:{port}")))
    };
    listeners.filter_map(address).collect()
}
