//! gRPC callouts: unary calls and streams, answered by mocks at their own moments.

use super::agenda::Key;
use super::callout::{REFUSED, TIMEOUT};
use super::lane::{Event, Lane};
use crate::grpc::{GrpcAnswer, GrpcReply, GrpcRule, Moment, frame, unframe};
use crate::matcher::shown;
use crate::traffic::{Fault, Received};
use bytes::Bytes;
use mesh_filter_runtime::host::{GrpcAction, GrpcCall, GrpcPart};
use mesh_filter_runtime::worker::VmId;
use std::time::Duration;

/// What Envoy answers where the upstream resets the stream before its response.
const RESET: &str = "upstream connect error or disconnect/reset before headers. reset reason: remote reset";

/// A gRPC callout that is under way.
#[derive(Debug)]
pub(super) struct LiveGrpc {
    pub(super) cluster: String,
    /// Which of the cluster's calls it is.
    call: usize,
    timeout: Option<Duration>,
    unary: bool,
    /// The response's headers are on their way.
    began: bool,
    /// Its end is on its way: nothing more is answered.
    ended: bool,
    /// When the last part comes that is on its way; later answers do not overtake it.
    last: Duration,
    coming: Vec<Key>,
}

impl Lane {
    /// Carries out what a plugin wants with a gRPC callout.
    pub(super) fn grpc(&mut self, vm: VmId, action: GrpcAction) {
        match action {
            GrpcAction::Open(call) => self.open_grpc(vm, call),
            GrpcAction::Send { token, bytes, end } => self.send_grpc((vm, token), &bytes, end),
            GrpcAction::Reset { token } => {
                if let Some(live) = self.forget_grpc((vm, token)) {
                    self.diary.note(format!("  gRPC callout to `{}` cancelled", live.cluster));
                    self.shared.mocks.update(&live.cluster, live.call, |call| call.cancelled = true);
                }
            }
        }
    }

    /// Gives a part of the response to the plugin that waits for it.
    pub(super) fn grpc_part(&mut self, vm: VmId, token: u32, part: GrpcPart) {
        if !self.worker.grpc_part(vm, token, part) {
            self.forget_grpc((vm, token));
        }
    }

    fn open_grpc(&mut self, vm: VmId, call: GrpcCall) {
        let GrpcCall { token, cluster, headers, body, timeout, .. } = call;
        let unary = body.is_some();
        let messages: Vec<Bytes> = body.iter().map(unframe).collect();
        let received = Received { headers, messages, complete: unary, ..Received::default() };
        let what = what(&received);
        let kind = if unary { "callout" } else { "stream" };
        self.diary.note(format!("  gRPC {kind} to `{cluster}`: {what}"));
        let rules = self.shared.mocks.grpc_rules(&cluster, &received);
        let message = received.messages.first().cloned().unwrap_or_default();
        let call = self.shared.mocks.add(&cluster, received);
        let live = LiveGrpc {
            cluster,
            call,
            timeout,
            unary,
            began: false,
            ended: false,
            last: self.now(),
            coming: Vec::new(),
        };
        let rule = if unary {
            rules.iter().find(|rule| rule.when.fits(&message))
        } else {
            rules.iter().find(|rule| rule.when.at == Moment::Open)
        };
        let nobody = rules.is_empty() || unary && rule.is_none();
        if nobody {
            let said = if unary { format!(", message {}", shown(&message)) } else { String::new() };
            self.problems.push(format!(
                "the plugin called out to cluster `{}` by gRPC ({what}{said}), and no mock of it is for this {}",
                live.cluster,
                if unary { "call" } else { "stream" },
            ));
        }
        let answer = rule.map(|rule| (rule.answer.clone(), rule.delay));
        self.grpc.insert((vm, token), live);
        match answer {
            Some((answer, delay)) => self.answer_grpc((vm, token), answer, delay),
            None if nobody => {
                self.answer_grpc((vm, token), GrpcAnswer::Fail(Fault::Refused), Duration::ZERO);
            }
            None => {}
        }
    }

