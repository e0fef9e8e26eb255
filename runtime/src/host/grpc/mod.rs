//! gRPC callouts: checked, numbered and understood here, carried over HTTP by the driver.
//!
//! The driver gets [`GrpcAction`]s and gives back [`GrpcPart`]s of the HTTP response.
//! Reading order: `target`, `frames`, `response`, then the table of open calls below.

mod binary;
mod frames;
mod response;
mod target;

pub use response::GrpcPart;
pub(crate) use response::of_http as grpc_status_of_http;

use super::contexts::Deferred;
use super::{Host, maps};
use crate::abi::Status;
use crate::exchange::Side;
use crate::guest::{Callback, ContextId};
use crate::headers::Headers;
use bytes::Bytes;
use frames::frame;
pub(crate) use response::GrpcEvent;
use response::Response;
use std::collections::BTreeMap;
use std::time::Duration;
use target::Target;

/// Largest number of milliseconds that `grpc-timeout` can say: it has eight digits.
const MAX_TIMEOUT_MS: u32 = 99_999_999;

/// A gRPC callout that the driver opens: a POST over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcCall {
    /// Number that the guest knows it by: 5, 9, 13, ... for calls and 6, 10, 14, ... for streams.
    pub token: u32,
    /// Cluster.
    pub cluster: String,
    /// Request headers, pseudo headers included.
    pub headers: Headers,
    /// The whole body of a unary call; `None` for streams, whose body comes later.
    pub body: Option<Bytes>,
    /// After which a call has failed; `None` waits for ever.
    pub timeout: Option<Duration>,
}

/// What the driver has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrpcAction {
    /// Open a call or stream.
    Open(GrpcCall),
    /// Send body bytes; may be none.
    Send {
        /// Number of the stream.
        token: u32,
        /// The bytes.
        bytes: Bytes,
        /// Nothing follows.
        end: bool,
    },
    /// Give it up; nothing more is wanted of it.
    Reset {
        /// Number of the call or stream.
        token: u32,
    },
}

/// Where a callout is and what it says, as guests name them.
#[derive(Debug, Clone, Copy)]
pub struct GrpcMethod<'a> {
    /// A serialised `GrpcService`, or a cluster's name.
    pub target: &'a [u8],
    /// Full name of the service.
    pub service: &'a [u8],
    /// Name of the method.
    pub method: &'a [u8],
}

/// The gRPC callouts of a VM.
#[derive(Debug, Default)]
pub(super) struct GrpcCalls {
    last_call: u32,
    last_stream: u32,
    open: BTreeMap<u32, Open>,
    /// What the callback that is running can read.
    pub(super) delivered: Option<GrpcEvent>,
}

/// One that the guest may still name.
#[derive(Debug)]
struct Open {
    root: ContextId,
    unary: bool,
    response: Response,
    local_closed: bool,
    remote_closed: bool,
    /// It failed at once: the guest has not got its number.
    refused: bool,
}

/// What a number stands for; its last two bits say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Call,
    Stream,
    Other,
}

impl Kind {
    fn of(token: u32) -> Self {
        match token & 3 {
            1 => Self::Call,
            2 => Self::Stream,
            _ => Self::Other,
        }
    }
}

impl GrpcCalls {
    /// The next number of this kind that is free.
    fn next(&mut self, unary: bool) -> u32 {
        let first = if unary { 5 } else { 6 };
        loop {
            let last = if unary { &mut self.last_call } else { &mut self.last_stream };
            *last = if *last == 0 { first } else { last.checked_add(4).unwrap_or(first) };
            let token = *last;
            if !self.open.contains_key(&token) {
                return token;
            }
        }
    }

    fn find(&mut self, token: u32) -> Result<&mut Open, Status> {
        self.open.get_mut(&token).filter(|open| !open.refused).ok_or(Status::NOT_FOUND)
    }

    /// Whether there is room for another one. What the other side has closed is forgotten first.
    fn has_room(&mut self, most: usize) -> bool {
        if self.open.len() >= most {
            self.open.retain(|_, open| !open.remote_closed);
        }
        self.open.len() < most
    }
}

impl Host {
    /// `proxy_grpc_call`: a unary call; returns its token.
    ///
    /// # Errors
    /// `ParseFailure` or `BadArgument` for targets that are none; `InternalFailure` where the
    /// cluster is not there or has no endpoint: the guest is told that the call has closed, too.
    pub fn grpc_call(
        &mut self,
        to: GrpcMethod<'_>,
        metadata: Vec<(Bytes, Bytes)>,
        message: &[u8],
        timeout_ms: u32,
    ) -> Result<u32, Status> {
        let body = frame(message).ok_or(Status::BAD_ARGUMENT)?;
        self.open_grpc(to, metadata, Some((body, timeout_ms)))
    }

