//! The whole proxy: starts its workers, waits for signals, drains.

use super::access_log::AccessLogs;
use super::admin;
use super::config::Bootstrap;
use super::launch::{Launch, LaunchError};
use super::levels::Levels;
use super::listener;
use super::plugins::{Modules, PluginError};
use super::signals::Signals;
use super::stats::WorkerStats;
use crate::abi::LogLevel;
use crate::host::{Metrics, Queues, Quotas, SharedData};
use crate::vm::{CacheFolder, Limits, Profile};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// How the proxy is run, beside its configuration.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Worker threads.
    pub workers: NonZeroUsize,
    /// What each VM may use.
    pub limits: Limits,
    /// What plugins may have the proxy keep and do.
    pub quotas: Quotas,
    /// Where compiled modules are kept between runs.
    pub cache: CacheFolder,
    /// Which proxy the plugins are meant for.
    pub profile: Profile,
    /// How long open exchanges may go on after the proxy has been asked to stop.
    pub drain_time: Duration,
    /// What plugins and the proxy log at first; the admin page changes it.
    pub log_level: LogLevel,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            workers: NonZeroUsize::MIN,
            limits: Limits::default(),
            quotas: Quotas::default(),
            cache: CacheFolder::default(),
            profile: Profile::default(),
            drain_time: Duration::from_secs(20),
            log_level: LogLevel::Info,
        }
    }
}

/// The proxy did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address cannot be listened on.
    #[error("cannot listen on `{address}` for listener `{listener}`: {source}")]
    Listen {
        /// Name of the listener.
        listener: String,
        /// Its address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The admin address cannot be listened on.
    #[error("cannot listen on `{address}` for the admin pages: {source}")]
    Admin {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// An access log cannot be written.
    #[error("listener `{listener}`: {reason}")]
    AccessLog {
        /// Name of the listener.
        listener: String,
        /// Why.
        reason: String,
    },
    /// A plugin cannot run.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// A worker did not start.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The operating system refused something.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

/// How far the proxy has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Running,
    Draining,
    Stopped,
}

/// What the admin pages tell about.
#[derive(Debug)]
pub(super) struct Overview {
    pub(super) bootstrap: Arc<Bootstrap>,
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) stats: Vec<Arc<WorkerStats>>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) levels: Arc<Levels>,
    pub(super) stage: watch::Sender<Stage>,
    pub(super) workers: usize,
    pub(super) started: std::time::Instant,
}

/// A running proxy. Dropped, it stops without draining.
#[derive(Debug)]
pub struct Server {
    overview: Arc<Overview>,
    admin: Option<Admin>,
    threads: Vec<JoinHandle<()>>,
}

/// The thread of the admin pages; it ends when this is dropped.
#[derive(Debug)]
struct Admin {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Starts the proxy: when this returns, it serves.
    ///
    /// # Errors
    /// When an address, a log file or a plugin refuses. Nothing runs then.
    pub fn start(bootstrap: Bootstrap, options: &ServeOptions) -> Result<Self, ServeError> {
        let workers = options.workers.get();
        let modules = Modules::load(&bootstrap, options.limits, &options.cache, options.profile)?;
        let mut logs = Vec::new();
        let mut sockets = Vec::new();
        for config in &bootstrap.listeners {
            let name = || config.name.clone();
            let opened = AccessLogs::open(&config.http.access_log);
            logs.push(Arc::new(opened.map_err(|reason| ServeError::AccessLog { listener: name(), reason })?));
            let failed = |source| ServeError::Listen { listener: name(), address: config.address, source };
            sockets.push(listener::bind(config.address, workers).map_err(failed)?);
        }
        let addresses = sockets.iter().filter_map(|copies| copies.first()?.local_addr().ok()).collect();
        let admin_socket = match bootstrap.admin {
            Some(address) => {
                let bound =
                    listener::bind(address, 1).map_err(|source| ServeError::Admin { address, source })?;
                bound.into_iter().next()
            }
            None => None,
        };
        let (stage, watched) = watch::channel(Stage::Running);
        let quotas = options.quotas;
        let metrics = Arc::new(Metrics::with_limit(quotas.metrics));
        let shared_data = Arc::new(SharedData::with_limit(quotas.shared_data));
        let queues = Arc::new(Queues::with_limit(quotas.queues));
        let levels = Arc::<Levels>::default();
        levels.set_all(options.log_level);
        let bootstrap = Arc::new(bootstrap);
        let stats = |_| Arc::new(WorkerStats::new(bootstrap.listeners.len(), bootstrap.clusters.len()));
        let overview = Arc::new(Overview {
            stats: (0..workers).map(stats).collect(),
            bootstrap: Arc::clone(&bootstrap),
            addresses,
            metrics: Arc::clone(&metrics),
            levels: Arc::clone(&levels),
            stage,
            workers,
            started: std::time::Instant::now(),
        });
        let mut server = Self { overview, admin: None, threads: Vec::new() };
        let (ready, started) = mpsc::channel();
        for number in 0..workers {
            let launch = Launch {
                number,
                bootstrap: Arc::clone(&bootstrap),
                modules: modules.clone(),
                sockets: sockets.iter_mut().filter_map(Vec::pop).collect(),
                logs: logs.clone(),
                stats: server.overview.stats.get(number).cloned().unwrap_or_default(),
                levels: Arc::clone(&levels),
                metrics: Arc::clone(&metrics),
                shared_data: Arc::clone(&shared_data),
                queues: Arc::clone(&queues),
                quotas,
                stage: watched.clone(),
                drain_time: options.drain_time,
            };
            let ready = ready.clone();
            server.spawn(format!("worker-{number}"), move || launch.run(&ready))?;
        }
        drop((ready, watched));
        started.iter().take(workers).collect::<Result<(), LaunchError>>()?;
        if let Some(socket) = admin_socket {
            server.serve_admin(socket)?;
        }
        Ok(server)
    }

