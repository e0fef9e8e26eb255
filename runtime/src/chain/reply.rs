//! Local replies, resets and what a too large body leads to.

use super::{Chain, Effect};
use crate::body::Body;
use crate::exchange::{Exchange, LocalReply, Side};
use crate::headers::Headers;
use crate::host::grpc_status_of_http;
use crate::plugin::Plugins;
use bytes::Bytes;

impl Chain {
    /// Answers the client instead of the upstream.
    ///
    /// A reply before the response has begun goes through the response filters, the replying one
    /// included. While the response's headers are in the chain it goes to the client directly.
    /// After they have left, only a reset is possible.
    pub(crate) fn reply(&mut self, plugins: &mut Plugins, reply: LocalReply) {
        if self.dead {
            return;
        }
        if self.response_sent {
            return self.reset();
        }
        let through_filters = !self.response_began && !self.replied;
        self.replied = true;
        self.effects.push_back(Effect::Abandon);
        let (headers, body) = render(&self.exchange.borrow(), reply.clone());
        {
            let mut exchange = self.exchange.borrow_mut();
            exchange.info.code_details = reply.details;
            exchange.request.buffer = None;
            exchange.response.headers = Some(headers);
            exchange.response.buffer = None;
            exchange.response.trailers = None;
        }
        self.note_code();
        let end = body.is_empty();
        self.progress_mut(Side::Response).complete = true;
        if through_filters {
            self.response_began = true;
            self.iterate_headers(plugins, Side::Response, 0, end);
            if !end && !self.dead {
                self.iterate_body(plugins, Side::Response, 0, body, true);
            }
        } else {
            self.response_sent = true;
            self.effects.push_back(Effect::Headers { side: Side::Response, end_of_stream: end });
            if !end {
                self.exchange.borrow_mut().info.response_bytes += body.len() as u64;
                self.effects.push_back(Effect::Body { side: Side::Response, body, end_of_stream: true });
            }
            // Nothing of the filters' response goes on after this.
            self.dead = true;
        }
    }

    /// Ends both sides at once.
    pub(crate) fn reset(&mut self) {
        if !self.dead {
            self.dead = true;
            self.effects.push_back(Effect::Reset);
        }
    }

    /// The exchange's plugin has failed: 503 without a body, or a reset.
    pub(super) fn fail_exchange(&mut self, plugins: &mut Plugins) {
        let reply = LocalReply {
            status: 503,
            details: "wasm_fail_stream".into(),
            body: Bytes::new(),
            headers: Vec::new(),
            grpc_status: Some(14),
        };
        self.reply(plugins, reply);
    }

    /// The filters have let a response without `:status` through.
    pub(super) fn status_removed(&mut self, plugins: &mut Plugins) {
        let reply = LocalReply {
            status: 502,
            details: "filter_removed_required_response_headers{missing_required_header:_:status}".into(),
            body: Bytes::from_static(b"missing required header: :status"),
            headers: Vec::new(),
            grpc_status: None,
        };
        self.reply(plugins, reply);
    }

    /// A paused filter holds more bytes than it may.
    pub(super) fn overflow(&mut self, plugins: &mut Plugins, side: Side) {
        let (status, details, body) = match side {
            Side::Request => (413, "request_payload_too_large", "Payload Too Large"),
            Side::Response => (500, "response_payload_too_large", "Internal Server Error"),
        };
        let body = Bytes::from_static(body.as_bytes());
        let reply =
            LocalReply { status, details: details.into(), body, headers: Vec::new(), grpc_status: None };
        self.reply(plugins, reply);
    }
}

/// Headers and body of a reply; gRPC requests get a response without a body.
fn render(exchange: &Exchange, reply: LocalReply) -> (Headers, Body) {
    let request = exchange.request.headers.as_ref();
    let is_grpc = request.and_then(|headers| headers.get(b"content-type")).is_some_and(|value| {
        value.as_ref() == b"application/grpc" || value.starts_with(b"application/grpc+")
    });
    let mut headers = Headers::new();
    let status = if is_grpc { 200 } else { reply.status };
    headers.append(Bytes::from_static(b":status"), status.to_string().into());
    // The status is the reply's own; a second copy of a well-known header joins the first.
    for (name, value) in reply.headers.into_iter().filter(|(name, _)| name.as_ref() != b":status") {
        headers.add(Side::Response, name, value);
    }
    if is_grpc {
        headers.append(Bytes::from_static(b"content-type"), Bytes::from_static(b"application/grpc"));
        let code = reply.grpc_status.unwrap_or_else(|| grpc_status_of_http(reply.status.into()));
        headers.append(Bytes::from_static(b"grpc-status"), code.to_string().into());
        if !reply.body.is_empty() {
            headers.append(Bytes::from_static(b"grpc-message"), percent_encoded(&reply.body));
        }
    }
    if !is_grpc && reply.body.is_empty() {
        headers.remove(b"content-length");
        headers.remove(b"content-type");
    }
    if is_grpc || reply.body.is_empty() {
        return (headers, Body::new());
    }
    headers.set(Bytes::from_static(b"content-length"), reply.body.len().to_string().into());
    if !headers.contains(b"content-type") {
        headers.append(Bytes::from_static(b"content-type"), Bytes::from_static(b"text/plain"));
    }
    let is_head =
        request.and_then(|headers| headers.get(b":method")).is_some_and(|method| method.as_ref() == b"HEAD");
    (headers, if is_head { Body::new() } else { reply.body.into() })
}

/// `grpc-message` as the gRPC protocol encodes it: printable ASCII but `%` stands for itself.
fn percent_encoded(message: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(message.len());
    for byte in message {
        match byte {
            b' '..=b'$' | b'&'..=b'~' => out.push(*byte),
            _ => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    out.into()
}
