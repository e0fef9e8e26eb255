//! The load generator: a fixed number of keep-alive connections, each with one request in flight.
//!
//! Clients and upstream share one thread, which never sleeps while a run lasts: to wake a sleeper costs
//! whoever sends to it more than many a request, the same in both hosts, and would hide what they do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::upstream;

/// Connections at the same time: enough that the proxy always finds work waiting.
const CONNECTIONS: u32 = 64;

/// A host that is silent for so long is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// The thread of clients and upstream.
pub(crate) struct Load {
    runtime: Runtime,
    pub(crate) upstream: SocketAddr,
}

impl Load {
    /// Starts the upstream on a free port.
    pub(crate) fn start() -> Result<Self> {
        // Sockets are looked at after each few steps, else those that are ready wait for those that are not.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().event_interval(8).build()?;
        let upstream = runtime.block_on(upstream::start())?;
        Ok(Self { runtime, upstream })
    }

    /// Sends one request over a connection of its own.
    pub(crate) fn once(&self, address: SocketAddr, path: &str) -> Result<()> {
        self.runtime.block_on(client(address, get(path, &[]).into(), 1)).map(drop)
    }

    /// Sends `requests` over all connections and returns how long each took.
    pub(crate) fn run(&self, address: SocketAddr, path: &str, requests: u32) -> Result<Vec<Duration>> {
        self.send(address, get(path, &[]), requests)
    }

    /// Sends one request as often over all connections.
    pub(crate) fn send(&self, address: SocketAddr, request: Vec<u8>, requests: u32) -> Result<Vec<Duration>> {
        let request: Arc<[u8]> = request.into();
        self.runtime.block_on(async {
            let awake = tokio::spawn(async {
                loop {
                    tokio::task::yield_now().await;
                }
            });
            let mut clients = JoinSet::new();
            for _ in 0..CONNECTIONS {
                clients.spawn(client(address, Arc::clone(&request), requests / CONNECTIONS));
            }
            let mut latencies = Vec::new();
            while let Some(client) = clients.join_next().await {
                latencies.extend(client.context("a client broke off")??);
            }
            awake.abort();
            Ok(latencies)
        })
    }
}

/// A request without a body.
pub(crate) fn get(path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    request("GET", path, headers, b"")
}

/// A request as a client writes it.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nhost: bench.example\r\nuser-agent: bench\r\naccept: */*\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

async fn client(address: SocketAddr, request: Arc<[u8]>, rounds: u32) -> Result<Vec<Duration>> {
    let connected = timeout(PATIENCE, TcpStream::connect(address)).await.context("connecting")?;
    let mut stream = connected.with_context(|| format!("connecting to `{address}`"))?;
    stream.set_nodelay(true)?;
    let mut space = vec![0; 256 << 10];
    let mut latencies = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        stream.write_all(&request).await?;
        timeout(PATIENCE, response(&mut stream, &mut space)).await.context("waiting for a response")??;
        latencies.push(begun.elapsed());
    }
    Ok(latencies)
}

/// Reads one response with status 200 to its end.
async fn response(stream: &mut TcpStream, space: &mut [u8]) -> Result<()> {
    let mut filled = 0;
    loop {
        let room = space.get_mut(filled..).unwrap_or_default();
        ensure!(!room.is_empty(), "a response of more than {filled} bytes");
        let count = stream.read(room).await.context("reading a response")?;
        ensure!(count > 0, "the proxy closed the connection");
        filled += count;
        if is_complete(space.get(..filled).unwrap_or_default())? {
            return Ok(());
        }
    }
}

fn is_complete(message: &[u8]) -> Result<bool> {
    let Some(head_size) = message.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(false);
    };
    let (head, body) = message.split_at_checked(head_size + 4).context("a head ends in its message")?;
    if !head.starts_with(b"HTTP/1.1 200 ") {
        let head = String::from_utf8_lossy(head);
        bail!("the proxy answered `{}`", head.lines().next().unwrap_or_default());
    }
    let head = std::str::from_utf8(head)?;
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    match lines.find(|(name, _)| ["content-length", "transfer-encoding"].contains(name)) {
        Some(("content-length", length)) => Ok(body.len() >= length.parse()?),
        Some(_) => Ok(body.ends_with(b"0\r\n\r\n")),
        None => bail!("a response without length"),
    }
}
