//! gRPC callouts: unary calls and streams, answered by mocks at their own moments.

use super::agenda::Key;
use super::callout::{REFUSED, TIMEOUT};
use super::lane::{Event, Lane};
use crate::grpc::{GrpcAnswer, MockedCall, Reaction, unframe};
use crate::traffic::{Fault, Received};
use bytes::Bytes;
use mesh_filter_runtime::host::{GrpcAction, GrpcCall, GrpcPart};
use mesh_filter_runtime::worker::VmId;
use std::sync::Arc;
use std::time::Duration;

/// What Envoy answers where the upstream resets the stream before its response.
const RESET: &str = "upstream connect error or disconnect/reset before headers. reset reason: remote reset";

/// A gRPC callout that is under way.
#[derive(Debug)]
pub(super) struct LiveGrpc {
    pub(super) mocked: MockedCall,
    timeout: Option<Duration>,
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
                    self.diary.note(live.mocked.cancel(&self.shared.mocks));
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
        let (mocked, reaction) = MockedCall::open(&self.shared.mocks, &cluster, received, unary);
        let live = LiveGrpc { mocked, timeout, last: self.now(), coming: Vec::new() };
        self.grpc.insert((vm, token), live);
        self.react((vm, token), reaction);
    }

    fn send_grpc(&mut self, id: (VmId, u32), bytes: &Bytes, end: bool) {
        let mocks = Arc::clone(&self.shared.mocks);
        if let (false, Some(live)) = (bytes.is_empty(), self.grpc.get(&id)) {
            let reaction = live.mocked.message(&mocks, unframe(bytes));
            self.react(id, reaction);
        }
        if let (true, Some(live)) = (end, self.grpc.get(&id)) {
            let reaction = live.mocked.end(&mocks);
            self.react(id, reaction);
        }
    }

    fn react(&mut self, id: (VmId, u32), reaction: Reaction) {
        self.diary.note(reaction.note);
        self.problems.extend(reaction.problem);
        if let Some((answer, delay)) = reaction.answer {
            self.answer_grpc(id, answer, delay);
        }
    }

    fn answer_grpc(&mut self, id: (VmId, u32), answer: GrpcAnswer, delay: Duration) {
        let now = self.now();
        let Some(live) = self.grpc.get_mut(&id) else { return };
        let never = matches!(answer, GrpcAnswer::Fail(Fault::Timeout));
        let late = |timeout: Duration| never || delay >= timeout;
        let (after, parts) = match (live.timeout, answer) {
            (Some(timeout), _) if late(timeout) => {
                live.mocked.fail();
                (timeout, vec![failed(TIMEOUT.1, "response_timeout")])
            }
            (_, GrpcAnswer::Fail(Fault::Timeout)) => return,
            (_, GrpcAnswer::Fail(fault)) => (delay, vec![broken(live.mocked.fail(), fault)]),
            (_, GrpcAnswer::Reply(reply)) => (delay, live.mocked.parts(&reply)),
        };
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

fn broken(begun: bool, fault: Fault) -> GrpcPart {
    let (text, reason) = match fault {
        Fault::Reset => (RESET, "remote_reset"),
        _ => (REFUSED.1, "remote_connection_failure"),
    };
    let begun = if begun { "after" } else { "before" };
    failed(text, &format!("upstream_reset_{begun}_response_started{{{reason}}}"))
}

fn failed(text: &'static str, details: &str) -> GrpcPart {
    GrpcPart::Failed { text: Bytes::from_static(text.as_bytes()), details: details.to_owned() }
}
