//! Several futures at once, of which the first result is wanted; one of them may be the clock.

use super::sleep;
use crate::clock::Shown;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// Waits for the first of two futures. The other one is dropped: a reply to its call is ignored, a
/// sleep of it forgotten. Where both can end at the same time, it is the first.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// # async fn ask(near: ClusterName, far: ClusterName) -> Result<()> {
/// // The far one is asked too when the near one takes long.
/// let hedged = async {
///     task::sleep(millis(50)).await;
///     call::get(&far, "/").send().await
/// };
/// let reply = task::race(call::get(&near, "/").send(), hedged).await?;
/// # drop(reply); Ok(()) }
/// ```
pub async fn race<A: Future>(first: A, second: impl Future<Output = A::Output>) -> A::Output {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| match first.as_mut().poll(context) {
        Poll::Pending => second.as_mut().poll(context),
        ready => ready,
    })
    .await
}

/// Waits for a future no longer than this; then it is dropped.
///
/// For one call, [`crate::call::Call::timeout`] does it without a timer in the filter. Outside a
/// filter, where nothing could wait, only what ends at once ends in time.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// # async fn ask(users: ClusterName, flags: ClusterName) -> Result<()> {
/// let both = async {
///     let user = call::get(&users, "/alice").send().await?;
///     call::get(&flags, user.text()?).send().await
/// };
/// match task::timeout(millis(100), both).await {
///     Ok(flags) => log::info!("{}", flags?.text()?),
///     Err(elapsed) => log::warn!("no flags: {elapsed}"),
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`Elapsed`] when the time is over.
pub async fn timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    let ended = async { Ok(future.await) };
    let elapsed = async {
        sleep(limit).await;
        Err(Elapsed { limit })
    };
    race(ended, elapsed).await
}

/// What was waited for did not end in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it did not end within {}", Shown(*.limit))]
pub struct Elapsed {
    limit: Duration,
}

impl Elapsed {
    /// How long it was waited for.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }
}
