//! What workers tell each other about shared work, under one key of the proxy's shared data.
//!
//! A line of JSON, and after it the result as the work's own type writes it: who only looks whether
//! the work is over reads the line.

use crate::clock::Instant;
use crate::json;
use crate::shared::{SharedError, store};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Queues that are told when the work is over. The workers beyond look by themselves.
const MAX_WAITING: usize = 128;

/// A place in shared data for one piece of work at a time.
#[derive(Debug, Clone)]
pub(super) struct Place(pub(super) String);

/// What stands in a place.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) line: Line,
    pub(super) result: Vec<u8>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Line {
    /// Which work it is; several keys share a place.
    pub(super) key: String,
    pub(super) state: State,
    /// When the lease ends, or the work was begun; nanoseconds of the proxy's monotonic clock.
    pub(super) at: u64,
    /// A random number of the worker that has the lease.
    pub(super) holder: u64,
    /// Queues of the workers that wait.
    pub(super) waiting: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    /// Somebody does the work, for as long as the lease lasts.
    Leased,
    /// The result is the work's.
    Done,
    /// The result is what went wrong.
    Failed,
    /// The result is too large to be shared.
    Untold,
}

impl Line {
    pub(super) fn is_leased(&self, now: Instant) -> bool {
        self.state == State::Leased && self.at > nanos(now)
    }

    /// How long the lease still lasts.
    pub(super) fn left(&self, now: Instant) -> Duration {
        Duration::from_nanos(self.at.saturating_sub(nanos(now)))
    }

    /// Adds a queue to those that are told; answers whether it was added.
    pub(super) fn tell(&mut self, queue: &str) -> bool {
        let new = self.waiting.len() < MAX_WAITING && !self.waiting.iter().any(|name| name == queue);
        if new {
            self.waiting.push(queue.to_owned());
        }
        new
    }
}

impl Place {
    /// What stands here, and the version with which to replace it. What another version of the
    /// filter wrote is nothing.
    pub(super) fn read(&self) -> Result<(Option<Record>, u32), SharedError> {
        let (bytes, version) = store::read(&self.0)?;
        Ok((bytes.and_then(Record::parse), version))
    }

    /// Writes unless somebody else has written since; answers whether it did.
    pub(super) fn write(&self, line: &Line, result: &[u8], version: u32) -> Result<bool, SharedError> {
        let wrong = |source| SharedError::Type { key: self.0.clone(), source };
        let mut bytes = json::write(line).map_err(wrong)?.into_bytes();
        bytes.push(b'\n');
        bytes.extend_from_slice(result);
        store::write(&self.0, &bytes, version)
    }
}

impl Record {
    fn parse(mut bytes: Vec<u8>) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let line = json::read(bytes.get(..end)?).ok()?;
        bytes.drain(..=end);
        Some(Self { line, result: bytes })
    }
}

pub(super) fn nanos(moment: Instant) -> u64 {
    u64::try_from(moment.since_start().as_nanos()).unwrap_or(u64::MAX)
}
