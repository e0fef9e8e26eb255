//! Futures that can go on: wakers put their owners here, and the dispatcher polls them before it
//! returns to the proxy.
//!
//! Wakers are real ones, so that any combinator or channel of the ecosystem works in a filter.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// Whose future it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The exchange of this stream context.
    Stream { root: u32, context: u32 },
    /// The task with this number of this root context.
    Task { root: u32, task: u32 },
}

impl Owner {
    /// The context on which its hostcalls act.
    pub(crate) fn context(self) -> u32 {
        match self {
            Self::Stream { context, .. } => context,
            Self::Task { root, .. } => root,
        }
    }

    /// The root context whose timer it uses.
    pub(crate) fn root(self) -> u32 {
        match self {
            Self::Stream { root, .. } | Self::Task { root, .. } => root,
        }
    }
}

/// Owners whose futures can go on, each once, in the order in which they were woken.
///
/// A mutex because wakers may be sent to other threads; in a VM there is one, and nobody waits.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    owners: Mutex<Vec<Owner>>,
    /// Something has happened that the dispatcher has not looked at: most callbacks cause nothing.
    stirred: AtomicBool,
}

impl Ready {
    pub(crate) fn push(&self, owner: Owner) {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if !owners.contains(&owner) {
            owners.push(owner);
        }
        self.stir();
    }

    /// All of them.
    pub(crate) fn take(&self) -> Vec<Owner> {
        std::mem::take(&mut *self.owners.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets the dispatcher look at owners, new tasks and timers.
    pub(crate) fn stir(&self) {
        self.stirred.store(true, Ordering::Relaxed);
    }

    /// Whether there is something to look at.
    pub(crate) fn is_stirred(&self) -> bool {
        self.stirred.load(Ordering::Relaxed)
    }

    /// The dispatcher has looked at everything.
    pub(crate) fn calm(&self) {
        self.stirred.store(false, Ordering::Relaxed);
    }

    /// Wakes this owner.
    pub(crate) fn waker(self: &Arc<Self>, owner: Owner) -> Waker {
        Waker::from(Arc::new(Signal { owner, ready: Arc::clone(self) }))
    }
}

struct Signal {
    owner: Owner,
    ready: Arc<Ready>,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.ready.push(self.owner);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.push(self.owner);
    }
}