    fn send_grpc(&mut self, id: (VmId, u32), bytes: &Bytes, end: bool) {
        let Some(live) = self.grpc.get(&id) else { return };
        let (cluster, call) = (live.cluster.clone(), live.call);
        let message = (!bytes.is_empty()).then(|| unframe(bytes));
        let mut events = Vec::new();
        if let Some(message) = message {
            self.diary.note(format!("  gRPC message to `{cluster}`: {}", shown(&message)));
            events.push((Moment::Message, message));
        }
        if end {
            self.diary.note(format!("  gRPC stream to `{cluster}` ended by the plugin"));
            events.push((Moment::End, Bytes::new()));
        }
        let Some(received) = self.shared.mocks.update(&cluster, call, |call| {
            let messages = events.iter().filter(|(moment, _)| *moment == Moment::Message);
            call.messages.extend(messages.map(|(_, message)| message.clone()));
            call.complete |= end;
        }) else {
            return;
        };
        let rules = self.shared.mocks.grpc_rules(&cluster, &received);
        for (moment, message) in events {
            if self.grpc.get(&id).is_none_or(|live| live.ended) {
                return;
            }
            let mut rules = rules.iter().filter(|rule| rule.when.at == moment).peekable();
            let expects_some = rules.peek().is_some();
            let fits = |rule: &&GrpcRule| moment == Moment::End || rule.when.fits(&message);
            if let Some(rule) = rules.find(fits) {
                self.answer_grpc(id, rule.answer.clone(), rule.delay);
            } else if expects_some {
                self.problems.push(format!(
                    "the plugin sent the message {} to cluster `{cluster}` on the gRPC stream {}, and no mock of it is for this message",
                    shown(&message),
                    what(&received),
                ));
            }
        }
    }

    fn answer_grpc(&mut self, id: (VmId, u32), answer: GrpcAnswer, delay: Duration) {
        let now = self.now();
        let Some(live) = self.grpc.get_mut(&id) else { return };
        let never = matches!(answer, GrpcAnswer::Fail(Fault::Timeout));
        let late = |timeout: Duration| never || delay >= timeout;
        let (after, parts) = match (live.timeout, answer) {
            (Some(timeout), _) if late(timeout) => (timeout, vec![failed(TIMEOUT.1, "response_timeout")]),
            (_, GrpcAnswer::Fail(Fault::Timeout)) => return,
            (_, GrpcAnswer::Fail(fault)) => (delay, vec![live.broken(fault)]),
            (_, GrpcAnswer::Reply(reply)) => (delay, live.parts(&reply)),
        };
        live.ended |= matches!(
            parts.last(),
            Some(GrpcPart::Failed { .. } | GrpcPart::Trailers(_) | GrpcPart::Headers(_, true))
        );
        live.last = live.last.max(now.saturating_add(after));
        for part in parts {
            let (vm, token) = id;
            let number = self.shared.next_event();
            live.coming.push(self.agenda.enter(live.last, number, Event::Grpc { vm, token, part }));
        }
    }

    /// Takes a callout out whose rest nobody wants.
    fn forget_grpc(&mut self, id: (VmId, u32)) -> Option<LiveGrpc> {
        let live = self.grpc.remove(&id)?;
        for key in &live.coming {
            self.agenda.remove(*key);
        }
        Some(live)
    }
}

impl LiveGrpc {
    fn parts(&mut self, reply: &GrpcReply) -> Vec<GrpcPart> {
        let mut parts = Vec::new();
        let first = !std::mem::replace(&mut self.began, true);
        if first && reply.is_only_trailers() {
            return vec![GrpcPart::Headers(reply.trailing(reply.initial()), true)];
        }
        if first {
            parts.push(GrpcPart::Headers(reply.initial(), false));
        }
        parts.extend(reply.messages.iter().map(|message| GrpcPart::Data(frame(message), false)));
        if self.unary || reply.status.is_some() {
            parts.push(GrpcPart::Trailers(reply.trailing(Default::default())));
        }
        parts
    }

    fn broken(&self, fault: Fault) -> GrpcPart {
        let (text, reason) = match fault {
            Fault::Reset => (RESET, "remote_reset"),
            _ => (REFUSED.1, "remote_connection_failure"),
        };
        let begun = if self.began { "after" } else { "before" };
        failed(text, &format!("upstream_reset_{begun}_response_started{{{reason}}}"))
    }
}

fn failed(text: &'static str, details: &str) -> GrpcPart {
    GrpcPart::Failed { text: Bytes::from_static(text.as_bytes()), details: details.to_owned() }
}

/// A call as messages name it.
fn what(call: &Received) -> String {
    let (service, method) = call.grpc_method();
    format!("`{service}/{method}`")
}
