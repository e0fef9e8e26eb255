//! Knows whose future runs now, and which future waits for which call.

use super::table::Table;
use crate::host::Pairs;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

thread_local! {
    /// The plugin and the future that run on this thread now. Futures have no other way to reach
    /// their dispatcher; natively several plugins may share a thread, one after the other.
    static CURRENT: RefCell<Option<(Rc<Reactor>, Owner)>> = const { RefCell::new(None) };
}

/// Whose future it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The exchange of this stream context.
    Stream(u32),
    /// The job with this number of this root context.
    Job { root: u32, job: usize },
}

impl Owner {
    /// The context on which its hostcalls act.
    pub(crate) fn context(self) -> u32 {
        match self {
            Self::Stream(context) => context,
            Self::Job { root, .. } => root,
        }
    }
}

/// How a call ended.
pub(crate) enum Delivered {
    Reply { headers: Pairs, body: Vec<u8> },
    Reset,
}

/// The calls of one plugin that are under way.
#[derive(Default)]
pub(crate) struct Reactor {
    waiting: RefCell<Table<Waiting>>,
}

struct Waiting {
    owner: Owner,
    slot: Slot,
}

type Slot = Rc<RefCell<Option<Delivered>>>;

impl Reactor {
    /// Runs `f` as this owner.
    pub(crate) fn enter<R>(self: &Rc<Self>, owner: Owner, f: impl FnOnce() -> R) -> R {
        let before = CURRENT.with(|current| current.replace(Some((Rc::clone(self), owner))));
        let _restore = Restore(before);
        f()
    }

    /// Takes the owner of a call that ended; `None` where nobody waits any more.
    pub(crate) fn take(&self, token: u32) -> Option<(Owner, impl FnOnce(Delivered))> {
        let waiting = self.waiting.borrow_mut().remove(token)?;
        Some((waiting.owner, move |delivered| {
            waiting.slot.replace(Some(delivered));
        }))
    }
}

struct Restore(Option<(Rc<Reactor>, Owner)>);

impl Drop for Restore {
    fn drop(&mut self) {
        let before = self.0.take();
        drop(CURRENT.try_with(|current| current.replace(before)));
    }
}

/// The owner whose future runs now.
pub(crate) fn current() -> Option<Owner> {
    CURRENT.try_with(|current| current.borrow().as_ref().map(|(_, owner)| *owner)).ok().flatten()
}

/// A call under way. Dropped, its answer is ignored: the ABI cannot cancel it.
pub(crate) struct InFlight {
    token: u32,
    slot: Slot,
    reactor: Rc<Reactor>,
}

impl InFlight {
    /// Waits, as the future that runs now, for the call with this token.
    ///
    /// `None` outside any future of a plugin.
    pub(crate) fn register(token: u32) -> Option<Self> {
        let (reactor, owner) = CURRENT.with(|current| current.borrow().clone())?;
        let slot = Slot::default();
        reactor.waiting.borrow_mut().insert(token, Waiting { owner, slot: Rc::clone(&slot) });
        Some(Self { token, slot, reactor })
    }
}

impl Future for InFlight {
    type Output = Delivered;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Delivered> {
        self.slot.take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.reactor.waiting.borrow_mut().remove(self.token);
    }
}
