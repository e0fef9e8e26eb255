//! Calls that are made again when they fail.

use super::{Budget, Call, CallError, ClusterName, Reply};
use crate::clock::{Instant, millis, monotonic};
use crate::{random, task, vm};
use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// When and how often a call is made again; see [`Call::retry`].
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// use mesh_filter::call::{On, Retry};
///
/// # async fn ask(cluster: &ClusterName) -> Result<()> {
/// let retry = Retry::times(2)
///     .backoff(millis(25)..secs(1))
///     .on([On::Timeout, On::Unreachable, On::Status(503)])
///     .within(secs(2));
/// let reply = call::get(cluster, "/bucket").timeout(millis(500)).retry(retry).send().await?;
/// log::info!("{} after {} tries", reply.status(), reply.tries());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a policy does nothing until it is given to `Call::retry`"]
pub struct Retry {
    times: u32,
    backoff: Range<Duration>,
    on: Vec<On>,
    within: Option<Duration>,
    any_method: bool,
    budget: Budget,
}

/// An outcome of a call that may be followed by another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum On {
    /// No reply came in time ([`CallError::Timeout`]).
    Timeout,
    /// The proxy could not connect ([`CallError::Unreachable`]).
    Unreachable,
    /// The reply broke off ([`CallError::Reset`]).
    Reset,
    /// The service replied with this status.
    Status(u16),
}

impl Retry {
    /// So many tries after the first one, on what usually passes: timeouts, failed connections,
    /// broken replies, and the statuses 502, 503 and 504.
    pub fn times(times: u32) -> Self {
        Self {
            times,
            backoff: millis(25)..millis(250),
            on: vec![
                On::Unreachable,
                On::Reset,
                On::Timeout,
                On::Status(502),
                On::Status(503),
                On::Status(504),
            ],
            within: None,
            any_method: false,
            budget: Budget::default(),
        }
    }

    /// How long to wait before the next try: about the first before the second try, about twice as
    /// long before each further one, and never longer than the second. The exact time is random,
    /// from half of that on, so that those who failed together do not come back together. 25 to
    /// 250 ms unless it is set.
    pub fn backoff(mut self, backoff: Range<Duration>) -> Self {
        self.backoff = backoff;
        self
    }

    /// After which outcomes a call is made again, and after no others.
    pub fn on(mut self, outcomes: impl IntoIterator<Item = On>) -> Self {
        self.on = outcomes.into_iter().collect();
        self
    }

    /// How long all tries together may take, with what is waited in between. The last one gets
    /// what is left; none is begun later. Not limited unless it is set.
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = Some(limit);
        self
    }

    /// Makes calls again whatever their method. Without it only those are that do no more when
    /// they are made twice: `GET`, `HEAD`, `OPTIONS`, `TRACE`, `PUT` and `DELETE`.
    pub fn any_method(mut self) -> Self {
        self.any_method = true;
        self
    }

    /// How many of all calls to the cluster may be retries.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    fn is_on(&self, outcome: &Result<Reply, CallError>) -> bool {
        let outcome = match outcome {
            Ok(reply) => On::Status(reply.status()),
            Err(CallError::Timeout { .. }) => On::Timeout,
            Err(CallError::Unreachable { .. }) => On::Unreachable,
            Err(CallError::Reset { .. }) => On::Reset,
            Err(_) => return false,
        };
        self.on.contains(&outcome)
    }

    /// How long to wait after so many tries.
    fn wait(&self, tries: u32) -> Duration {
        let doubled = 1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX);
        let longest =
            self.backoff.start.saturating_mul(doubled).min(self.backoff.end.max(self.backoff.start));
        let half = u64::try_from(longest.as_micros() / 2).unwrap_or(u64::MAX);
        // Without randomness all wait as long as they may.
        let random = random::below(half.saturating_add(1)).unwrap_or(half);
        longest.saturating_sub(Duration::from_micros(half)).saturating_add(Duration::from_micros(random))
    }
}

/// A call with a [`Retry`].
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct RetryingCall {
    call: Call,
    retry: Retry,
}

impl RetryingCall {
    pub(super) fn new(call: Call, retry: Retry) -> Self {
        Self { call, retry }
    }

    /// Makes the call, again where it fails as the policy says, and waits for a reply.
    ///
    /// A reply with a status on which it was to be made again is a reply too, when it is the last
    /// one: its status and [`Reply::tries`] tell.
    ///
    /// # Errors
    /// That of the last try, with how many there were and why there was no other.
    pub async fn send(self) -> Result<Reply, RetryError> {
        let Self { call, retry } = self;
        let cluster = call.cluster().clone();
        let begun = monotonic();
        let deadline = retry.within.map(|limit| begun + limit);
        let mut tries = 1;
        vm::current().retries.borrow_mut().count_call(&cluster);
        loop {
            let mut outcome = limited(&call, deadline).send().await;
            if let Ok(reply) = &mut outcome {
                reply.tries = tries;
            }
            let stopped = match retry.next(&call, &cluster, &outcome, tries, deadline) {
                Ok(wait) => {
                    task::sleep(wait).await;
                    tries += 1;
                    continue;
                }
                Err(stopped) => stopped,
            };
            return outcome.map_err(|source| RetryError { tries, stopped, source });
        }
    }
}

impl Retry {
    /// Whether to try again after this outcome, and how long to wait until then.
    fn next(
        &self,
        call: &Call,
        cluster: &ClusterName,
        outcome: &Result<Reply, CallError>,
        tries: u32,
        deadline: Option<Instant>,
    ) -> Result<Duration, Stopped> {
        if !self.is_on(outcome) {
            return Err(Stopped::Outcome);
        }
        if !self.any_method && !call.is_idempotent() {
            return Err(Stopped::Method);
        }
        if tries > self.times {
            return Err(Stopped::Tries);
        }
        let wait = self.wait(tries);
        // A proxy counts the time of a call in milliseconds.
        if deadline.is_some_and(|deadline| deadline < monotonic() + wait + millis(1)) {
            return Err(Stopped::Deadline);
        }
        if !vm::current().retries.borrow_mut().take(cluster, self.budget) {
            return Err(Stopped::Budget);
        }
        Ok(wait)
    }
}

/// The call with no more time than is left.
fn limited(call: &Call, deadline: Option<Instant>) -> Call {
    let left = deadline.map(|deadline| deadline - monotonic());
    // A sleep may end a little late; a call without time cannot be made.
    let limit = left.map_or(call.limit(), |left| left.max(millis(1)).min(call.limit()));
    call.clone().timeout(limit)
}

/// Why there was no further try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stopped {
    /// There were as many as the policy allows.
    Tries,
    /// The outcome is none after which to try again.
    Outcome,
    /// The method may do more when the call is made twice; see [`Retry::any_method`].
    Method,
    /// The time for all tries was over.
    Deadline,
    /// There were too many retries among the calls to this cluster; see [`Budget`].
    Budget,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tries => "as many as the policy allows",
            Self::Outcome => "none follows after this outcome",
            Self::Method => "none follows with this method",
            Self::Deadline => "the time for all tries is over",
            Self::Budget => "the cluster's budget for retries is used up",
        })
    }
}

/// A call that brought no reply, however often it was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no reply; tries: {tries}, {stopped}")]
pub struct RetryError {
    tries: u32,
    stopped: Stopped,
    source: CallError,
}

impl RetryError {
    /// How often the call was made.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// Why it was not made again.
    #[must_use]
    pub fn stopped(&self) -> Stopped {
        self.stopped
    }

    /// How the last try ended.
    #[must_use]
    pub fn last(&self) -> &CallError {
        &self.source
    }
}
