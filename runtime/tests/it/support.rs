//! A proxy from a few lines of configuration, upstreams that do as told, and a plain client.

use mesh_filter_runtime::proxy::config::Bootstrap;
use mesh_filter_runtime::proxy::{ServeError, ServeOptions, Server};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// Far more than anything here takes; reached only by what hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A proxy whose routes stand in `routes` (YAML flow, one per line) and lead to these clusters.
pub(crate) fn proxy(routes: &[&str], clusters: &[Cluster<'_>]) -> Server {
    start(routes, clusters, "").unwrap()
}

/// A cluster's name, endpoints, and whether it speaks HTTP/2.
pub(crate) type Cluster<'a> = (&'a str, &'a [SocketAddr], bool);

/// As [`proxy`], with filters (YAML), where starting may fail.
pub(crate) fn start(routes: &[&str], clusters: &[Cluster<'_>], filters: &str) -> Result<Server, ServeError> {
    let routes: String = routes.iter().map(|route| format!("              - {route}\n")).collect();
    let clusters: String =
        clusters.iter().map(|(name, endpoints, http2)| cluster(name, endpoints, *http2)).collect();
    let text = format!(
        r#"
admin: {{address: {{socket_address: {{address: 127.0.0.1, port_value: 0}}}}}}
static_resources:
  listeners:
  - name: main
    address: {{socket_address: {{address: 127.0.0.1, port_value: 0}}}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: main
          route_config:
            virtual_hosts:
            - name: v
              domains: ["*"]
              routes:
{routes}
          http_filters:
{filters}          - name: router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
{clusters}"#
    );
    let bootstrap = Bootstrap::parse("test.yaml", &text).unwrap();
    Server::start(bootstrap, &ServeOptions { drain_time: PATIENCE, ..ServeOptions::default() })
}

fn cluster(name: &str, endpoints: &[SocketAddr], http2: bool) -> String {
    let endpoints: Vec<_> = endpoints
        .iter()
        .map(|address| {
            let (ip, port) = (address.ip(), address.port());
            format!("{{endpoint: {{address: {{socket_address: {{address: {ip}, port_value: {port}}}}}}}}}")
        })
        .collect();
    let protocol = if http2 {
        r#"
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {}}"#
    } else {
        ""
    };
    format!(
        "  - name: {name}\n    connect_timeout: 5s\n    load_assignment: {{cluster_name: {name}, endpoints: \
         [{{lb_endpoints: [{}]}}]}}{protocol}\n",
        endpoints.join(", ")
    )
}

/// The address of the proxy's one listener.
pub(crate) fn address(server: &Server) -> SocketAddr {
    *server.addresses().first().unwrap()
}

/// An upstream that gives each connection to the test.
pub(crate) fn upstream() -> (SocketAddr, Receiver<Peer>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (send, receive) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            if send.send(Peer::new(stream)).is_err() {
                return;
            }
        }
    });
    (address, receive)
}

/// An upstream that answers each request with this text, for ever.
pub(crate) fn answering(text: &'static str) -> SocketAddr {
    let (address, connections) = upstream();
    thread::spawn(move || {
        for mut peer in connections {
            thread::spawn(move || {
                while !peer.head().is_empty() {
                    peer.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len()));
                }
            });
        }
    });
    address
}

/// One end of a connection.
pub(crate) struct Peer(BufReader<TcpStream>);

impl Peer {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// The head that comes next, line ends as `\n`; empty at the end of the connection.
    pub(crate) fn head(&mut self) -> String {
        let mut head = String::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                return head;
            }
            head.push_str(line.trim_end());
            head.push('\n');
        }
    }

    /// So many bytes of body.
    pub(crate) fn body(&mut self, length: usize) -> String {
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        String::from_utf8(body).unwrap()
    }

    /// A response with its announced body: status, head, body.
    pub(crate) fn response(&mut self) -> (u16, String, String) {
        let head = self.head();
        let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
        let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        let body = self.body(length);
        (status, head, body)
    }

    /// What comes until the connection ends.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        // A reset is an end too.
        let _end = self.0.read_to_end(&mut rest);
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// Gets a path on this connection.
    pub(crate) fn get(&mut self, path: &str) -> (u16, String, String) {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"));
        self.response()
    }
}

/// A header of a head.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}