    /// `proxy_grpc_stream`; returns its token.
    ///
    /// # Errors
    /// As [`Self::grpc_call`].
    pub fn grpc_stream(&mut self, to: GrpcMethod<'_>, metadata: Vec<(Bytes, Bytes)>) -> Result<u32, Status> {
        self.open_grpc(to, metadata, None)
    }

    /// `proxy_grpc_send`: a message on a stream.
    ///
    /// # Errors
    /// `BadArgument` for tokens that are not of streams, `NotFound` for unknown ones.
    pub fn grpc_send(&mut self, token: u32, message: &[u8], end: bool) -> Result<(), Status> {
        if Kind::of(token) != Kind::Stream {
            return Err(Status::BAD_ARGUMENT);
        }
        let open = self.grpc.find(token)?;
        let bytes = frame(message).ok_or(Status::BAD_ARGUMENT)?;
        if !open.remote_closed {
            self.deferred.push(Deferred::Grpc(GrpcAction::Send { token, bytes, end }));
        }
        Ok(())
    }

    /// `proxy_grpc_close`: ends the sending side of a stream, or cancels a call.
    ///
    /// # Errors
    /// `BadArgument` for tokens that are not of gRPC, `NotFound` for unknown ones.
    pub fn grpc_close(&mut self, token: u32) -> Result<(), Status> {
        if Kind::of(token) != Kind::Stream {
            return self.grpc_cancel(token);
        }
        let open = self.grpc.find(token)?;
        if open.remote_closed {
            self.grpc.open.remove(&token);
        } else {
            open.local_closed = true;
            self.deferred.push(Deferred::Grpc(GrpcAction::Send { token, bytes: Bytes::new(), end: true }));
        }
        Ok(())
    }

    /// `proxy_grpc_cancel`: gives a call or stream up; the guest is told nothing more of it.
    ///
    /// # Errors
    /// As [`Self::grpc_close`].
    pub fn grpc_cancel(&mut self, token: u32) -> Result<(), Status> {
        if Kind::of(token) == Kind::Other {
            return Err(Status::BAD_ARGUMENT);
        }
        self.grpc.find(token)?;
        self.grpc.open.remove(&token);
        self.deferred.push(Deferred::Grpc(GrpcAction::Reset { token }));
        Ok(())
    }

    fn open_grpc(
        &mut self,
        to: GrpcMethod<'_>,
        metadata: Vec<(Bytes, Bytes)>,
        unary: Option<(Bytes, u32)>,
    ) -> Result<u32, Status> {
        let target = Target::read(to.target, &*self.services.clusters)?;
        let root = self.root_of(self.effective).ok_or(Status::BAD_ARGUMENT)?;
        if !self.grpc.has_room(self.services.quotas.callouts) {
            return Err(Status::INTERNAL_FAILURE);
        }
        let token = self.grpc.next(unary.is_some());
        let clusters = &self.services.clusters;
        let failure = if !clusters.knows(&target.cluster) {
            Some(None)
        } else if clusters.is_empty(&target.cluster) {
            let details = "no_healthy_upstream".to_owned();
            Some(Some(GrpcPart::Failed { text: "no healthy upstream".into(), details }))
        } else {
            None
        };
        let open = Open {
            root,
            unary: unary.is_some(),
            response: Response::new(unary.is_some(), target.max_message),
            local_closed: false,
            remote_closed: false,
            refused: failure.is_some(),
        };
        self.grpc.open.insert(token, open);
        if let Some(part) = failure {
            // Envoy tells of it before this returns; a guest cannot be called while it runs.
            self.deferred.push(Deferred::GrpcFailed { token, part });
            return Err(Status::INTERNAL_FAILURE);
        }
        let timeout_ms = unary.as_ref().map(|(_, timeout_ms)| *timeout_ms);
        let headers = request(&target, to, metadata, timeout_ms);
        let timeout = timeout_ms.filter(|timeout_ms| *timeout_ms > 0);
        self.deferred.push(Deferred::Grpc(GrpcAction::Open(GrpcCall {
            token,
            cluster: target.cluster,
            headers,
            body: unary.map(|(body, _)| body),
            timeout: timeout.map(|timeout_ms| Duration::from_millis(timeout_ms.into())),
        })));
        Ok(token)
    }

    /// What the guest is to be told of a part; `None` stands for a cluster that is not there.
    pub(crate) fn grpc_events(&mut self, token: u32, part: Option<GrpcPart>) -> Vec<GrpcEvent> {
        match (self.grpc.open.get_mut(&token), part) {
            (Some(open), Some(part)) if !open.remote_closed => open.response.take(part),
            (Some(_), None) => vec![GrpcEvent::no_cluster()],
            _ => Vec::new(),
        }
    }

