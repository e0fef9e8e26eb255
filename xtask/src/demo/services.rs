//! The services behind the demo's proxy: an echo upstream, and a bucket service that can be slow.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// The head of every answer, but for its length.
pub(crate) const RESPONSE_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/plain";

/// Longer than the filter's patience.
const SLOW: Duration = Duration::from_millis(500);

/// A head that is larger is cut off.
const LARGEST_HEAD: usize = 64 << 10;

/// Running services; they end with the process.
pub(crate) struct Services {
    pub(crate) upstream: SocketAddr,
    pub(crate) bucket: SocketAddr,
    last: Arc<Mutex<Option<String>>>,
    slow: Arc<AtomicBool>,
}

impl Services {
    pub(crate) fn start() -> Result<Self> {
        let last = Arc::new(Mutex::new(None));
        let slow = Arc::new(AtomicBool::new(false));
        let (seen, slowed) = (Arc::clone(&last), Arc::clone(&slow));
        let upstream = serve(move |head| {
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(head.to_owned());
            head.to_owned()
        })?;
        let bucket = serve(move |_| {
            if slowed.load(Ordering::Relaxed) {
                thread::sleep(SLOW);
            }
            "blue".to_owned()
        })?;
        Ok(Self { upstream, bucket, last, slow })
    }

    /// The head of the upstream's last request, once.
    pub(crate) fn last_request(&self) -> Option<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn be_slow(&self) {
        self.slow.store(true, Ordering::Relaxed);
    }

    pub(crate) fn be_quick(&self) {
        self.slow.store(false, Ordering::Relaxed);
    }
}

/// Answers each request on a free port with a text made from its head.
fn serve(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("binding a free port for a service")?;
    let address = listener.local_addr()?;
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            let answer = Arc::clone(&answer);
            // A connection that breaks is the proxy's to report.
            thread::spawn(move || connection(stream, &*answer).is_ok());
        }
    });
    Ok(address)
}

fn connection(mut stream: TcpStream, answer: &dyn Fn(&str) -> String) -> io::Result<()> {
    let mut head = Vec::new();
    let mut space = [0; 4 << 10];
    loop {
        let count = stream.read(&mut space)?;
        head.extend_from_slice(space.get(..count).unwrap_or_default());
        if count == 0 || head.len() > LARGEST_HEAD {
            return Ok(());
        }
        // Requests of the demo have no body; with `--serve`, what follows a head is taken for the next one's beginning.
        if let Some(text) = head.strip_suffix(b"\r\n\r\n") {
            let body = answer(&String::from_utf8_lossy(text));
            // In one piece: pieces would wait for each other's acknowledgements.
            let answer = format!("{RESPONSE_HEAD}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes())?;
            head.clear();
        }
    }
}
