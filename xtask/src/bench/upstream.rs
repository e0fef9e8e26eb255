//! The upstream of the bench: it answers each request from memory, on the thread of the load.

use std::io;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request that is larger is not one of the bench's.
const LARGEST_REQUEST: usize = 64 << 10;

/// The size of a page, as an API or a fragment has it.
const PAGE: usize = 2 << 10;

/// The size of a large page.
const LARGE: usize = 64 << 10;

/// Starts listening on a free port, as long as the runtime lives.
pub(crate) async fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("binding a free port for the upstream")?;
    let address = listener.local_addr()?;
    tokio::spawn(accept(listener));
    Ok(address)
}

async fn accept(listener: TcpListener) {
    loop {
        // A connection that breaks is the proxy's to report.
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(async { serve(stream).await.is_ok() })),
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (small, middle, large) =
        (answer(b"hello from the upstream\n"), answer(&page(PAGE)), answer(&page(LARGE)));
    let keys = answer(super::filters::jwks().as_bytes());
    let mut request = Vec::new();
    let mut space = [0; 8 << 10];
    loop {
        let count = stream.read(&mut space).await?;
        if count == 0 || request.len() > LARGEST_REQUEST {
            return Ok(());
        }
        request.extend_from_slice(space.get(..count).unwrap_or_default());
        // The load has one request in flight on a connection.
        if is_complete(&request) {
            let answer = match request.split(|byte| *byte == b' ').nth(1) {
                Some(b"/large") => &large,
                Some(b"/page") => &middle,
                Some(b"/jwks.json") => &keys,
                _ => &small,
            };
            stream.write_all(answer).await?;
            request.clear();
        }
    }
}

/// Whether a request has come to the end of its body.
fn is_complete(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let (head, body) = request.split_at(end);
    let head = String::from_utf8_lossy(head);
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0) + 4
}

fn answer(body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A page: prose with a link in each two kilobytes.
fn page(size: usize) -> Vec<u8> {
    let prose = "<p>The lazy dog sleeps while the brown fox jumps over the fence and is gone.</p>\n";
    let section = format!("{}<a href=\"https://foo.com/next\">next</a>\n", prose.repeat(24));
    section.bytes().cycle().take(size).collect()
}