    /// Makes an event readable for the callback that tells of it; `None` where it is not wanted.
    pub(crate) fn deliver_grpc(&mut self, token: u32, event: GrpcEvent) -> Option<Callback> {
        let open = self.grpc.open.get_mut(&token)?;
        let root = open.root;
        let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        let callback = match &event {
            GrpcEvent::InitialMetadata(headers) => {
                Callback::GrpcReceiveInitialMetadata { root, token, count: size(headers.len()) }
            }
            GrpcEvent::Message(message) => Callback::GrpcReceive { root, token, size: size(message.len()) },
            GrpcEvent::TrailingMetadata(headers) => {
                Callback::GrpcReceiveTrailingMetadata { root, token, count: size(headers.len()) }
            }
            GrpcEvent::Close { status, message } => {
                open.remote_closed = true;
                self.statuses.insert(root, (*status, message.clone()));
                Callback::GrpcClose { root, token, status: *status }
            }
        };
        self.grpc.delivered = Some(event);
        Some(callback)
    }

    /// Ends the delivery, and with it the call where it is over.
    pub(crate) fn grpc_delivered(&mut self, token: u32) {
        let event = self.grpc.delivered.take();
        let closed = matches!(event, Some(GrpcEvent::Close { .. }));
        if closed {
            self.forget_messages();
        }
        if let Some(open) = self.grpc.open.get(&token) {
            let over = if open.unary { true } else { closed && (open.local_closed || open.refused) };
            if over {
                self.grpc.open.remove(&token);
            }
        }
    }

    /// Whether the driver has to go on with a call or stream.
    pub(crate) fn wants_grpc(&self, token: u32) -> bool {
        self.grpc.open.get(&token).is_some_and(|open| !open.remote_closed)
    }

    /// Forgets the calls and streams of a root; those that were under way.
    pub(crate) fn cancel_grpc_of(&mut self, root: ContextId) -> Vec<u32> {
        let of_root: Vec<u32> = (self.grpc.open.iter())
            .filter(|(_, open)| open.root == root && !open.remote_closed)
            .map(|(token, _)| *token)
            .collect();
        self.grpc.open.retain(|_, open| open.root != root);
        of_root
    }

    /// The calls and streams that are under way.
    pub(crate) fn open_grpc_tokens(&self) -> impl Iterator<Item = u32> {
        self.grpc.open.iter().filter(|(_, open)| !open.remote_closed).map(|(token, _)| *token)
    }
}

/// The request as Envoy writes it.
fn request(
    target: &Target,
    to: GrpcMethod<'_>,
    metadata: Vec<(Bytes, Bytes)>,
    timeout_ms: Option<u32>,
) -> Headers {
    let fixed = Bytes::from_static;
    let authority = target.authority.as_ref().unwrap_or(&target.cluster);
    let given: Vec<_> = target.metadata.iter().cloned().chain(metadata).collect();
    // Of what stands here already, only this is replaced by what the plugin gives; the rest is joined.
    let has_scheme = given.iter().any(|(name, _)| name.eq_ignore_ascii_case(b":scheme"));
    let mut headers: Headers = [
        (fixed(b":method"), fixed(b"POST")),
        (fixed(b":path"), [b"/", to.service, b"/", to.method].concat().into()),
        (fixed(b":authority"), Bytes::copy_from_slice(authority.as_bytes())),
        (fixed(b":scheme"), fixed(b"http")),
        (fixed(b"te"), fixed(b"trailers")),
    ]
    .into_iter()
    .filter(|(name, _)| !has_scheme || name.as_ref() != b":scheme")
    .collect();
    if let Some(timeout_ms) = timeout_ms {
        let text = if timeout_ms > MAX_TIMEOUT_MS {
            format!("{}S", timeout_ms / 1000)
        } else {
            format!("{timeout_ms}m")
        };
        headers.append(fixed(b"grpc-timeout"), text.into());
    }
    headers.append(fixed(b"content-type"), fixed(b"application/grpc"));
    for (name, value) in given {
        // Envoy sends only the first value of such a name.
        if binary::is_binary(&name) && headers.contains(&name.to_ascii_lowercase()) {
            continue;
        }
        let value = binary::sent(&name, value);
        headers.add(Side::Request, maps::in_request(name), value);
    }
    if !target.skip_envoy_headers {
        headers.overwrite(fixed(b"x-envoy-internal"), fixed(b"true"));
    }
    if let Some(timeout_ms) = timeout_ms.filter(|timeout_ms| *timeout_ms > 0) {
        headers.overwrite(fixed(b"x-envoy-expected-rq-timeout-ms"), timeout_ms.to_string().into());
    }
    headers
}
