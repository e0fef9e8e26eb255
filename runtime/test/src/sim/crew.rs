//! Where workers run: on the thread of the test, or each on one of its own.

use super::lane::Lane;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

/// Stack of a worker's thread: as much as a program's main thread has, since guests run on it.
const STACK: usize = 8 << 20;

/// What a worker's thread is given to do.
type Work = Box<dyn FnOnce(&mut Lane) + Send>;

/// A worker's place.
pub(super) enum Seat {
    /// On the thread of the test.
    Here(Box<Lane>),
    /// On a thread of its own.
    Thread(LaneThread),
}

/// A worker that runs on a thread of its own, and does what it is told.
pub(super) struct LaneThread {
    work: Option<Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Seat {
    /// A worker on a thread of its own, which makes it: workers cannot move between threads.
    pub(super) fn on_thread(make: impl FnOnce() -> Lane + Send + 'static) -> std::io::Result<Self> {
        let (work, orders) = channel::<Work>();
        let thread = Builder::new().stack_size(STACK).spawn(move || {
            let mut lane = make();
            while let Ok(work) = orders.recv() {
                work(&mut lane);
            }
        })?;
        Ok(Self::Thread(LaneThread { work: Some(work), thread: Some(thread) }))
    }

    /// Does something with the worker, and waits for it.
    pub(super) fn with<R: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Lane) -> R + Send + 'static,
    ) -> R {
        match self {
            Self::Here(lane) => work(lane),
            Self::Thread(thread) => {
                let result = thread.begin(work);
                thread.wait(&result)
            }
        }
    }
}

impl LaneThread {
    /// Begins something, which goes on while others do something too.
    pub(super) fn begin<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Lane) -> R + Send + 'static,
    ) -> Receiver<R> {
        let (tell, result) = channel();
        let work: Work = Box::new(move |lane| {
            // Whoever asked waits for it, or does not want to know.
            let _told = tell.send(work(lane));
        });
        // A thread that has gone is noticed when its result is waited for.
        let _begun = self.work.as_ref().map(|orders| orders.send(work));
        result
    }

    /// Waits for the result of something that was begun.
    pub(super) fn wait<R>(&mut self, result: &Receiver<R>) -> R {
        match result.recv() {
            Ok(result) => result,
            // Nothing but a panic ends the thread before its time: it is the test's.
            Err(_) => match self.thread.take().map(JoinHandle::join) {
                Some(Err(panic)) => resume_unwind(panic),
                _ => resume_unwind(Box::new("the thread of a worker has ended")),
            },
        }
    }
}

impl Drop for LaneThread {
    fn drop(&mut self) {
        self.work.take();
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}
