//! Faults that a test has ordered: hostcalls that answer what it says, callouts that end as it says, callbacks that
//! trap, memory that does not grow.

use super::shared::lock;
use crate::traffic::Behaviour;
use mesh_filter_runtime::document::Place;
use std::sync::Mutex;

/// Something that shall go wrong.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) target: Target,
    /// Which call from now on, from 1; all of them where it is absent. Memory has no calls.
    pub(crate) nth: Option<u32>,
    /// Where the test says so.
    pub(crate) place: Place,
}

/// What goes wrong, and how.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// Calls of this host function answer this number, and nothing is done.
    Hostcall { name: &'static str, code: u32 },
    /// Callouts to this cluster end so.
    Callout { cluster: String, behaviour: Behaviour },
    /// Calls of this callback trap before the plugin does anything.
    TrapAt { callback: &'static str },
    /// The memory of a VM does not grow beyond this.
    MemoryLimit { bytes: u64 },
}

/// All faults of a simulation.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    orders: Mutex<Vec<Order>>,
}

#[derive(Debug)]
struct Order {
    fault: Fault,
    /// Calls since it was ordered.
    calls: u32,
    met: bool,
}

impl FaultPlan {
    /// From now on this goes wrong too.
    pub(crate) fn order(&self, fault: Fault) {
        lock(&self.orders).push(Order { fault, calls: 0, met: false });
    }

    /// The faults that no call has met, and how many calls there were.
    pub(crate) fn unmet(&self) -> Vec<(Fault, u32)> {
        let orders = lock(&self.orders);
        orders.iter().filter(|order| !order.met).map(|order| (order.fault.clone(), order.calls)).collect()
    }

    /// How the callout to this cluster ends, if the test says so.
    pub(super) fn callout(&self, called: &str) -> Option<Behaviour> {
        self.meet(|target| match target {
            Target::Callout { cluster, behaviour } if cluster == called => Some(behaviour.clone()),
            _ => None,
        })
    }

    /// What this call of the host function answers, if the test says so.
    pub(super) fn hostcall(&self, called: &'static str) -> Option<u32> {
        self.meet(|target| match target {
            Target::Hostcall { name, code } if *name == called => Some(*code),
            _ => None,
        })
    }

    /// Whether this call of the callback traps, if the test says so.
    pub(super) fn traps(&self, called: &str) -> bool {
        self.meet(|target| match target {
            Target::TrapAt { callback } if *callback == called => Some(()),
            _ => None,
        })
        .is_some()
    }

    /// Beyond how many bytes no memory grows, if the test says so.
    pub(super) fn memory_limit(&self) -> Option<u64> {
        let orders = lock(&self.orders);
        orders.iter().filter_map(|order| order.fault.target.memory_limit()).min()
    }

    /// Somebody was refused memory beyond so many bytes.
    pub(super) fn memory_refused(&self, limit: u64) {
        for order in lock(&self.orders).iter_mut() {
            order.met |= order.fault.target.memory_limit() == Some(limit);
        }
    }

    /// Counts a call for all faults that are about it; gives the first that is for this one.
    fn meet<T>(&self, about: impl Fn(&Target) -> Option<T>) -> Option<T> {
        let mut answer = None;
        for order in lock(&self.orders).iter_mut() {
            let Some(found) = about(&order.fault.target) else { continue };
            order.calls = order.calls.saturating_add(1);
            if answer.is_none() && order.fault.nth.is_none_or(|nth| nth == order.calls) {
                order.met = true;
                answer = Some(found);
            }
        }
        answer
    }
}

impl Target {
    fn memory_limit(&self) -> Option<u64> {
        match self {
            Self::MemoryLimit { bytes } => Some(*bytes),
            _ => None,
        }
    }
}
