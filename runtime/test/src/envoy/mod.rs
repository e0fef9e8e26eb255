//! Plays cases on a real Envoy: one process for all of them, between clients, upstream and clusters on loopback.
//!
//! Envoy runs on a clock that only the case moves (`preload`, the library in it, and `clock`, the page they share). Its
//! filter and its clusters come from files that it watches (`config`), so one process (`process`) plays
//! all cases, one after the other, each in VMs (`filters`) with shared data of their own. Client, upstream and
//! clusters (`client`, `serve`, `grpc`, `wire`) are tasks of one thread and share what they see (`shared`). `stage` is what a
//! case is played on, `time` how time passes there; what plugins do is read from Envoy's log (`log`). `workers` brings
//! exchanges to a certain worker, `cpu` measures them.

mod client;
mod clock;
mod config;
mod cpu;
mod filters;
mod grpc;
mod log;
mod metrics;
mod process;
mod serve;
mod shared;
mod stage;
mod time;
mod wire;
mod workers;

pub(crate) use stage::EnvoyStage;

use crate::world::World;
use process::{Process, Program};
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Why scenarios cannot be played on an Envoy.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EnvoyError(String);

/// An Envoy for scenarios. It is started when the first case is played, and killed when this is dropped.
pub struct Envoy {
    program: Program,
    host: Mutex<Host>,
}

/// What the cases have in common.
struct Host {
    runtime: Runtime,
    process: Option<Process>,
    upstream: TcpListener,
    /// The ports of clusters that some case has mocked.
    clusters: BTreeMap<String, TcpListener>,
    /// Where the monotonic clock stands; it never goes back.
    monotonic: Duration,
    modules: usize,
    /// Runs of cases so far.
    runs: u64,
    /// The module whose VM the last case has left, unless its metrics would be in the way.
    left: Option<PathBuf>,
}

impl Envoy {
    /// Prepares to run this program, with files in the folder `own`, which is removed at the end, and the clock library in `cache`.
    ///
    /// # Errors
    /// Where the clock library cannot be compiled, or the machine is not one for it.
    pub fn new(program: &Path, own: &Path, cache: &Path) -> Result<Arc<Self>, EnvoyError> {
        if !cfg!(target_os = "linux") {
            let text = "scenarios play on Envoy on Linux only, because its clock can be set nowhere else";
            return Err(EnvoyError(text.to_owned()));
        }
        let library = clock::library(cache).map_err(EnvoyError)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| EnvoyError(format!("no runtime for Envoy's clusters: {error}")))?;
        std::fs::create_dir_all(own)
            .map_err(|error| EnvoyError(format!("creating `{}`: {error}", own.display())))?;
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let program =
            Program { path: program.to_owned(), library: absolute(&library), folder: absolute(own) };
        let host = Host {
            runtime,
            process: None,
            upstream: process::listen().map_err(EnvoyError)?,
            clusters: BTreeMap::new(),
            // Later than anything that Envoy counts from its start.
            monotonic: Duration::from_secs(1_000_000),
            modules: 0,
            runs: 0,
            left: None,
        };
        Ok(Arc::new(Self { program, host: Mutex::new(host) }))
    }

    fn host(&self) -> MutexGuard<'_, Host> {
        // A case that panicked leaves a process that the next one can use or replace.
        self.host.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        self.host().process = None;
        // What cannot be removed is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.program.folder);
    }
}

impl Host {
    /// The running process; started where there is none with so many workers.
    fn process(
        &mut self,
        program: &Program,
        realtime: Duration,
        workers: usize,
    ) -> Result<&mut Process, String> {
        let unfit = |process: &mut Process| process.workers() != workers || process.ended().is_some();
        if self.process.as_mut().is_some_and(unfit) {
            self.process = None;
        }
        if self.process.is_none() {
            self.left = None;
            let upstream = address(&self.upstream)?;
            self.process = Some(Process::start(program, upstream, (realtime, self.monotonic), workers)?);
        }
        self.process.as_mut().ok_or_else(|| "Envoy does not run".to_owned())
    }

    /// The port of a cluster's mock.
    fn cluster(&mut self, name: &str) -> Result<&TcpListener, String> {
        if !self.clusters.contains_key(name) {
            self.clusters.insert(name.to_owned(), process::listen()?);
        }
        self.clusters.get(name).ok_or_else(|| format!("no port for cluster `{name}`"))
    }
}

fn address(listener: &TcpListener) -> Result<SocketAddr, String> {
    listener.local_addr().map_err(|error| format!("a port of Envoy's clusters: {error}"))
}

impl World {
    /// The module on a real Envoy. `name` stands in messages.
    ///
    /// # Errors
    /// Where the module cannot be put where Envoy reads it.
    pub fn envoy(envoy: &Arc<Envoy>, bytes: &[u8], name: &str) -> Result<Self, EnvoyError> {
        let mut host = envoy.host();
        host.modules += 1;
        let path = envoy.program.folder.join(format!("module-{}-{name}.wasm", host.modules));
        drop(host);
        std::fs::write(&path, bytes)
            .map_err(|error| EnvoyError(format!("writing `{}`: {error}", path.display())))?;
        Ok(Self::on_envoy(Played { envoy: Arc::clone(envoy), module: path }))
    }
}

/// What the cases of a world are played with.
#[derive(Clone)]
pub(crate) struct Played {
    pub(crate) envoy: Arc<Envoy>,
    pub(crate) module: PathBuf,
}

impl std::fmt::Debug for Envoy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Envoy").field("program", &self.program).finish_non_exhaustive()
    }
}
