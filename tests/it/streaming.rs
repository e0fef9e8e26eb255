//! Large bodies stream through: the proxy's memory stays the same, however slow the other side is.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::bootstrap::{self, Filter, listener};
use crate::support::build::{guest, program, root};
use crate::support::client::has_curl;
use crate::support::host::Host;

const SIZE: usize = 100 << 20;

/// What the proxy may take more than before: its buffers of one mebibyte on each side, and the allocator's slack.
const ALLOWED_GROWTH: usize = 24 << 20;

/// Far more than a hundred mebibytes take on loopback.
const PATIENCE: Duration = Duration::from_secs(120);

/// Progress that stops for so long has stopped because of backpressure.
const STANDSTILL: Duration = Duration::from_millis(300);

/// An upstream that swallows bodies and sends large ones, and counts the bytes of both.
struct Upstream {
    address: SocketAddr,
    received: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
}

impl Upstream {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (received, sent) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counters = (Arc::clone(&received), Arc::clone(&sent));
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let (received, sent) = counters.clone();
                thread::spawn(move || serve(stream, &received, &sent).is_ok());
            }
        });
        Self { address, received, sent }
    }

    fn reset(&self) {
        self.received.store(0, Ordering::SeqCst);
        self.sent.store(0, Ordering::SeqCst);
    }
}

