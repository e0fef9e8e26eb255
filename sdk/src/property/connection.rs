//! Properties of the two connections of an exchange: from the client, and to the upstream.

use super::{Address, Result, group, read};
use std::time::Duration;

/// One end of the client's connection; see [`source`] and [`destination`].
#[derive(Debug, Clone, Copy)]
pub struct Endpoint(&'static str);

/// The client's end of its connection.
#[must_use]
pub fn source() -> Endpoint {
    Endpoint("source")
}

/// The proxy's end of the client's connection.
#[must_use]
pub fn destination() -> Endpoint {
    Endpoint("destination")
}

impl Endpoint {
    /// Its address.
    ///
    /// # Errors
    /// When the proxy refuses, or gives bytes of another kind.
    pub fn address(self) -> Result<Option<Address>> {
        read(&[self.0, "address"])
    }

    /// Its port; `None` where it has no IP address.
    ///
    /// # Errors
    /// When the proxy refuses, or gives bytes of another kind.
    pub fn port(self) -> Result<Option<u16>> {
        read(&[self.0, "port"])
    }
}

group! {
    /// Properties of the client's connection; see [`connection`].
    Connection: "connection" {
        /// A number that no other connection of this proxy has.
        id: u64 = "id",
        /// Whether both sides showed certificates.
        mtls: bool = "mtls",
        /// The name that the client asked for (SNI).
        requested_server_name: String = "requested_server_name",
        /// The version of TLS, as `TLSv1.3`; `None` without TLS.
        tls_version: String = "tls_version",
        /// Why the proxy closed the connection.
        termination_details: String = "termination_details",
        /// Why the transport failed.
        transport_failure_reason: String = "transport_failure_reason",
    }
}

/// The client's connection.
#[must_use]
pub fn connection() -> Connection {
    Connection(())
}

impl Connection {
    /// The client's certificate: who it is, where `mtls` says that it was asked.
    #[must_use]
    pub fn peer_certificate(self) -> Certificate {
        Certificate { group: "connection", names: PEER }
    }

    /// The certificate that the proxy showed to the client.
    #[must_use]
    pub fn local_certificate(self) -> Certificate {
        Certificate { group: "connection", names: LOCAL }
    }

    /// The SHA-256 digest of the client's certificate, in hexadecimal digits.
    ///
    /// # Errors
    /// When the proxy refuses, or gives no text.
    pub fn peer_certificate_digest(self) -> Result<Option<String>> {
        filled("connection", DIGEST)
    }

    /// The client's certificate itself, as PEM in percent-encoding.
    ///
    /// # Errors
    /// When the proxy refuses, or gives no text.
    pub fn peer_certificate_pem(self) -> Result<Option<String>> {
        filled("connection", "peer_certificate")
    }
}

group! {
    /// Properties of the upstream and the connection to it; see [`upstream`].
    Upstream: "upstream" {
        /// The upstream host's address.
        address: Address = "address",
        /// The upstream host's port; `None` where it has no IP address.
        port: u16 = "port",
        /// The proxy's own address on this connection.
        local_address: Address = "local_address",
        /// The version of TLS, as `TLSv1.3`; `None` without TLS.
        tls_version: String = "tls_version",
        /// Why the transport failed.
        transport_failure_reason: String = "transport_failure_reason",
        /// How often the request was sent, retries included.
        request_attempts: u64 = "request_attempt_count",
        /// How long it took until a connection was ready.
        connection_pool_wait: Duration = "cx_pool_ready_duration",
        /// How many hosts the cluster has.
        endpoints: u64 = "num_endpoints",
    }
}

/// The upstream and the connection to it, once one was chosen.
#[must_use]
pub fn upstream() -> Upstream {
    Upstream(())
}

impl Upstream {
    /// The upstream's certificate.
    #[must_use]
    pub fn peer_certificate(self) -> Certificate {
        Certificate { group: "upstream", names: PEER }
    }

    /// The certificate that the proxy showed to the upstream.
    #[must_use]
    pub fn local_certificate(self) -> Certificate {
        Certificate { group: "upstream", names: LOCAL }
    }

    /// The SHA-256 digest of the upstream's certificate, in hexadecimal digits.
    ///
    /// # Errors
    /// When the proxy refuses, or gives no text.
    pub fn peer_certificate_digest(self) -> Result<Option<String>> {
        filled("upstream", DIGEST)
    }
}

/// The names of a certificate's subject, DNS name and URI.
type Names = [&'static str; 3];

const PEER: Names = ["subject_peer_certificate", "dns_san_peer_certificate", "uri_san_peer_certificate"];
const LOCAL: Names = ["subject_local_certificate", "dns_san_local_certificate", "uri_san_local_certificate"];
const DIGEST: &str = "sha256_peer_certificate_digest";

/// What a certificate says about its holder.
///
/// A proxy may write what a certificate does not say as an empty text; here that is `None`, so that
/// nothing is taken for an identity that is none.
#[derive(Debug, Clone, Copy)]
pub struct Certificate {
    group: &'static str,
    names: Names,
}

impl Certificate {
    /// The distinguished name of its subject, as `CN=client,O=example`.
    ///
    /// # Errors
    /// When the proxy refuses, or gives no text.
    pub fn subject(self) -> Result<Option<String>> {
        let [subject, ..] = self.names;
        filled(self.group, subject)
    }

    /// The first DNS name of its alternative names.
    ///
    /// # Errors
    /// When the proxy refuses, or gives no text.
    pub fn dns_san(self) -> Result<Option<String>> {
        let [_, dns, _] = self.names;
        filled(self.group, dns)
    }

    /// The first URI of its alternative names: in a mesh the SPIFFE id.
    ///
    /// # Errors
    /// When the proxy refuses, or gives no text.
    pub fn uri_san(self) -> Result<Option<String>> {
        let [.., uri] = self.names;
        filled(self.group, uri)
    }
}

/// Text that says something.
fn filled(group: &str, name: &str) -> Result<Option<String>> {
    Ok(read(&[group, name])?.filter(|text: &String| !text.is_empty()))
}
