//! HTTP callouts of plugins: requests to a cluster, collected and handed back.

use super::part::Part;
use super::reply;
use super::thread::Thread;
use super::upstream::Upstream;
use crate::body::Body;
use crate::headers::Headers;
use crate::host::{HttpCall, HttpCallOutcome};
use crate::worker::VmId;
use bytes::{Bytes, BytesMut};
use std::rc::Rc;
use tokio::time::Instant;

/// Largest response body: Envoy's limit for buffered asynchronous responses.
const MAX_BODY: usize = 32 << 20;

const UPSTREAM_SERVICE_TIME: Bytes = Bytes::from_static(b"x-envoy-upstream-service-time");

/// Carries a callout out and tells the plugin.
pub(super) async fn run(thread: Rc<Thread>, vm: VmId, call: HttpCall) {
    let (root, token, timeout) = (call.root, call.token, call.timeout);
    let exchange = perform(&thread, call);
    let outcome = match timeout {
        Some(timeout) => {
            let timed_out = || local(504, "upstream request timeout".into());
            tokio::time::timeout(timeout, exchange).await.unwrap_or_else(|_| timed_out())
        }
        None => exchange.await,
    };
    thread.act(|worker| worker.call_done(vm, root, token, outcome));
}

async fn perform(thread: &Thread, call: HttpCall) -> HttpCallOutcome {
    let endpoint =
        thread.clusters.get(&call.cluster).and_then(|cluster| Some((cluster, cluster.endpoint()?)));
    let Some((cluster, address)) = endpoint else {
        return local(503, "no healthy upstream".into());
    };
    let mut headers = call.headers;
    prepare(&mut headers, call.timeout.map(|timeout| timeout.as_millis()));
    cluster.stats().requests.add(1);
    let has_trailers = !call.trailers.is_empty();
    let mut upstream = Upstream::open(cluster, address, &headers, call.body.is_empty() && !has_trailers);
    if !call.body.is_empty() {
        upstream.send_body(Body::from(call.body), !has_trailers);
    }
    if has_trailers {
        upstream.send_trailers(&call.trailers);
    }
    let sent = Instant::now();
    let mut response = Collected::default();
    let broken = loop {
        let part = std::future::poll_fn(|context| {
            let _written = upstream.poll_flush(context);
            upstream.poll_read(context)
        });
        match part.await.map(|part| response.take(part, sent)) {
            Err(broken) => break Some(broken),
            Ok(_) if response.body.len() > MAX_BODY => return HttpCallOutcome::Reset,
            Ok(true) => break None,
            Ok(false) => {}
        }
    };
    match (broken, response.headers) {
        (None, Some(mut headers)) => {
            upstream.finish();
            let name = Bytes::from_static(b"x-envoy-upstream-service-time");
            let answered = response.began.unwrap_or(sent);
            headers.overwrite(name, answered.duration_since(sent).as_millis().to_string().into());
            HttpCallOutcome::Response { headers, body: response.body.freeze(), trailers: response.trailers }
        }
        (Some(broken), None) => {
            let reply = reply::upstream_failure(broken).0;
            local(reply.status, reply.body)
        }
        (Some(_), Some(_)) | (None, None) => HttpCallOutcome::Reset,
    }
}

/// What Envoy adds to requests of its own.
fn prepare(headers: &mut Headers, timeout_ms: Option<u128>) {
    if !headers.contains(b":scheme") {
        headers.append(Bytes::from_static(b":scheme"), Bytes::from_static(b"http"));
    }
    headers.overwrite(Bytes::from_static(b"x-envoy-internal"), Bytes::from_static(b"true"));
    if let Some(timeout_ms) = timeout_ms {
        let name = Bytes::from_static(b"x-envoy-expected-rq-timeout-ms");
        headers.overwrite(name, timeout_ms.to_string().into());
    }
}

/// A response that Envoy makes itself where there is none.
fn local(status: u16, body: Bytes) -> HttpCallOutcome {
    let headers = [
        (":status", status.to_string()),
        ("content-length", body.len().to_string()),
        ("content-type", "text/plain".to_owned()),
    ];
    HttpCallOutcome::Response { headers: headers.into_iter().collect(), body, trailers: Headers::new() }
}

#[derive(Default)]
struct Collected {
    headers: Option<Headers>,
    /// When the headers came.
    began: Option<Instant>,
    body: BytesMut,
    trailers: Headers,
}

impl Collected {
    /// Whether this was the last part.
    fn take(&mut self, part: Part, sent: Instant) -> bool {
        match part {
            Part::Headers(mut headers, end) => {
                // Envoy's callouts go through its router, which tells how long the upstream took.
                let milliseconds = sent.elapsed().as_millis().to_string();
                headers.overwrite(UPSTREAM_SERVICE_TIME, milliseconds.into());
                self.headers = Some(headers);
                self.began = Some(Instant::now());
                end
            }
            Part::Body(bytes, end) => {
                self.body.extend_from_slice(&bytes);
                end
            }
            Part::Trailers(trailers) => {
                self.trailers = trailers;
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_callout_is_a_response_as_envoy_makes_it() {
        let (reply, _) = reply::upstream_failure(super::super::part::Broken::Connect(None));
        let HttpCallOutcome::Response { headers, body, .. } = local(reply.status, reply.body) else {
            panic!()
        };
        let names: Vec<_> = headers.iter().map(|(name, _)| String::from_utf8_lossy(name)).collect();
        assert_eq!(names, [":status", "content-length", "content-type"]);
        assert!(body.ends_with(b"remote connection failure"));
    }
}
