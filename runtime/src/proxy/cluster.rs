//! A cluster as one worker uses it: its endpoints in turn, and its open connections.

use super::config;
use super::http1;
use super::http2::{self, Opener};
use super::part::Broken;
use super::stats::ClusterStats;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// Between two looks at names of endpoints, as in Envoy.
const DNS_REFRESH: Duration = Duration::from_secs(5);

/// An open connection, ready for a request.
pub(super) enum Connection {
    Http1(http1::Client),
    Http2(Opener),
}

/// A connection to be.
pub(super) type Connecting = Pin<Box<dyn Future<Output = Result<Connection, Broken>>>>;

/// A cluster of one worker.
pub(super) struct Cluster {
    config: config::Cluster,
    stats: Arc<ClusterStats>,
    endpoints: RefCell<Vec<SocketAddr>>,
    next: Cell<usize>,
    idle: RefCell<HashMap<SocketAddr, Vec<http1::Client>>>,
    openers: RefCell<HashMap<SocketAddr, Opener>>,
    /// Whether the last connection could not be made, which has been said then.
    failing: Rc<Cell<bool>>,
}

impl Cluster {
    /// The cluster; named endpoints are missing until [`Self::resolve`].
    pub(super) fn new(config: config::Cluster, stats: Arc<ClusterStats>) -> Rc<Self> {
        let endpoints = config.endpoints.iter().filter_map(config::Endpoint::socket_address).collect();
        Rc::new(Self {
            config,
            stats,
            endpoints: RefCell::new(endpoints),
            next: Cell::new(0),
            idle: RefCell::default(),
            openers: RefCell::default(),
            failing: Rc::default(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.config.name
    }

    pub(super) fn stats(&self) -> &ClusterStats {
        &self.stats
    }

    /// How many endpoints are known now.
    pub(super) fn endpoint_count(&self) -> usize {
        self.endpoints.borrow().len()
    }

    /// The endpoint whose turn it is.
    pub(super) fn endpoint(&self) -> Option<SocketAddr> {
        let endpoints = self.endpoints.borrow();
        let turn = self.next.get();
        self.next.set(turn.wrapping_add(1));
        endpoints.get(turn.checked_rem(endpoints.len())?).copied()
    }

    /// Whether endpoints are names.
    pub(super) fn needs_resolution(&self) -> bool {
        self.config.discovery != config::Discovery::Static
    }

    /// Looks the names of the endpoints up once; what cannot be found keeps its last addresses.
    pub(super) async fn resolve(&self) {
        let mut found = Vec::new();
        for endpoint in &self.config.endpoints {
            match tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port)).await {
                Ok(addresses) if self.config.discovery == config::Discovery::LogicalDns => {
                    found.extend(addresses.take(1));
                }
                Ok(addresses) => found.extend(addresses),
                Err(error) => {
                    tracing::warn!(cluster = self.name(), host = endpoint.host, %error, "cannot resolve");
                    return;
                }
            }
        }
        found.dedup();
        *self.endpoints.borrow_mut() = found;
    }

    /// Keeps looking.
    pub(super) async fn keep_resolving(self: Rc<Self>) {
        loop {
            tokio::time::sleep(DNS_REFRESH).await;
            self.resolve().await;
        }
    }

    /// A connection that is ready, or one that is being made.
    pub(super) fn checkout(&self, address: SocketAddr) -> Result<Connection, Connecting> {
        if self.config.http2 {
            if let Some(opener) = self.openers.borrow().get(&address) {
                let mut opener = opener.clone();
                if let std::task::Poll::Ready(Ok(())) = poll_now(&mut opener) {
                    return Ok(Connection::Http2(opener));
                }
            }
        } else if let Some(idle) = self.idle.borrow_mut().get_mut(&address) {
            while let Some(mut client) = idle.pop() {
                if !client.is_stale() {
                    return Ok(Connection::Http1(client));
                }
            }
        }
        Err(self.connect(address))
    }

    /// Keeps a connection that can carry another request; else closes it.
    pub(super) fn checkin(&self, address: SocketAddr, client: http1::Client) {
        if client.is_reusable() {
            self.idle.borrow_mut().entry(address).or_default().push(client);
        }
    }

    /// Closes connections that upstreams have closed while they were idle.
    pub(super) fn sweep(&self) {
        for idle in self.idle.borrow_mut().values_mut() {
            idle.retain_mut(|client| !client.is_stale());
        }
    }

    fn connect(&self, address: SocketAddr) -> Connecting {
        let timeout = self.config.connect_timeout;
        let stats = Arc::clone(&self.stats);
        stats.connections.add(1);
        let opener = self.config.http2.then(|| self.openers.borrow().get(&address).cloned()).flatten();
        let http2 = self.config.http2;
        let (name, failing) = (self.name().to_owned(), Rc::clone(&self.failing));
        let connect = async move {
            if let Some(opener) = opener
                && let Ok(opener) = opener.ready().await
            {
                return Ok(Connection::Http2(opener));
            }
            let connected =
                TcpStream::connect(address).await.and_then(|io| io.set_nodelay(true).map(|()| io));
            let io = connected.map_err(|error| {
                if !failing.replace(true) {
                    tracing::warn!(cluster = name, %address, %error, "cannot connect");
                }
                Broken::Connect(error.raw_os_error())
            })?;
            failing.set(false);
            if !http2 {
                return Ok(Connection::Http1(http1::Client::new(io)));
            }
            let (opener, connection) = http2::client::handshake(io).await.map_err(|_| Broken::Protocol)?;
            tokio::task::spawn_local(connection);
            opener.ready().await.map(Connection::Http2).map_err(|_| Broken::Closed)
        };
        Box::pin(async move {
            let result = tokio::time::timeout(timeout, connect).await.unwrap_or(Err(Broken::ConnectTimeout));
            if result.is_err() {
                stats.connection_failures.add(1);
            }
            result
        })
    }

    /// Keeps an HTTP/2 connection for others.
    pub(super) fn share(&self, address: SocketAddr, opener: &Opener) {
        self.openers.borrow_mut().insert(address, opener.clone());
    }
}

fn poll_now(opener: &mut Opener) -> std::task::Poll<Result<(), h2::Error>> {
    opener.poll_ready(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}
