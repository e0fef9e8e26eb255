//! Callouts: finds what the mock answers, and when.

use super::lane::{Event, Lane};
use crate::traffic::{Answer, Behaviour, Fault, Message, Received};
use bytes::Bytes;
use mesh_filter_runtime::exchange::Side;
use mesh_filter_runtime::headers::Headers;
use mesh_filter_runtime::host::{HttpCall, HttpCallOutcome};
use mesh_filter_runtime::worker::VmId;
use std::time::Duration;

/// What Envoy answers for an upstream that does not answer in time.
pub(super) const TIMEOUT: (u16, &str) = (504, "upstream request timeout");
/// What Envoy answers where no connection comes about.
pub(super) const REFUSED: (u16, &str) = (
    503,
    "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure",
);

impl Lane {
    pub(super) fn call_out(&mut self, vm: VmId, call: HttpCall) {
        let HttpCall { token, root, cluster, headers, body, trailers, timeout, .. } = call;
        let received =
            Received { headers, body: body.to_vec(), trailers, complete: true, ..Received::default() };
        let what = format!(
            "{} {}",
            received.header(":method").unwrap_or_default(),
            received.header(":path").unwrap_or_default()
        );
        self.diary.note(format!("  callout to `{cluster}`: {what}"));
        let behaviour = self.shared.mocks.call(&cluster, received).unwrap_or_else(|| {
            self.problems.push(format!(
                "the plugin called out to cluster `{cluster}` ({what}), and no mock of it is for this request"
            ));
            Behaviour::fail(Fault::Refused)
        });
        let behaviour = match self.shared.faults.callout(&cluster) {
            Some(failure) => {
                self.diary.note("    which fails because the test says so".to_owned());
                failure
            }
            None => behaviour,
        };
        let Some((delay, outcome)) = outcome(behaviour, timeout) else { return };
        self.enter(delay, Event::Call { vm, root, token, cluster, outcome });
    }
}

/// How and after how long the callout ends; `None` where it never does.
fn outcome(behaviour: Behaviour, timeout: Option<Duration>) -> Option<(Duration, HttpCallOutcome)> {
    let Behaviour { answer, delay } = behaviour;
    let in_time = timeout.is_none_or(|timeout| delay < timeout);
    let outcome = match answer {
        Answer::Fail(Fault::Timeout) => return timeout.map(|timeout| (timeout, local(TIMEOUT))),
        _ if !in_time => return timeout.map(|timeout| (timeout, local(TIMEOUT))),
        Answer::Fail(Fault::Reset) => HttpCallOutcome::Reset,
        Answer::Fail(Fault::Refused | Fault::NoCluster) => local(REFUSED),
        Answer::Reply(message) => response(message),
    };
    Some((delay, outcome))
}

fn response(message: Message) -> HttpCallOutcome {
    let body = message.whole_body();
    HttpCallOutcome::Response {
        headers: message.headers.arrived(Side::Response),
        body,
        trailers: message.trailers.unwrap_or_default(),
    }
}

fn local((status, text): (u16, &'static str)) -> HttpCallOutcome {
    let headers = [
        (":status", status.to_string()),
        ("content-length", text.len().to_string()),
        ("content-type", "text/plain".to_owned()),
    ];
    HttpCallOutcome::Response {
        headers: headers.into_iter().collect(),
        body: Bytes::from_static(text.as_bytes()),
        trailers: Headers::new(),
    }
}
