//! An upstream that records each request as it stood on the wire and answers what its path asks for.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use super::message::{Message, Reader};

/// How long a connection may be idle, or an answer wait for its second part.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running upstream. It ends with the process.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    requests: Mutex<Receiver<Message>>,
    gate: Arc<Gate>,
}

/// Where answers in two parts wait: how many second parts may go.
#[derive(Default)]
struct Gate {
    open: Mutex<usize>,
    changed: Condvar,
}

/// What an upstream answers to a path: bytes, and whether it closes after them.
pub(crate) type Answers = fn(path: &str, request: &Message) -> Answer;

/// An answer as bytes.
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) then: Then,
}

/// What happens after an answer.
#[derive(Clone, PartialEq)]
pub(crate) enum Then {
    KeepAlive,
    /// These bytes follow once the test lets them go.
    More(Vec<u8>),
    Close,
    /// Nothing more is sent, and the connection stays until the peer closes it.
    Wait,
    /// The same, and the request is not recorded: whether all of it comes before it is given up is a race.
    Ignore,
}

impl Upstream {
    /// Starts listening on a free port.
    pub(crate) fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().unwrap();
        let (sender, requests) = channel();
        let sender = Arc::new(sender);
        let gate = Arc::new(Gate::default());
        let waiting = Arc::clone(&gate);
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let (sender, gate) = (Arc::clone(&sender), Arc::clone(&waiting));
                // A broken connection is the peer's affair; what it shows, the client's side sees.
                thread::spawn(move || serve(&stream, answers, &sender, &gate).is_ok());
            }
        });
        Self { address, requests: Mutex::new(requests), gate }
    }

    /// The requests that came since the last call.
    pub(crate) fn take(&self) -> Vec<Message> {
        self.requests.lock().unwrap().try_iter().collect()
    }

    /// Lets the second part of one answer go.
    pub(crate) fn release(&self) {
        *self.gate.open.lock().unwrap() += 1;
        self.gate.changed.notify_one();
    }
}

impl Gate {
    fn pass(&self) {
        let open = self.changed.wait_timeout_while(self.open.lock().unwrap(), PATIENCE, |open| *open == 0);
        let mut open = open.unwrap().0;
        *open = open.saturating_sub(1);
    }
}

fn serve(stream: &TcpStream, answers: Answers, requests: &Sender<Message>, gate: &Gate) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = Reader::new(stream);
    while let Some(request) = reader.message(false)? {
        let path = request.head[0].split(' ').nth(1).unwrap_or_default().to_owned();
        let answer = answers(path.split('?').next().unwrap_or_default(), &request);
        // Recorded before the answer leaves, so that a client which has its response finds the request here.
        if answer.then != Then::Ignore {
            requests.send(request).map_err(io::Error::other)?;
        }
        (&*stream).write_all(&answer.bytes)?;
        match answer.then {
            Then::KeepAlive => {}
            Then::More(rest) => {
                gate.pass();
                (&*stream).write_all(&rest)?;
            }
            Then::Close => return stream.shutdown(Shutdown::Both),
            Then::Wait | Then::Ignore => {
                reader.ends()?;
                return Ok(());
            }
        }
    }
    Ok(())
}
