//! A client that sends bytes as they are and reads the response as it stands on the wire.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::message::{Message, Reader};

/// Far more than any answer takes; reached only by a host that hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a client got for one request.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Reply {
    /// Interim responses and the final one, in order.
    pub(crate) messages: Vec<Message>,
    /// Whether the host closed the connection after them, looked at only if it says so or nothing came.
    pub(crate) closed: bool,
}

impl Reply {
    /// All of it as text, for comparisons that a person reads.
    pub(crate) fn shown(&self) -> String {
        let mut shown: Vec<_> = self.messages.iter().map(Message::shown).collect();
        if self.closed {
            shown.push("(connection closed)".to_owned());
        }
        shown.join("\n")
    }
}

/// A connection for one exchange.
pub(crate) struct Connection {
    stream: TcpStream,
    /// What could not be sent: a host may answer and close before it has read all, and then the answer counts.
    unsent: Option<io::Error>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, unsent: None })
    }

    /// The client's side of it.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        if self.unsent.is_none() {
            self.unsent = (&self.stream).write_all(bytes).err();
        }
    }

    /// Reads what comes, to the end of the final response.
    pub(crate) fn receive(self, head_request: bool) -> io::Result<Reply> {
        let mut reader = Reader::new(&self.stream);
        let mut reply = Reply::default();
        while let Some(message) = reader.message(head_request)? {
            let interim = matches!(message.status(), 100..=199);
            reply.closed = message.header("connection") == Some("close");
            reply.messages.push(message);
            if !interim {
                break;
            }
        }
        if reply.messages.is_empty() {
            self.unsent.map_or(Ok(()), Err)?;
            reply.closed = true;
        } else if reply.closed {
            // A host may wait for the client to close first.
            self.stream.shutdown(Shutdown::Write)?;
            reply.closed = reader.ends()?;
        }
        Ok(reply)
    }
}

/// Sends one request on a connection of its own.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> io::Result<Reply> {
    let mut connection = Connection::open(address)?;
    connection.send(request);
    connection.receive(request.starts_with(b"HEAD "))
}

/// Whether this machine has a curl for HTTP/2. `cargo xtask test` counts what is left out without it.
pub(crate) fn has_curl() -> bool {
    let version = Command::new("curl").arg("--version").stdin(Stdio::null()).output();
    let speaks_http2 = version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("HTTP2"));
    if !speaks_http2 {
        eprintln!("SKIPPED: no curl that speaks HTTP/2");
    }
    speaks_http2
}
