//! A mocked cluster in the hands of a test.

use super::message::{Reply, reply};
use crate::grpc::{GrpcAnswer, GrpcCondition, GrpcReply, GrpcRule, Moment};
use crate::matcher::Matcher;
use crate::sim::{Condition, Mocks, Rule};
use crate::traffic::{Fault, Received};
use std::sync::Arc;
use std::time::Duration;

/// A cluster that filters call out to.
#[derive(Debug, Clone)]
pub struct Cluster {
    mocks: Arc<Mocks>,
    name: String,
}

impl Cluster {
    pub(super) fn new(mocks: Arc<Mocks>, name: &str) -> Self {
        let cluster = Self { mocks, name: name.to_owned() };
        if !cluster.mocks.names().contains(&cluster.name) {
            cluster.reply(reply(200));
        }
        cluster
    }

    /// Answers every HTTP callout with this from now on.
    pub fn reply(&self, reply: Reply) {
        let rule = Rule { when: Condition::default(), behaviour: reply.into_behaviour() };
        self.mocks.change(&self.name, |rules| rules.http = vec![rule]);
    }

    /// What to answer to a method of gRPC; a gRPC callout that nothing is for fails the test.
    #[must_use = "nothing is answered until `reply` or `fail` says so"]
    pub fn grpc(&self, service: &str, method: &str) -> GrpcMock {
        let when = GrpcCondition {
            service: Some(service.into()),
            method: Some(method.into()),
            ..GrpcCondition::default()
        };
        GrpcMock { cluster: self.clone(), when }
    }

    /// Fails every callout from now on, of HTTP and of gRPC, and forgets what else gRPC was answered.
    pub fn fail(&self, fault: Fault) {
        self.mocks.change(&self.name, |rules| {
            *rules = Default::default();
            rules.fail(fault, Duration::ZERO);
        });
    }

    /// Number of callouts so far.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.requests().len()
    }

    /// The callouts so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.mocks.calls(&self.name)
    }
}

/// An answer to gRPC callouts that is being written; the newest one that fits is given.
#[derive(Debug)]
pub struct GrpcMock {
    cluster: Cluster,
    when: GrpcCondition,
}

impl GrpcMock {
    /// Only to messages like this one.
    #[must_use = "nothing is answered until `reply` or `fail` says so"]
    pub fn message(mut self, message: impl Into<Matcher>) -> Self {
        self.when.message = Some(message.into().into());
        self
    }

    /// To the opening of a stream, not to each of its messages.
    #[must_use = "nothing is answered until `reply` or `fail` says so"]
    pub fn at_open(mut self) -> Self {
        self.when.at = Moment::Open;
        self
    }

    /// To the end that the plugin makes of its side of a stream, not to each of its messages.
    #[must_use = "nothing is answered until `reply` or `fail` says so"]
    pub fn at_end(mut self) -> Self {
        self.when.at = Moment::End;
        self
    }

    /// Answers with this from now on.
    pub fn reply(self, reply: GrpcReply) {
        let delay = reply.delay;
        self.add(GrpcAnswer::Reply(reply), delay);
    }

    /// Fails from now on. [`Fault::NoCluster`] concerns all of a cluster: see [`Cluster::fail`].
    pub fn fail(self, fault: Fault) {
        self.add(GrpcAnswer::Fail(fault), Duration::ZERO);
    }

    fn add(self, answer: GrpcAnswer, delay: Duration) {
        let rule = GrpcRule { when: self.when, answer, delay };
        self.cluster.mocks.change(&self.cluster.name, |rules| rules.grpc.insert(0, rule));
    }
}
