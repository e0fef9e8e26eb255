//! A host with everything around it: upstreams, a service for callouts, an address that refuses.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use super::build::root;
use super::grpc::GrpcUpstream;
use super::host::Host;
use super::upstream::Upstream;
use super::{answers, bootstrap};

/// One host between its own clients and upstreams.
pub(crate) struct World {
    pub(crate) host: Host,
    pub(crate) upstream: Upstream,
    pub(crate) callee: Upstream,
    pub(crate) grpc: GrpcUpstream,
    pub(crate) refusing: Refusing,
}

impl World {
    /// Starts `program` with these listeners. The files of `test` stand together, those of this host begin with `name`.
    pub(crate) fn start(program: &Path, test: &str, name: &str, listeners: &[Value]) -> Self {
        let upstream = Upstream::start(answers::upstream);
        let callee = Upstream::start(answers::callee);
        let grpc = GrpcUpstream::start();
        let refusing = Refusing::new();
        let clusters = [
            bootstrap::cluster("upstream", &[upstream.address]),
            bootstrap::cluster("callee", &[callee.address]),
            // The name that the example `cohort-callout` asks for.
            bootstrap::cluster("bucket", &[callee.address]),
            bootstrap::cluster("refused", &[refusing.address]),
            bootstrap::cluster("empty", &[]),
            bootstrap::http2_cluster("grpc", &[grpc.address]),
            bootstrap::http2_cluster("grpc-refused", &[refusing.address]),
        ];
        let file = folder(test).join(format!("{name}.json"));
        bootstrap::write(&file, listeners, &clusters);
        let host = Host::start(program, &file, name);
        Self { host, upstream, callee, grpc, refusing }
    }
}

/// A folder of its own for the files of one test.
pub(crate) fn folder(test: &str) -> PathBuf {
    root().join("target/acceptance").join(test)
}

/// An address that refuses.
pub(crate) struct Refusing {
    pub(crate) address: SocketAddr,
    /// Bound and not listening: nobody else is given the port.
    _socket: Socket,
}

impl Refusing {
    fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        Self { address: socket.local_addr().unwrap().as_socket().unwrap(), _socket: socket }
    }
}

/// Routes of most listeners: everything goes to the upstream, but for one host that matches nothing.
pub(crate) fn routes() -> Value {
    json!([
        {"name": "nothing", "domains": ["nothing.example"], "routes": [
            {"match": {"path": "/never"}, "route": {"cluster": "upstream"}}]},
        {"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/refused"}, "route": {"cluster": "refused"}},
            {"match": {"prefix": "/a.Service"}, "route": {"cluster": "grpc"}},
            {"name": "the route", "match": {"prefix": "/named"}, "route": {"cluster": "upstream"}},
            {"match": {"prefix": "/empty"}, "route": {"cluster": "empty"}},
            {"match": {"prefix": "/silent"}, "route": {"cluster": "upstream", "timeout": "0.2s"}},
            {"match": {"prefix": "/direct"}, "direct_response": {"status": 418, "body": {"inline_string": "tea"}}},
            {"match": {"path": "/exact"}, "route": {"cluster": "upstream", "prefix_rewrite": "/rewritten"}},
            {"match": {"prefix": "/by-header", "headers": [{"name": "x-route", "string_match": {"exact": "tea"}}]},
                "direct_response": {"status": 418}},
            {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}]},
    ])
}
