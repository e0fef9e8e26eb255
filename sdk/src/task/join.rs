//! Several futures at once, all of whose results are wanted.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

/// Waits for two, three or four futures at once, given as a tuple; answers their results in order.
///
/// The calls that they make are under way at the same time, so that the slowest one decides how
/// long it takes.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// # async fn ask(users: ClusterName, flags: ClusterName) -> Result<()> {
/// let (user, flags) =
///     task::join((call::get(&users, "/alice").send(), call::get(&flags, "/all").send())).await;
/// log::info!("{} with {}", user?.text()?, flags?.text()?);
/// # Ok(()) }
/// ```
pub async fn join<J: Join>(futures: J) -> J::Output {
    futures.all().await
}

/// Waits for any number of futures of one kind at once; answers their results in order.
///
/// Whenever one can go on, each that has not ended is asked again: it is meant for a handful.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// # async fn ask(regions: Vec<ClusterName>) -> Result<()> {
/// let asked = regions.iter().map(|region| call::get(region, "/quota").send());
/// for reply in task::join_all(asked).await {
///     log::info!("{}", reply?.text()?);
/// }
/// # Ok(()) }
/// ```
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    enum Part<F: Future> {
        Waits(Pin<Box<F>>),
        Ended(F::Output),
    }
    let mut parts: Vec<_> = futures.into_iter().map(|future| Some(Part::Waits(Box::pin(future)))).collect();
    poll_fn(|context| {
        let mut waits = false;
        for part in &mut parts {
            if let Some(Part::Waits(future)) = part {
                match future.as_mut().poll(context) {
                    // Dropped at once, with what it holds.
                    Poll::Ready(output) => *part = Some(Part::Ended(output)),
                    Poll::Pending => waits = true,
                }
            }
        }
        if waits { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    let ended = |part| match part {
        Some(Part::Ended(output)) => Some(output),
        _ => None,
    };
    parts.into_iter().filter_map(ended).collect()
}

/// Tuples of futures that [`join`] takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be joined",
    note = "`task::join` takes a tuple of two, three or four futures, `task::join_all` any number of one kind"
)]
pub trait Join {
    /// A tuple of the results.
    type Output;

    /// Waits for all of them.
    fn all(self) -> impl Future<Output = Self::Output>;
}

macro_rules! join_tuple {
    ($($future:ident $result:ident $Future:ident),+) => {
        impl<$($Future: Future),+> Join for ($($Future),+) {
            type Output = ($($Future::Output),+);

            async fn all(self) -> Self::Output {
                let ($($future),+) = self;
                $(let mut $future = pin!($future);)+
                $(let mut $result = None;)+
                poll_fn(move |context| {
                    $(if $result.is_none()
                        && let Poll::Ready(output) = $future.as_mut().poll(context)
                    {
                        $result = Some(output);
                    })+
                    match ($($result.take()),+) {
                        ($(Some($result)),+) => Poll::Ready(($($result),+)),
                        incomplete => {
                            ($($result),+) = incomplete;
                            Poll::Pending
                        }
                    }
                })
                .await
            }
        }
    };
}

join_tuple!(a a_result A, b b_result B);
join_tuple!(a a_result A, b b_result B, c c_result C);
join_tuple!(a a_result A, b b_result B, c c_result C, d d_result D);
