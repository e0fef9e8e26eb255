//! What a filter does beside waiting for calls: sleeping, waiting for several things at once, and
//! work that outlives an exchange.
//!
//! Futures run wherever a filter's own code runs: in [`crate::Filter::handle`], in the jobs and
//! tasks of [`crate::Setup`], and in what is spawned here. Their wakers are real ones, so
//! combinators and channels of other crates work too; executors and timers of other crates do not,
//! because a VM has neither threads nor a reactor of its own.

mod join;
mod race;

pub use join::{Join, join, join_all};
pub use race::{Elapsed, race, timeout};

use crate::clock::{Instant, monotonic};
use crate::dispatch::{Reactor, TOLERANCE, current};
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Goes on with a future in the background, whatever becomes of the exchange that started it.
///
/// It belongs to the plugin's configuration and ends with it; what it returns is dropped. Outside a
/// filter nothing could go on with it, so there it is dropped at once, with a line in the log.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// # fn audit(cluster: ClusterName) {
/// task::spawn(async move {
///     if let Err(error) = call::post(&cluster, "/audit").send().await {
///         log::warn!("not audited: {error}");
///     }
/// });
/// # }
/// ```
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    match current() {
        Some((reactor, owner)) => reactor.spawn(owner.root(), Box::pin(future)),
        None => log::error!("a task was spawned where no filter runs, and is dropped"),
    }
}

/// Waits for this long.
///
/// The proxy's timer counts whole milliseconds: a sleep ends up to one millisecond before or after
/// its moment, and later where the worker is busy. Outside a filter it ends at once.
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { due: monotonic() + duration, timer: None }
}

/// Waits for a moment; see [`sleep`].
#[must_use = "a sleep that is not awaited does nothing"]
pub struct Sleep {
    due: Instant,
    timer: Option<(Rc<Reactor>, u64)>,
}

impl Sleep {
    fn cancel(&mut self) {
        if let Some((reactor, number)) = self.timer.take() {
            reactor.timers().remove(self.due, number);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.cancel();
        if monotonic() + TOLERANCE > self.due {
            return Poll::Ready(());
        }
        let Some((reactor, owner)) = current() else { return Poll::Ready(()) };
        let waker = context.waker().clone();
        let number = reactor.timers().add(owner.root(), self.due, waker);
        self.timer = Some((reactor, number));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("due", &self.due).finish_non_exhaustive()
    }
}
