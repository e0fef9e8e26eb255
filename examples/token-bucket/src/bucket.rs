//! A token bucket that fills evenly, as one moment: that at which it is full again.

use mesh_filter::clock::Instant;
use std::num::NonZeroU32;
use std::time::Duration;

/// How large buckets are, and how fast they fill.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    /// One token comes back after this time.
    per_token: Duration,
    /// An empty bucket is full after this time.
    time_to_fill: Duration,
}

/// What came of taking a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    /// When the bucket is full again.
    pub(crate) full_at: Instant,
    /// How many tokens are left.
    pub(crate) remaining: u128,
    /// There was none; the next one comes after this time.
    pub(crate) wait: Option<Duration>,
}

impl Bucket {
    /// `None` where the numbers cannot be counted with.
    pub(crate) fn new(max_tokens: NonZeroU32, per_token: Duration) -> Option<Self> {
        let time_to_fill = per_token.checked_mul(max_tokens.get())?;
        let countable = !per_token.is_zero() && u64::try_from(time_to_fill.as_nanos()).is_ok();
        countable.then_some(Self { per_token, time_to_fill })
    }

    pub(crate) fn time_to_fill(self) -> Duration {
        self.time_to_fill
    }

    /// Takes a token out of the bucket that is full at this moment; a new one is full.
    pub(crate) fn take(self, full_at: Option<Instant>, now: Instant) -> Taken {
        let full_at = full_at.unwrap_or(now).max(now);
        let taken = full_at + self.per_token;
        match (taken - now).checked_sub(self.time_to_fill) {
            None | Some(Duration::ZERO) => {
                Taken { full_at: taken, remaining: self.tokens(taken - now), wait: None }
            }
            Some(wait) => Taken { full_at, remaining: self.tokens(full_at - now), wait: Some(wait) },
        }
    }

    /// Whole tokens in a bucket that is full after this time.
    fn tokens(self, until_full: Duration) -> u128 {
        self.time_to_fill.saturating_sub(until_full).as_nanos() / self.per_token.as_nanos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_filter::clock::millis;

    fn start() -> Instant {
        serde_json::from_str("5000000000").unwrap()
    }

    fn bucket(max_tokens: u32, per_token: Duration) -> Bucket {
        Bucket::new(NonZeroU32::new(max_tokens).unwrap(), per_token).unwrap()
    }

    #[test]
    fn a_bucket_gives_its_tokens_then_one_each_time() {
        let bucket = bucket(3, millis(100));
        let mut full_at = None;
        for remaining in [2, 1, 0] {
            let taken = bucket.take(full_at, start());
            assert_eq!((taken.remaining, taken.wait), (remaining, None));
            full_at = Some(taken.full_at);
        }
        assert_eq!(bucket.take(full_at, start()).wait, Some(millis(100)));
        assert_eq!(bucket.take(full_at, start() + millis(99)).wait, Some(millis(1)));
        assert_eq!(bucket.take(full_at, start() + millis(100)).wait, None);
    }

    #[test]
    fn in_no_time_more_than_the_bucket_and_what_it_fills_is_given() {
        for (max_tokens, per_token) in [(1, 7), (3, 10), (20, 3), (5, 1)] {
            let bucket = bucket(max_tokens, millis(per_token));
            let (mut full_at, mut given) = (None, Vec::new());
            // Steps without a pattern, the same in every run.
            let (mut now, mut step) = (0, 1);
            while now < 1000 {
                let taken = bucket.take(full_at, start() + millis(now));
                if taken.wait.is_none() {
                    given.push(now);
                }
                full_at = Some(taken.full_at);
                step = (step * 5 + 3) % 17;
                now += step / 4;
            }
            for (first, from) in given.iter().enumerate() {
                for (last, to) in given.iter().enumerate().skip(first) {
                    let allowed = u64::from(max_tokens) + (to - from) / per_token;
                    assert!(((last - first) as u64) < allowed, "{max_tokens} {per_token}: {from} to {to}");
                }
            }
        }
    }

    #[test]
    fn a_bucket_that_cannot_be_counted_is_none() {
        let one = NonZeroU32::MIN;
        assert!(Bucket::new(one, Duration::ZERO).is_none());
        assert!(Bucket::new(NonZeroU32::MAX, Duration::MAX).is_none());
    }
}
