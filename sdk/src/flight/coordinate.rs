//! Who of several workers does a piece of work, and how the others get its result.
//!
//! ```text
//!            ┌────────────── nothing, too old, or a lease that is over ─── take the lease ── work ── publish
//!   look ────┼── another one's lease ── be told or look again ── look
//!            ├── a result that is new enough ── take it
//!            └── no shared data, or another key's work ── work alone
//! ```

use super::FlightError;
use super::landing::Outcome;
use super::record::{Line, Place, State, nanos};
use super::wakeup::{Wakeup, wake};
use super::workers::{Landed, Told};
use crate::clock::{Instant, monotonic};
use crate::dispatch::Task;
use crate::error::Result;
use crate::random;
use crate::shared::SharedError;
use std::any::Any;
use std::rc::Rc;
use std::time::Duration;

/// How often a lease or a result is tried to be written while others write too.
const MAX_TRIES: usize = 100;

/// What the workers of a group have agreed on.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) prefix: String,
    pub(super) lease: Duration,
    pub(super) max_size: usize,
    pub(super) wakeup: Wakeup,
}

/// What to do after a look.
enum Turn {
    /// The result is there.
    Take(Result<Landed, FlightError>),
    /// Do the work, for all who wait.
    Lead { holder: u64 },
    /// Do the work for this worker only.
    Alone,
}

/// Reads a result that another worker has told; none where it is of another type.
type Heard = fn(&[u8]) -> Option<Rc<dyn Any>>;

/// Gets the result of a piece of work, by doing it or from another worker.
/// It does nothing until it is polled.
pub(super) fn coordinate(
    terms: Rc<Terms>,
    place: Place,
    key: String,
    max_age: Duration,
    heard: Heard,
    work: Task<Result<Box<dyn Told>>>,
) -> Task<Outcome> {
    Box::pin(async move {
        let landed = do_or_hear(&terms, &place, &key, max_age, heard, work).await?;
        Ok(Rc::new(landed) as Rc<dyn Any>)
    })
}

async fn do_or_hear(
    terms: &Terms,
    place: &Place,
    key: &str,
    max_age: Duration,
    heard: Heard,
    work: Task<Result<Box<dyn Told>>>,
) -> Result<Landed, FlightError> {
    let turn = look(terms, place, key, max_age, heard).await.unwrap_or_else(|error| {
        log::debug!("shared work is done without the other workers: {error}");
        Turn::Alone
    });
    let holder = match turn {
        Turn::Take(result) => return result,
        Turn::Lead { holder } => Some(holder),
        Turn::Alone => None,
    };
    let at = monotonic();
    let result = work.await;
    if let Some(holder) = holder {
        let (state, bytes) = told(place, &result, terms.max_size);
        if let Err(error) = publish(place, holder, state, at, &bytes) {
            log::warn!("the result of shared work is not told to other workers: {error}");
        }
    }
    match result {
        Ok(value) => Ok(Landed { value: value.value(), at }),
        Err(error) => Err(FlightError::Failed(Rc::new(error))),
    }
}

/// Looks until there is something to do other than waiting.
async fn look(
    terms: &Terms,
    place: &Place,
    key: &str,
    max_age: Duration,
    heard: Heard,
) -> Result<Turn, SharedError> {
    let (mut waited, mut lost) = (false, 0);
    while lost < MAX_TRIES {
        let now = monotonic();
        let (record, version) = place.read()?;
        let own = record.as_ref().filter(|record| record.line.key == key);
        let is_leased = record.as_ref().is_some_and(|record| record.line.is_leased(now));
        let Some(record) = own else {
            if is_leased {
                return Ok(Turn::Alone);
            }
            match lead(terms, place, key, Vec::new(), version)? {
                Some(turn) => return Ok(turn),
                None => lost += 1,
            }
            continue;
        };
        let line = &record.line;
        if is_leased {
            let mut line = record.line.clone();
            if let Some(queue) = terms.wakeup.name(&terms.prefix)
                && line.tell(queue)
                && !place.write(&line, &[], version)?
            {
                lost += 1;
                continue;
            }
            terms.wakeup.wait(line.left(now)).await;
            waited = true;
            continue;
        }
        // Who waited for the work gets what came of it, however old or bad it is.
        match line.state {
            State::Done if waited || now - Instant::from_nanos(line.at) <= max_age => {
                if let Some(value) = heard(&record.result) {
                    let at = Instant::from_nanos(line.at);
                    return Ok(Turn::Take(Ok(Landed { value, at })));
                }
                log::debug!("the result of shared work is of another type in another worker");
                return Ok(Turn::Alone);
            }
            State::Failed if waited => {
                let error = String::from_utf8_lossy(&record.result).into_owned();
                return Ok(Turn::Take(Err(FlightError::FailedElsewhere(error))));
            }
            State::Untold if waited => return Ok(Turn::Alone),
            _ => {}
        }
        // Those who waited for a leader that died wait for the next one.
        match lead(terms, place, key, line.waiting.clone(), version)? {
            Some(turn) => return Ok(turn),
            None => lost += 1,
        }
    }
    Ok(Turn::Alone)
}

/// Takes the lease, unless another worker has just done so.
fn lead(
    terms: &Terms,
    place: &Place,
    key: &str,
    waiting: Vec<String>,
    version: u32,
) -> Result<Option<Turn>, SharedError> {
    // Without randomness the time tells workers apart.
    let holder = random::number().unwrap_or_else(|_| nanos(monotonic()));
    let at = nanos(monotonic() + terms.lease);
    let line = Line { key: key.to_owned(), state: State::Leased, at, holder, waiting };
    let written = place.write(&line, &[], version)?;
    Ok(written.then_some(Turn::Lead { holder }))
}

/// What the others are told of a result.
fn told(place: &Place, result: &Result<Box<dyn Told>>, max_size: usize) -> (State, Vec<u8>) {
    let (state, bytes) = match result {
        Ok(value) => match value.json() {
            Ok(bytes) => (State::Done, bytes),
            Err(error) => (State::Failed, error.to_string().into_bytes()),
        },
        Err(error) => (State::Failed, error.to_string().into_bytes()),
    };
    if bytes.len() > max_size {
        log::warn!(
            "a result of `{}` is not shared with other workers: it has {} bytes, expected at most {max_size}",
            place.0,
            bytes.len()
        );
        return (State::Untold, Vec::new());
    }
    (state, bytes)
}

/// Puts the result where the others look, and tells those who wait.
fn publish(
    place: &Place,
    holder: u64,
    state: State,
    begun: Instant,
    bytes: &[u8],
) -> Result<(), SharedError> {
    for _ in 0..MAX_TRIES {
        let (record, version) = place.read()?;
        let Some(record) = record.filter(|record| record.line.holder == holder) else {
            log::debug!("the lease of `{}` was over before the work was", place.0);
            return Ok(());
        };
        let mut line = record.line;
        let waiting = std::mem::take(&mut line.waiting);
        (line.state, line.at) = (state, nanos(begun));
        if place.write(&line, bytes, version)? {
            waiting.iter().for_each(|queue| wake(queue));
            return Ok(());
        }
    }
    Err(SharedError::Contended { key: place.0.clone(), tries: MAX_TRIES })
}
