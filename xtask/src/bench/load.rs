//! The load generator: a fixed number of keep-alive connections, each with one request in flight.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};

/// Connections at the same time: enough that the proxy always finds work waiting, so that waking
/// sleepers, which costs both hosts the same, does not hide what they do.
const CONNECTIONS: u32 = 32;

/// Threads of the load; each writes to all its connections before it reads from them.
const THREADS: u32 = 2;

/// A host that is silent for so long is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends `requests` over all connections and returns how long each took.
pub(crate) fn run(address: SocketAddr, path: &str, requests: u32) -> Result<Vec<Duration>> {
    let rounds = requests / CONNECTIONS;
    thread::scope(|scope| {
        let clients: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| client(address, path, rounds))).collect();
        let mut latencies = Vec::new();
        for client in clients {
            latencies.extend(client.join().map_err(|_| anyhow!("a client broke off"))??);
        }
        Ok(latencies)
    })
}

fn client(address: SocketAddr, path: &str, rounds: u32) -> Result<Vec<Duration>> {
    let mut streams = (0..CONNECTIONS / THREADS).map(|_| connect(address)).collect::<Result<Vec<_>>>()?;
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: bench.example\r\nuser-agent: bench\r\naccept: */*\r\n\r\n");
    let mut space = vec![0; 256 << 10];
    let mut latencies = Vec::new();
    for _ in 0..rounds {
        let mut begun = Vec::with_capacity(streams.len());
        for stream in &mut streams {
            begun.push(Instant::now());
            stream.write_all(request.as_bytes())?;
        }
        for (stream, begun) in streams.iter_mut().zip(begun) {
            response(stream, &mut space)?;
            latencies.push(begun.elapsed());
        }
    }
    Ok(latencies)
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).with_context(|| format!("connecting to `{address}`"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Reads one response with status 200 to its end.
fn response(stream: &mut TcpStream, space: &mut [u8]) -> Result<()> {
    let mut filled = 0;
    loop {
        let room = space.get_mut(filled..).unwrap_or_default();
        ensure!(!room.is_empty(), "a response of more than {filled} bytes");
        let count = stream.read(room).context("reading a response")?;
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
