//! An upstream that records each request as it stood on the wire and answers what its path asks for.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::message::{Message, Reader};

/// A running upstream. It ends with the process.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    requests: Mutex<Receiver<Message>>,
}

/// What an upstream answers to a path: bytes, and whether it closes after them.
pub(crate) type Answers = fn(path: &str, request: &Message) -> Answer;

/// An answer as bytes.
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) then: Then,
}

/// What happens after an answer.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Then {
    KeepAlive,
    Close,
    /// Nothing more is sent, and the connection stays until the peer closes it.
    Wait,
}

impl Upstream {
    /// Starts listening on a free port.
    pub(crate) fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().unwrap();
        let (sender, requests) = channel();
        let sender = Arc::new(sender);
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let sender = Arc::clone(&sender);
                // A broken connection is the peer's affair; what it shows, the client's side sees.
                thread::spawn(move || serve(&stream, answers, &sender).is_ok());
            }
        });
        Self { address, requests: Mutex::new(requests) }
    }

    /// The requests that came since the last call.
    pub(crate) fn take(&self) -> Vec<Message> {
        self.requests.lock().unwrap().try_iter().collect()
    }
}

fn serve(stream: &TcpStream, answers: Answers, requests: &Sender<Message>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut reader = Reader::new(stream);
    while let Some(request) = reader.message(false)? {
        let path = request.head[0].split(' ').nth(1).unwrap_or_default().to_owned();
        let answer = answers(path.split('?').next().unwrap_or_default(), &request);
        // Recorded before the answer leaves, so that a client which has its response finds the request here.
        requests.send(request).map_err(io::Error::other)?;
        (&*stream).write_all(&answer.bytes)?;
        match answer.then {
            Then::KeepAlive => {}
            Then::Close => return stream.shutdown(Shutdown::Both),
            Then::Wait => {
                reader.ends()?;
                return Ok(());
            }
        }
    }
    Ok(())
}
