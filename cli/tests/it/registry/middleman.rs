//! Stands between the program and a registry, and disturbs connections as it is told.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// What becomes of a connection.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It is cut when so many bytes have gone to the registry.
    CutUp(usize),
    /// It is cut when so many bytes have come from the registry.
    CutDown(usize),
    /// It gets this answer, and ends.
    Answer(String),
    /// Nothing ever comes back.
    Silence,
}

/// Passes bytes on.
pub(crate) struct Middleman {
    port: u16,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Middleman {
    /// Begins; the first connections have these faults, all later ones `last`.
    pub(crate) fn start(to: &str, faults: Vec<Fault>, last: Option<Fault>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let over = Arc::new(AtomicBool::new(false));
        let (to, stop) = (to.to_owned(), over.clone());
        let thread = std::thread::spawn(move || {
            let mut faults = faults.into_iter();
            let mut held = Vec::new();
            for client in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                match faults.next().or_else(|| last.clone()) {
                    Some(Fault::Answer(answer)) => drop(std::thread::spawn(move || reply(client, &answer))),
                    Some(Fault::Silence) => held.push(client),
                    fault => pass(client, &to, fault),
                }
            }
        });
        Self { port, over, thread: Some(thread) }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Middleman {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Reads one request's head, and answers.
fn reply(mut client: TcpStream, answer: &str) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|size| size == 1) {
        head.extend(byte);
    }
    let _ = client.write_all(answer.as_bytes());
    let _ = client.shutdown(Shutdown::Write);
    // What is still under way is read, so that the answer is not lost in a reset.
    let _ = std::io::copy(&mut client, &mut std::io::sink());
}

fn pass(client: TcpStream, to: &str, fault: Option<Fault>) {
    let registry = TcpStream::connect(to).unwrap();
    let (up, down) = match fault {
        Some(Fault::CutUp(bytes)) => (bytes, usize::MAX),
        Some(Fault::CutDown(bytes)) => (usize::MAX, bytes),
        _ => (usize::MAX, usize::MAX),
    };
    for (from, to, most) in
        [(client.try_clone().unwrap(), registry.try_clone().unwrap(), up), (registry, client, down)]
    {
        std::thread::spawn(move || pump(from, to, most));
    }
}

/// Passes on so many bytes, then cuts both ways.
fn pump(mut from: TcpStream, mut to: TcpStream, most: usize) {
    let mut buffer = [0; 4096];
    let mut left = most;
    while left > 0 {
        let wanted = left.min(buffer.len());
        match from.read(&mut buffer[..wanted]) {
            Ok(size) if size > 0 && to.write_all(&buffer[..size]).is_ok() => left -= size,
            _ => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
