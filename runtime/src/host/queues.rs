//! Shared queues: named by `vm_id` and name for the whole process; whoever registered one last is told of new values.
//!
//! A value is put in by any worker. The owner's worker is told through its [`Inbox`], and calls
//! `on_queue_ready` there when its driver polls it.

use super::Host;
use super::quotas::MAX_QUEUES;
use crate::abi::Status;
use crate::guest::ContextId;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// What a queue or a value takes beside its bytes, so that empty ones are bounded too.
const OVERHEAD: usize = 64;
/// Most values of which a worker has not been told yet.
///
/// A plugin that fills faster than it is called would else fill the proxy's memory.
const MAX_NOTICES: usize = 1 << 20;

/// The queues of a process.
#[derive(Debug)]
pub struct Queues {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    limit: usize,
    last_token: u32,
    bytes: usize,
    tokens: BTreeMap<(Vec<u8>, Vec<u8>), u32>,
    queues: BTreeMap<u32, Queue>,
}

#[derive(Debug)]
struct Queue {
    owner: Owner,
    values: VecDeque<Bytes>,
}

/// Who is told of new values.
#[derive(Debug, Clone)]
struct Owner {
    inbox: Arc<Inbox>,
    vm: u64,
    root: ContextId,
}

/// A value has come into a queue of this root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) vm: u64,
    pub(crate) root: ContextId,
    pub(crate) token: u32,
}

/// What other workers have to tell a worker.
#[derive(Debug, Default)]
pub struct Inbox {
    state: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    last_vm: u64,
    notices: VecDeque<Notice>,
    waker: Option<Waker>,
}

impl Default for Queues {
    fn default() -> Self {
        Self::with_limit(MAX_QUEUES)
    }
}

impl Queues {
    /// So many bytes of names and values at most.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self { state: Mutex::new(State { limit, ..State::default() }) }
    }

    fn register(&self, vm_id: &[u8], name: &[u8], owner: Owner) -> Result<u32, Status> {
        let mut state = lock(&self.state);
        let key = (vm_id.to_owned(), name.to_owned());
        if let Some(token) = state.tokens.get(&key).copied() {
            if let Some(queue) = state.queues.get_mut(&token) {
                queue.owner = owner;
            }
            return Ok(token);
        }
        state.reserve(vm_id.len() + name.len())?;
        state.last_token += 1;
        let token = state.last_token;
        state.tokens.insert(key, token);
        state.queues.insert(token, Queue { owner, values: VecDeque::new() });
        Ok(token)
    }

    fn resolve(&self, vm_id: &[u8], name: &[u8]) -> Result<u32, Status> {
        let key = (vm_id.to_owned(), name.to_owned());
        lock(&self.state).tokens.get(&key).copied().ok_or(Status::NOT_FOUND)
    }

    fn enqueue(&self, token: u32, value: &[u8]) -> Result<(), Status> {
        let mut state = lock(&self.state);
        let owner = state.queues.get(&token).ok_or(Status::NOT_FOUND)?.owner.clone();
        state.reserve(value.len())?;
        if !owner.inbox.put(Notice { vm: owner.vm, root: owner.root, token }) {
            state.release(value.len());
            return Err(Status::INTERNAL_FAILURE);
        }
        if let Some(queue) = state.queues.get_mut(&token) {
            queue.values.push_back(Bytes::copy_from_slice(value));
        }
        Ok(())
    }

    fn dequeue(&self, token: u32) -> Result<Bytes, Status> {
        let mut state = lock(&self.state);
        let queue = state.queues.get_mut(&token).ok_or(Status::NOT_FOUND)?;
        let value = queue.values.pop_front().ok_or(Status::EMPTY)?;
        state.release(value.len());
        Ok(value)
    }
}

impl State {
    fn reserve(&mut self, bytes: usize) -> Result<(), Status> {
        let bytes = self.bytes + bytes + OVERHEAD;
        if bytes > self.limit {
            return Err(Status::INTERNAL_FAILURE);
        }
        self.bytes = bytes;
        Ok(())
    }

    fn release(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes + OVERHEAD);
    }
}

impl Inbox {
    /// A number for a VM of this worker.
    pub(super) fn next_vm(&self) -> u64 {
        let mut state = lock(&self.state);
        state.last_vm += 1;
        state.last_vm
    }