fn serve(mut stream: TcpStream, received: &AtomicUsize, sent: &AtomicUsize) -> std::io::Result<()> {
    let mut space = vec![0; 256 << 10];
    let mut head = Vec::new();
    let end = loop {
        let count = stream.read(&mut space)?;
        head.extend_from_slice(&space[..count]);
        match head.windows(4).position(|window| window == b"\r\n\r\n") {
            Some(at) => break at + 4,
            None if count == 0 => return Ok(()),
            None => {}
        }
    };
    if head.starts_with(b"GET ") {
        write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {SIZE}\r\n\r\n")?;
        let chunk = vec![b'a'; 64 << 10];
        for _ in 0..SIZE / chunk.len() {
            stream.write_all(&chunk)?;
            sent.fetch_add(chunk.len(), Ordering::SeqCst);
        }
        return Ok(());
    }
    // The path `/slow` waits at its first byte until the sender has come to a standstill.
    if head.starts_with(b"POST /slow ") {
        thread::sleep(2 * STANDSTILL);
    }
    let mut total = head.len() - end;
    received.store(total, Ordering::SeqCst);
    // Whoever answers before the end and closes lets the system drop the answer.
    let chunked =
        String::from_utf8_lossy(&head[..end]).to_ascii_lowercase().contains("transfer-encoding: chunked");
    let mut tail = head.split_off(end);
    while if chunked { !tail.ends_with(b"\r\n0\r\n\r\n") } else { total < SIZE } {
        let count = stream.read(&mut space)?;
        if count == 0 {
            return Ok(());
        }
        total += count;
        received.store(total, Ordering::SeqCst);
        tail.extend_from_slice(&space[..count]);
        tail.drain(..tail.len().saturating_sub(16));
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok")
}

/// Waits until a counter has not moved for a while, and returns it.
fn standstill(counter: &AtomicUsize) -> usize {
    let (begun, mut last, mut since) = (Instant::now(), 0, Instant::now());
    loop {
        let now = counter.load(Ordering::SeqCst);
        if now != last {
            (last, since) = (now, Instant::now());
        } else if now > 0 && since.elapsed() > STANDSTILL {
            return now;
        }
        assert!(begun.elapsed() < PATIENCE, "no standstill at {now}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads a response to its end and returns the size of its body, once `before_reading` is done.
fn download(address: SocketAddr, before_reading: impl FnOnce()) -> usize {
    let mut stream = connect(address);
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
    before_reading();
    let (mut space, mut total, mut head) = (vec![0; 256 << 10], 0, None);
    loop {
        let count = stream.read(&mut space).unwrap();
        if count == 0 {
            return total - head.unwrap_or(0);
        }
        head = head.or_else(|| Some(space[..count].windows(4).position(|window| window == b"\r\n\r\n")? + 4));
        total += count;
    }
}

fn upload(address: SocketAddr, path: &str) -> String {
    let mut stream = connect(address);
    write!(stream, "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {SIZE}\r\n\r\n")
        .unwrap();
    let chunk = vec![b'a'; 64 << 10];
    for _ in 0..SIZE / chunk.len() {
        stream.write_all(&chunk).unwrap();
    }
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

/// The body of a response that is as it should be, otherwise all of it.
fn body(response: &str) -> &str {
    let ok = response.starts_with("HTTP/1.1 200 ");
    response.split_once("\r\n\r\n").map_or(response, |(_, body)| if ok { body } else { response })
}

/// A download and an upload over HTTP/2 by curl: its report of status and sizes.
fn curl(url: &str, upload: bool) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--http2-prior-knowledge", "--silent", "--show-error", "--output", "/dev/null"]);
    curl.args([
        "--write-out",
        "%{http_version} %{http_code} %{size_download} %{size_upload}",
        "--max-time",
        "120",
    ]);
    if upload {
        curl.args(["--request", "POST", "--header", "expect:", "--upload-file", "-"]);
    }
    let mut process = curl.arg(url).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("curl runs");
    let mut input = process.stdin.take().unwrap();
    if upload {
        let chunk = vec![b'a'; 64 << 10];
        for _ in 0..SIZE / chunk.len() {
            input.write_all(&chunk).unwrap();
        }
    }
    drop(input);
    String::from_utf8(process.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn bodies_of_100_mib_stream_at_constant_memory() {
    let upstream = Upstream::start();
    let filter = Filter::new("body", &guest("body"), "request upper\nresponse upper");
    let routes = json!([{"name": "all", "domains": ["*"], "routes": [
        {"match": {"prefix": "/"}, "route": {"cluster": "upstream", "timeout": "0s"}}]}]);
    let listeners =
        [listener("plain", &[], &routes, &json!({})), listener("filter", &[filter], &routes, &json!({}))];
    let file = root().join("target/acceptance/streaming/bootstrap.json");
    bootstrap::write(&file, &listeners, &[bootstrap::cluster("upstream", &[upstream.address])]);
    let program = program("mesh-filter-proxy");
    let host = Host::start(&program, &file, "ours");
    let http2 = has_curl();

    // The filter writes bodies in upper case.
    for (name, answer) in [("plain", "ok"), ("filter", "OK")] {
        let address = host.listener(name);
        // Once before the measure: buffers are made, the guest's memory has grown.
        assert_eq!(download(address, || ()), SIZE, "{name}");
        let before = host.peak_memory();
        let stays = |what: &str| {
            let grown = host.peak_memory().saturating_sub(before);
            assert!(grown < ALLOWED_GROWTH, "{name}, {what}: memory grew by {grown} bytes");
        };

        assert_eq!(download(address, || ()), SIZE, "{name}: download");
        stays("download");
        assert_eq!(body(&upload(address, "/")), answer, "{name}: upload");
        assert_eq!(upstream.received.load(Ordering::SeqCst), SIZE, "{name}: upload");
        stays("upload");

        upstream.reset();
        let total = download(address, || {
            let sent = standstill(&upstream.sent);
            assert!(
                sent < SIZE / 2,
                "{name}: the upstream could send {sent} bytes to a client that reads none"
            );
        });
        assert_eq!(total, SIZE, "{name}: slow download");
        stays("download by a slow client");
        assert_eq!(body(&upload(address, "/slow")), answer, "{name}: slow upload");
        stays("upload to a slow upstream");

        if !http2 {
            continue;
        }
        assert_eq!(curl(&format!("http://{address}/large"), false), format!("2 200 {SIZE} 0"), "{name}");
        stays("download over HTTP/2");
        assert_eq!(curl(&format!("http://{address}/"), true), format!("2 200 2 {SIZE}"), "{name}");
        stays("upload over HTTP/2");
    }
}
