//! What futures reach from where they are polled: whose turn it is, and the mailboxes in which
//! the answers to calls arrive.

use super::Task;
use super::queues::Queues;
use super::ready::{Owner, Ready};
use super::table::Table;
use super::timers::Timers;
use crate::host::Pairs;
use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

thread_local! {
    /// The plugin and the future that run on this thread now. Futures have no other way to reach
    /// their dispatcher; natively several plugins may share a thread, one after the other.
    static CURRENT: RefCell<Option<(Rc<Reactor>, Owner)>> = const { RefCell::new(None) };
}

/// What a proxy tells of a call.
#[derive(Debug)]
pub(crate) enum Event {
    /// The whole reply to an HTTP call.
    Reply { headers: Pairs, body: Vec<u8>, trailers: Pairs },
    /// An HTTP call broke off.
    Reset,
    /// A gRPC response begins.
    InitialMetadata(Pairs),
    /// A gRPC message.
    Message(Vec<u8>),
    /// A gRPC message that is longer than [`InFlight::limit`], and was not read.
    TooLarge { size: usize },
    /// A gRPC response ends with this metadata.
    TrailingMetadata(Pairs),
    /// A gRPC call or stream is over, with this status.
    Closed { status: u32, message: String },
}

/// The calls, timers and new tasks of one plugin.
#[derive(Default)]
pub(crate) struct Reactor {
    pub(crate) ready: Arc<Ready>,
    timers: RefCell<Timers>,
    pub(crate) queues: Queues,
    mailboxes: RefCell<Table<Rc<RefCell<Mailbox>>>>,
    spawned: RefCell<Vec<(u32, Task<()>)>>,
}

#[derive(Default)]
struct Mailbox {
    events: VecDeque<Event>,
    waker: Option<Waker>,
    /// Longest message that is read.
    limit: usize,
}

impl Reactor {
    /// Runs `f` as this owner.
    pub(crate) fn enter<R>(self: &Rc<Self>, owner: Owner, f: impl FnOnce() -> R) -> R {
        let before = CURRENT.with(|current| current.replace(Some((Rc::clone(self), owner))));
        let _restore = Restore(before);
        f()
    }

    /// Puts an event into the mailbox of a call; answers whether anybody still has it open.
    pub(crate) fn deliver(&self, token: u32, event: Event) -> bool {
        let Some(mailbox) = self.mailboxes.borrow().get(token).map(Rc::clone) else { return false };
        let waker = {
            let mut mailbox = mailbox.borrow_mut();
            mailbox.events.push_back(event);
            mailbox.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// The longest message that a call takes; none of one that nobody has open.
    pub(crate) fn limit(&self, token: u32) -> usize {
        self.mailboxes.borrow().get(token).map_or(0, |mailbox| mailbox.borrow().limit)
    }

    /// What waits for a moment; whatever is done to it, the dispatcher looks at it.
    pub(crate) fn timers(&self) -> RefMut<'_, Timers> {
        self.ready.stir();
        self.timers.borrow_mut()
    }

    /// Hands a future over to a root context, which goes on with it whatever becomes of streams.
    pub(crate) fn spawn(&self, root: u32, task: Task<()>) {
        self.spawned.borrow_mut().push((root, task));
        self.ready.stir();
    }

    /// The futures handed over since this was asked last.
    pub(crate) fn take_spawned(&self) -> Vec<(u32, Task<()>)> {
        self.spawned.take()
    }
}

struct Restore(Option<(Rc<Reactor>, Owner)>);

impl Drop for Restore {
    fn drop(&mut self) {
        let before = self.0.take();
        drop(CURRENT.try_with(|current| current.replace(before)));
    }
}

/// The plugin and the owner whose future runs now; `None` outside a plugin.
pub(crate) fn current() -> Option<(Rc<Reactor>, Owner)> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// A call under way. Dropped, what comes of it is ignored.
pub(crate) struct InFlight {
    pub(crate) token: u32,
    mailbox: Rc<RefCell<Mailbox>>,
    reactor: Rc<Reactor>,
}

impl InFlight {
    /// Waits, as the future that runs now, for the call with this token.
    ///
    /// `None` outside any future of a plugin.
    pub(crate) fn register(token: u32) -> Option<Self> {
        let (reactor, _) = current()?;
        let mailbox = Rc::<RefCell<Mailbox>>::default();
        reactor.mailboxes.borrow_mut().insert(token, Rc::clone(&mailbox));
        Some(Self { token, mailbox, reactor })
    }

    /// Sets the length of the longest message that is taken.
    pub(crate) fn limit(&self, bytes: usize) {
        self.mailbox.borrow_mut().limit = bytes;
    }

    /// The next event of the call.
    pub(crate) fn poll_event(&self, context: &mut Context<'_>) -> Poll<Event> {
        let mut mailbox = self.mailbox.borrow_mut();
        match mailbox.events.pop_front() {
            Some(event) => Poll::Ready(event),
            None => {
                mailbox.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.reactor.mailboxes.borrow_mut().remove(self.token);
    }
}
