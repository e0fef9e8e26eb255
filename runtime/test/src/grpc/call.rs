//! One gRPC callout as its mocked cluster sees it: what it answers to each event, whichever world carries it.

use super::{GrpcAnswer, GrpcReply, GrpcRule, Moment, frame};
use crate::matcher::shown;
use crate::sim::Mocks;
use crate::traffic::{Fault, Received};
use bytes::Bytes;
use mesh_filter_runtime::host::GrpcPart;
use std::time::Duration;

/// A callout under way.
#[derive(Debug)]
pub(crate) struct MockedCall {
    pub(crate) cluster: String,
    /// Which of the cluster's calls it is.
    call: usize,
    unary: bool,
    /// The response's headers are on their way.
    began: bool,
    /// Its end is on its way: nothing more is answered.
    ended: bool,
}

/// What comes of an event.
#[derive(Debug)]
pub(crate) struct Reaction {
    /// What the timeline says.
    pub(crate) note: String,
    /// Why the case fails: no mock is for this.
    pub(crate) problem: Option<String>,
    /// What is answered, after which time.
    pub(crate) answer: Option<(GrpcAnswer, Duration)>,
}

impl MockedCall {
    /// A plugin has called; of a unary call its only message has come, too.
    pub(crate) fn open(mocks: &Mocks, cluster: &str, received: Received, unary: bool) -> (Self, Reaction) {
        let what = what(&received);
        let kind = if unary { "callout" } else { "stream" };
        let note = format!("  gRPC {kind} to `{cluster}`: {what}");
        let rules = mocks.grpc_rules(cluster, &received);
        let message = received.messages.first().cloned().unwrap_or_default();
        let call = mocks.add(cluster, received);
        let rule = if unary {
            rules.iter().find(|rule| rule.when.fits(&message))
        } else {
            rules.iter().find(|rule| rule.when.at == Moment::Open)
        };
        let problem = (rules.is_empty() || unary && rule.is_none()).then(|| {
            let said = if unary { format!(", message {}", shown(&message)) } else { String::new() };
            let kind = if unary { "call" } else { "stream" };
            format!(
                "the plugin called out to cluster `{cluster}` by gRPC ({what}{said}), and no mock of it is for this {kind}"
            )
        });
        let nobody = problem.as_ref().map(|_| (GrpcAnswer::Fail(Fault::Refused), Duration::ZERO));
        let answer = rule.map(|rule| (rule.answer.clone(), rule.delay)).or(nobody);
        let mocked = Self { cluster: cluster.to_owned(), call, unary, began: false, ended: false };
        (mocked, Reaction { note, problem, answer })
    }

    /// A message has come on the stream.
    pub(crate) fn message(&self, mocks: &Mocks, message: Bytes) -> Reaction {
        let cluster = &self.cluster;
        let note = format!("  gRPC message to `{cluster}`: {}", shown(&message));
        let received = mocks.update(cluster, self.call, |call| call.messages.push(message.clone()));
        let (rules, received) = self.rules(mocks, received, Moment::Message);
        let rule = rules.iter().find(|rule| rule.when.fits(&message));
        let answer = rule.map(|rule| (rule.answer.clone(), rule.delay));
        let problem = (!rules.is_empty() && answer.is_none()).then(|| {
            format!(
                "the plugin sent the message {} to cluster `{cluster}` on the gRPC stream {}, and no mock of it is for this message",
                shown(&message),
                what(&received),
            )
        });
        Reaction { note, problem, answer }
    }

    /// The plugin has ended its side of the stream.
    pub(crate) fn end(&self, mocks: &Mocks) -> Reaction {
        let cluster = &self.cluster;
        let received = mocks.update(cluster, self.call, |call| call.complete = true);
        let (rules, _) = self.rules(mocks, received, Moment::End);
        Reaction {
            note: format!("  gRPC stream to `{cluster}` ended by the plugin"),
            problem: None,
            answer: rules.first().map(|rule| (rule.answer.clone(), rule.delay)),
        }
    }

    /// The plugin has given the call up; answers what the timeline says.
    pub(crate) fn cancel(&self, mocks: &Mocks) -> String {
        mocks.update(&self.cluster, self.call, |call| call.cancelled = true);
        format!("  gRPC callout to `{}` cancelled", self.cluster)
    }

    /// The rules that answer this event; none once the end is on its way.
    fn rules(&self, mocks: &Mocks, received: Option<Received>, moment: Moment) -> (Vec<GrpcRule>, Received) {
        let received = received.unwrap_or_default();
        let mut rules = mocks.grpc_rules(&self.cluster, &received);
        rules.retain(|rule| rule.when.at == moment && !self.ended);
        (rules, received)
    }

    /// A reply as parts of the response; it begins with the first one, and ends with a status.
    pub(crate) fn parts(&mut self, reply: &GrpcReply) -> Vec<GrpcPart> {
        let first = !std::mem::replace(&mut self.began, true);
        self.ended |= self.unary || reply.status.is_some();
        if first && reply.is_only_trailers() {
            return vec![GrpcPart::Headers(reply.trailing(reply.initial()), true)];
        }
        let mut parts = Vec::new();
        if first {
            parts.push(GrpcPart::Headers(reply.initial(), false));
        }
        parts.extend(reply.messages.iter().map(|message| GrpcPart::Data(frame(message), false)));
        if self.unary || reply.status.is_some() {
            parts.push(GrpcPart::Trailers(reply.trailing(Default::default())));
        }
        parts
    }

    /// It breaks; answers whether the response had begun.
    pub(crate) fn fail(&mut self) -> bool {
        self.ended = true;
        self.began
    }
}

/// A call as messages name it.
fn what(call: &Received) -> String {
    let (service, method) = call.grpc_method();
    format!("`{service}/{method}`")
}
