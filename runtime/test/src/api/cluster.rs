//! A mocked cluster in the hands of a test.

use super::message::{Reply, reply};
use crate::sim::{Condition, Mocks, Rule};
use crate::traffic::{Behaviour, Fault, Received};
use std::rc::Rc;

/// A cluster that filters call out to.
#[derive(Debug, Clone)]
pub struct Cluster {
    mocks: Rc<Mocks>,
    name: String,
}

impl Cluster {
    pub(super) fn new(mocks: Rc<Mocks>, name: &str) -> Self {
        let cluster = Self { mocks, name: name.to_owned() };
        if !cluster.mocks.names().contains(&cluster.name) {
            cluster.reply(reply(200));
        }
        cluster
    }

    /// Answers every callout with this from now on.
    pub fn reply(&self, reply: Reply) {
        self.behave(reply.into_behaviour());
    }

    /// Fails every callout from now on.
    pub fn fail(&self, fault: Fault) {
        self.behave(Behaviour::fail(fault));
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

    fn behave(&self, behaviour: Behaviour) {
        self.mocks.set(&self.name, vec![Rule { when: Condition::default(), behaviour }]);
    }
}
