//! One worker: a thread with its own runtime, engine and sockets.

use super::access_log::AccessLogs;
use super::cluster::Cluster;
use super::config::Bootstrap;
use super::levels::{Levels, PluginLog};
use super::listener::Listener;
use super::plugins::{Modules, PluginError};
use super::server::Stage;
use super::stats::WorkerStats;
use super::thread::{FastRandom, Thread};
use crate::host::clock::SystemClock;
use crate::host::{Clusters, Metrics, Queues, Quotas, Services, SharedData};
use crate::worker::Worker;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::LocalSet;

/// Between two looks for idle connections that upstreams have closed.
const SWEEP: Duration = Duration::from_secs(5);
/// How long the names of endpoints may take before serving begins without them.
const FIRST_RESOLUTION: Duration = Duration::from_secs(5);

/// What a worker is made of.
pub(super) struct Launch {
    pub(super) number: usize,
    pub(super) bootstrap: Arc<Bootstrap>,
    pub(super) modules: Modules,
    pub(super) sockets: Vec<TcpListener>,
    pub(super) logs: Vec<Arc<AccessLogs>>,
    pub(super) stats: Arc<WorkerStats>,
    pub(super) levels: Arc<Levels>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) shared_data: Arc<SharedData>,
    pub(super) queues: Arc<Queues>,
    pub(super) quotas: Quotas,
    pub(super) stage: watch::Receiver<Stage>,
    pub(super) drain_time: Duration,
}

/// A worker did not start.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The operating system refused something.
    #[error("cannot start a worker: {0}")]
    System(#[from] io::Error),
    /// A plugin refused.
    #[error(transparent)]
    Plugin(#[from] PluginError),
}

/// The clusters as plugins ask for them.
struct Names(HashMap<String, Rc<Cluster>>);

impl Clusters for Names {
    fn knows(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn is_empty(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|cluster| cluster.endpoint_count() == 0)
    }
}

impl Launch {
    /// Runs the worker on this thread until it is stopped; tells `ready` when it serves.
    pub(super) fn run(self, ready: &Sender<Result<(), LaunchError>>) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(ready.send(Err(error.into()))),
        };
        LocalSet::new().block_on(&runtime, self.serve(ready));
    }

    async fn serve(mut self, ready: &Sender<Result<(), LaunchError>>) {
        let (thread, listeners) = match self.prepare() {
            Ok(prepared) => prepared,
            Err(error) => return drop(ready.send(Err(error))),
        };
        for cluster in thread.clusters.values().filter(|cluster| cluster.needs_resolution()) {
            let _late = tokio::time::timeout(FIRST_RESOLUTION, cluster.resolve()).await;
            tokio::task::spawn_local(Rc::clone(cluster).keep_resolving());
        }
        let mut accepting = Vec::new();
        for (listener, socket) in listeners.into_iter().zip(std::mem::take(&mut self.sockets)) {
            match tokio::net::TcpListener::from_std(socket) {
                Ok(socket) => {
                    accepting.push(tokio::task::spawn_local(listener.accept(socket, Rc::clone(&thread))));
                }
                Err(error) => return drop(ready.send(Err(error.into()))),
            }
        }
        let sweeping = Rc::clone(&thread);
        tokio::task::spawn_local(async move {
            loop {
                tokio::time::sleep(SWEEP).await;
                sweeping.clusters.values().for_each(|cluster| cluster.sweep());
            }
        });
        let _told = ready.send(Ok(()));
        drop(self.stage.wait_for(|stage| *stage != Stage::Running).await);
        for task in accepting {
            task.abort();
            let _aborted = task.await;
        }
        thread.drain();
        tokio::select! {
            () = thread.emptied() => {}
            () = tokio::time::sleep(self.drain_time) => {
                tracing::warn!(open = thread.open_connections(), "connections are closed before their end");
            }
            _ = self.stage.wait_for(|stage| *stage == Stage::Stopped) => {}
        }
    }

    /// Makes the engine with its plugins, and the listeners.
    fn prepare(&self) -> Result<(Rc<Thread>, Vec<Rc<Listener>>), LaunchError> {
        let random = FastRandom::new().map_err(io::Error::other)?;
        let random = Rc::new(RefCell::new(random));
        let clusters = self.bootstrap.clusters.iter().zip(&self.stats.clusters);
        let clusters: HashMap<_, _> = clusters
            .map(|(config, stats)| (config.name.clone(), Cluster::new(config.clone(), Arc::clone(stats))))
            .collect();
        let mut worker = Worker::new(Services {
            clock: Rc::new(SystemClock::default()),
            log: Rc::new(PluginLog::new(Arc::clone(&self.levels), self.number)),
            clusters: Rc::new(Names(
                clusters.iter().map(|(name, cluster)| (name.clone(), Rc::clone(cluster))).collect(),
            )),
            random: Rc::clone(&random) as Rc<RefCell<dyn crate::host::Random>>,
            metrics: Arc::clone(&self.metrics),
            shared_data: Arc::clone(&self.shared_data),
            queues: Arc::clone(&self.queues),
            inbox: Arc::default(),
            quotas: self.quotas,
        });
        let mut listeners = Vec::new();
        for ((config, stats), logs) in
            self.bootstrap.listeners.iter().zip(&self.stats.listeners).zip(&self.logs)
        {
            let chain = self.modules.start(&mut worker, &config.http.filters).map_err(PluginError::from)?;
            listeners.push(Rc::new(Listener::new(config, chain, Arc::clone(stats), Arc::clone(logs))));
        }
        let thread = Thread::new(worker, clusters, random, machine_address());
        // What plugins asked for while they started: ticks, callouts.
        thread.act(|_| ());
        tokio::task::spawn_local(Rc::clone(&thread).watch_queues());
        Ok((thread, listeners))
    }
}

/// This machine's address as others see it; nothing is sent to find it out.
fn machine_address() -> IpAddr {
    let documentation = Ipv4Addr::new(192, 0, 2, 1);
    let find = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((documentation, 9))?;
        socket.local_addr()
    };
    find().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip())
}
