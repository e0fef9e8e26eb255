//! What an exchange waits for that is under way.

use super::lane::{Event, Lane};
use super::{Engine, ExchangeId};
use mesh_filter_runtime::worker::StreamId;

/// Where an exchange stands; `N` is what names a cluster.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Paused<N = String> {
    /// The client has its whole answer.
    Done,
    /// The upstream has the whole request and has not answered.
    Upstream,
    /// A filter holds it, and a callout to this cluster is under way; of several the one that ends first.
    ///
    /// It may be another exchange's: whoever waits for work that is done once waits for that.
    Callout(N),
    /// A filter holds it, and no callout is under way.
    Filter,
}

// The only one, so that `== Paused::Done` needs no type.
impl PartialEq<Paused<&str>> for Paused {
    fn eq(&self, other: &Paused<&str>) -> bool {
        match (self, other) {
            (Self::Callout(own), Paused::Callout(other)) => own == other,
            (Self::Done, Paused::Done)
            | (Self::Upstream, Paused::Upstream)
            | (Self::Filter, Paused::Filter) => true,
            _ => false,
        }
    }
}

impl Engine {
    /// What the exchange waits for.
    pub(crate) fn paused_on(&mut self, id: ExchangeId) -> Paused {
        match self.of(id, Lane::paused_on) {
            // Its worker has no callout under way, perhaps another has.
            Some(Paused::Filter) => {
                let callout = self.workers.iter_mut().find_map(|worker| worker.with(|lane| lane.callout()));
                callout.map_or(Paused::Filter, Paused::Callout)
            }
            paused => paused.unwrap_or(Paused::Done),
        }
    }
}

impl Lane {
    fn paused_on(&mut self, id: StreamId) -> Paused {
        let Some(live) = self.streams.get(&id).filter(|_| !self.is_done(id)) else { return Paused::Done };
        if live.waits_for_upstream() {
            return Paused::Upstream;
        }
        self.callout().map_or(Paused::Filter, Paused::Callout)
    }

    /// The cluster of a callout that is under way.
    fn callout(&self) -> Option<String> {
        let mut calls = self.agenda.all(|event| matches!(event, Event::Call { .. } | Event::Grpc { .. }));
        calls.find_map(|event| match event {
            Event::Call { cluster, .. } => Some(cluster.clone()),
            Event::Grpc { vm, token, .. } => {
                self.grpc.get(&(*vm, *token)).map(|call| call.mocked.cluster.clone())
            }
            _ => None,
        })
    }
}