    /// The next notice; where there is none the task is woken when there is.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<Notice> {
        let mut state = lock(&self.state);
        match state.notices.pop_front() {
            Some(notice) => Poll::Ready(notice),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.state).notices.is_empty()
    }

    /// Whether there was room.
    fn put(&self, notice: Notice) -> bool {
        let mut state = lock(&self.state);
        if state.notices.len() >= MAX_NOTICES {
            return false;
        }
        state.notices.push_back(notice);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host {
    /// `proxy_register_shared_queue`: makes the queue, or takes it over with what is in it; answers its token.
    ///
    /// # Errors
    /// `BadArgument` outside a context; `InternalFailure` beyond the limit.
    pub fn register_queue(&self, name: &[u8]) -> Result<u32, Status> {
        let root = self.root_of(self.effective).ok_or(Status::BAD_ARGUMENT)?;
        let owner = Owner { inbox: Arc::clone(&self.services.inbox), vm: self.number, root };
        self.services.queues.register(self.vm.id.as_bytes(), name, owner)
    }

    /// `proxy_resolve_shared_queue`: the token of a queue; an empty `vm_id` is the own one.
    ///
    /// # Errors
    /// `NotFound` where nobody has registered it.
    pub fn resolve_queue(&self, vm_id: &[u8], name: &[u8]) -> Result<u32, Status> {
        let vm_id = if vm_id.is_empty() { self.vm.id.as_bytes() } else { vm_id };
        self.services.queues.resolve(vm_id, name)
    }

    /// `proxy_enqueue_shared_queue`.
    ///
    /// # Errors
    /// `NotFound` for unknown tokens; `InternalFailure` where queues hold too much already.
    pub fn enqueue(&self, token: u32, value: &[u8]) -> Result<(), Status> {
        self.services.queues.enqueue(token, value)
    }

    /// `proxy_dequeue_shared_queue`.
    ///
    /// # Errors
    /// `NotFound` for unknown tokens; `Empty` where nothing is in the queue.
    pub fn dequeue(&self, token: u32) -> Result<Bytes, Status> {
        self.services.queues.dequeue(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(inbox: &Arc<Inbox>, root: ContextId) -> Owner {
        Owner { inbox: Arc::clone(inbox), vm: 1, root }
    }

    fn told(inbox: &Inbox) -> Option<Notice> {
        match inbox.poll(&Context::from_waker(Waker::noop())) {
            Poll::Ready(notice) => Some(notice),
            Poll::Pending => None,
        }
    }

    #[test]
    fn values_come_out_in_order_and_the_owner_is_told_of_each() {
        let (queues, inbox) = (Queues::default(), Arc::default());
        let token = queues.register(b"vm", b"q", owner(&inbox, 1)).unwrap();
        assert_eq!(queues.resolve(b"vm", b"q"), Ok(token));
        assert_eq!(queues.resolve(b"other", b"q"), Err(Status::NOT_FOUND));
        queues.enqueue(token, b"a").unwrap();
        queues.enqueue(token, b"").unwrap();
        let notice = Notice { vm: 1, root: 1, token };
        assert_eq!([told(&inbox), told(&inbox), told(&inbox)], [Some(notice), Some(notice), None]);
        assert_eq!(queues.dequeue(token).unwrap(), "a");
        assert_eq!(queues.dequeue(token).unwrap(), "");
        assert_eq!(queues.dequeue(token), Err(Status::EMPTY));
        assert_eq!(queues.dequeue(token + 1), Err(Status::NOT_FOUND));
    }

    #[test]
    fn a_queue_that_is_registered_again_keeps_values_and_changes_owner() {
        let (queues, first, second) = (Queues::default(), Arc::default(), Arc::default());
        let token = queues.register(b"vm", b"q", owner(&first, 1)).unwrap();
        queues.enqueue(token, b"a").unwrap();
        assert_eq!(queues.register(b"vm", b"q", owner(&second, 5)), Ok(token));
        queues.enqueue(token, b"b").unwrap();
        assert_eq!((told(&first).map(|it| it.root), told(&first)), (Some(1), None));
        assert_eq!(told(&second).map(|notice| notice.root), Some(5));
        assert_eq!(queues.dequeue(token).unwrap(), "a");
    }

    #[test]
    fn what_queues_hold_is_bounded() {
        let (queues, inbox) = (Queues::with_limit(1000), Arc::default());
        let token = queues.register(b"vm", b"q", owner(&inbox, 1)).unwrap();
        let value = vec![0; 500];
        queues.enqueue(token, &value).unwrap();
        assert_eq!(queues.enqueue(token, &value), Err(Status::INTERNAL_FAILURE));
        queues.dequeue(token).unwrap();
        queues.enqueue(token, &value).unwrap();
    }
}
