//! A listener as one worker uses it: its socket, routes and plugins.

use super::access_log::AccessLogs;
use super::config::{self, HttpConnections};
use super::connection;
use super::http1::Bounds;
use super::router::Router;
use super::stats::ListenerStats;
use super::thread::Thread;
use crate::exchange::Exchange;
use crate::worker::PluginId;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Connections that may wait for a worker.
const BACKLOG: i32 = 1024;
/// After a failed accept, mostly because the process has no descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What connections of a listener need.
pub(super) struct Listener {
    pub(super) http: HttpConnections,
    pub(super) router: Router,
    pub(super) chain: Vec<PluginId>,
    pub(super) stats: Arc<ListenerStats>,
    pub(super) buffer_limit: usize,
    logs: Arc<AccessLogs>,
}

impl Listener {
    pub(super) fn new(
        config: &config::Listener,
        chain: Vec<PluginId>,
        stats: Arc<ListenerStats>,
        logs: Arc<AccessLogs>,
    ) -> Self {
        Self {
            http: config.http.clone(),
            router: Router::new(&config.http.routes),
            chain,
            stats,
            buffer_limit: usize::try_from(config.per_connection_buffer_limit_bytes).unwrap_or(usize::MAX),
            logs,
        }
    }

    pub(super) fn bounds(&self) -> Bounds {
        let kilobytes = usize::try_from(self.http.max_request_headers_kb).unwrap_or(60);
        let headers = usize::try_from(self.http.max_headers_count).unwrap_or(100);
        Bounds { bytes: kilobytes.saturating_mul(1024), headers }
    }

    /// Writes the access log of an exchange.
    pub(super) fn log(&self, exchange: &Exchange) {
        self.logs.write(exchange);
    }

    /// Takes connections until the task is aborted.
    pub(super) async fn accept(self: Rc<Self>, socket: tokio::net::TcpListener, thread: Rc<Thread>) {
        static LAST_CONNECTION: AtomicU64 = AtomicU64::new(0);
        loop {
            match socket.accept().await {
                Ok((io, remote)) => {
                    let id = LAST_CONNECTION.fetch_add(1, Ordering::Relaxed);
                    let serve = connection::serve(Rc::clone(&thread), Rc::clone(&self), io, remote, id);
                    tokio::task::spawn_local(serve);
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// One socket per worker for the same address; the kernel spreads connections over them.
///
/// Where that is not to be had (macOS wakes one socket only) they are copies of one socket.
pub(super) fn bind(address: SocketAddr, workers: usize) -> io::Result<Vec<TcpListener>> {
    let shared = cfg!(any(target_os = "linux", target_os = "android"));
    let first = listen(address, shared && workers > 1)?;
    let bound = first.local_addr()?;
    let mut sockets = vec![first];
    while sockets.len() < workers {
        let copy = || sockets.first().map(TcpListener::try_clone).unwrap_or_else(|| listen(bound, false));
        let socket = if shared { listen(bound, true)? } else { copy()? };
        sockets.push(socket);
    }
    Ok(sockets)
}

fn listen(address: SocketAddr, reuse_port: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(reuse_port)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
