//! The queue by which a worker hears that work in another one is over.

use crate::random;
use crate::shared::Queue;
use crate::task::{race, sleep};
use std::cell::OnceCell;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

/// Shorter waits than this end at once, without any time passing.
const LEAST: Duration = Duration::from_millis(2);
/// How often a worker looks by itself, where it cannot be told.
const LOOK: Duration = Duration::from_millis(50);
/// How often it looks where it should be told: that may fail where queues are full.
const LOOK_WHERE_TOLD: Duration = Duration::from_secs(1);

/// This worker's queue, registered when it waits for the first time.
#[derive(Debug, Default)]
pub(super) struct Wakeup(OnceCell<Option<(String, Queue)>>);

impl Wakeup {
    /// The name by which others open the queue.
    pub(super) fn name(&self, prefix: &str) -> Option<&str> {
        let register = || {
            let name = format!("{prefix}/{:016x}", random::number().ok()?);
            match Queue::register_across_plugins(name.clone()) {
                Ok(queue) => Some((name, queue)),
                Err(error) => {
                    log::debug!("shared work is looked for by time only: {error}");
                    None
                }
            }
        };
        self.0.get_or_init(register).as_ref().map(|(name, _)| &**name)
    }

    /// Waits until work may be over, no longer than this. It may wake in vain.
    pub(super) async fn wait(&self, limit: Duration) {
        let Some((_, queue)) = self.0.get().and_then(Option::as_ref) else {
            return sleep(limit.clamp(LEAST, LOOK)).await;
        };
        let told = async {
            let told = queue.next().await;
            if told.is_err() {
                // Sleeping does not fail.
                std::future::pending::<()>().await;
            }
        };
        // One of several tasks that wait gets the message, but all of them are woken by it, and for
        // nothing else.
        let mut asleep = false;
        let woken = poll_fn(move |_| match std::mem::replace(&mut asleep, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        race(race(told, woken), sleep(limit.clamp(LEAST, LOOK_WHERE_TOLD))).await;
    }
}

/// Tells a worker.
pub(super) fn wake(name: &str) {
    match Queue::open_across_plugins("", name) {
        // What it says does not matter.
        Ok(Some(queue)) => {
            if let Err(error) = queue.push("1") {
                log::debug!("a worker is not told that shared work is over: {error}");
            }
        }
        Ok(None) => {}
        Err(error) => log::debug!("a worker is not told that shared work is over: {error}"),
    }
}
