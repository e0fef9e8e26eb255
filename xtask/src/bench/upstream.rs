//! The upstream of the bench: it answers each GET from memory, one thread for each connection.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};

/// A request that is larger is not one of the bench's.
const LARGEST_REQUEST: usize = 64 << 10;

/// The size of the large answer.
const LARGE: usize = 64 << 10;

/// Starts listening on a free port, until the process ends.
pub(crate) fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("binding a free port for the upstream")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            // A connection that breaks is the proxy's to report.
            thread::spawn(move || serve(stream).is_ok());
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (small, large) = (answer(b"hello from the upstream\n"), answer(&page(LARGE)));
    let mut request = Vec::new();
    let mut space = [0; 8 << 10];
    loop {
        let count = stream.read(&mut space)?;
        if count == 0 || request.len() > LARGEST_REQUEST {
            return Ok(());
        }
        request.extend_from_slice(space.get(..count).unwrap_or_default());
        // The load has one request in flight on a connection, and none has a body.
        if request.ends_with(b"\r\n\r\n") {
            let answer = if request.starts_with(b"GET /large ") { &large } else { &small };
            stream.write_all(answer)?;
            request.clear();
        }
    }
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