    /// The addresses of the listeners, in the order of the configuration.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.overview.addresses
    }

    /// The address of the admin pages, if they are served.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|admin| admin.address)
    }

    /// Takes no more connections, lets open exchanges end, and waits for that.
    pub fn stop(mut self) {
        self.overview.stage.send_replace(Stage::Draining);
        self.join();
    }

    /// Waits until somebody else has stopped the proxy: a signal, or the admin page.
    ///
    /// The first SIGTERM or SIGINT drains, the second ends at once.
    ///
    /// # Errors
    /// When the operating system does not let signals be watched.
    pub fn wait(self) -> Result<(), ServeError> {
        self.wait_after(|_| {})
    }

    /// As [`Self::wait`]; calls `ready` once signals are watched, so that whoever learns there that
    /// the proxy runs can end it in order at once.
    ///
    /// # Errors
    /// As [`Self::wait`].
    pub fn wait_after(mut self, ready: impl FnOnce(&Self)) -> Result<(), ServeError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let signals = {
            let _context = runtime.enter();
            Signals::new()?
        };
        ready(&self);
        runtime.block_on(watch_signals(&self.overview.stage, signals));
        self.join();
        Ok(())
    }

    fn spawn(&mut self, name: String, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.threads.push(std::thread::Builder::new().name(name).spawn(run)?);
        Ok(())
    }

    fn serve_admin(&mut self, socket: TcpListener) -> io::Result<()> {
        let address = socket.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let overview = Arc::clone(&self.overview);
        let run = move || {
            if let Err(error) = admin::run(socket, &overview, stopped) {
                tracing::error!(%error, "the admin pages have ended");
            }
        };
        std::thread::Builder::new().name("admin".to_owned()).spawn(run)?;
        self.admin = Some(Admin { address, _stop: stop });
        Ok(())
    }

    fn join(&mut self) {
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a worker has panicked");
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.overview.stage.send_replace(Stage::Stopped);
        self.join();
    }
}

/// Runs the proxy until it is stopped by a signal or the admin page.
///
/// # Errors
/// As [`Server::start`].
pub fn serve(bootstrap: Bootstrap, options: &ServeOptions) -> Result<(), ServeError> {
    Server::start(bootstrap, options)?.wait()
}

/// Returns when the proxy has begun to drain and all workers are done, or at the second signal.
async fn watch_signals(stage: &watch::Sender<Stage>, mut terminate: Signals) {
    let mut watched = stage.subscribe();
    tokio::select! {
        () = terminate.next() => { stage.send_if_modified(|stage| {
            let running = *stage == Stage::Running;
            if running { *stage = Stage::Draining; }
            running
        }); }
        _ = watched.wait_for(|stage| *stage != Stage::Running) => {}
    }
    tokio::select! {
        () = terminate.next() => { stage.send_replace(Stage::Stopped); }
        // Workers drop their receivers when they are done; ours is the last.
        () = drained(stage, watched) => {}
    }
}

async fn drained(stage: &watch::Sender<Stage>, ours: watch::Receiver<Stage>) {
    drop(ours);
    stage.closed().await;
}
