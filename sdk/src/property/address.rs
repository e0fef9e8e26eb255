//! The address of a socket.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The address of a socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a port.
    Socket(SocketAddr),
    /// What is no IP address, as the proxy writes it: the path of a Unix domain socket, or the name
    /// of an internal listener.
    Other(String),
}

impl Address {
    pub(super) fn new(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Other(text.to_owned()), Self::Socket)
    }

    /// The IP address, if it has one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.socket().map(|socket| socket.ip())
    }

    /// IP address and port, if it has them.
    #[must_use]
    pub fn socket(&self) -> Option<SocketAddr> {
        match self {
            Self::Socket(socket) => Some(*socket),
            Self::Other(_) => None,
        }
    }
}

/// As the proxy writes it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(socket) => socket.fmt(f),
            Self::Other(text) => f.write_str(text),
        }
    }
}
