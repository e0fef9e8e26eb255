//! Which requests were received before, over all workers, in a table of fixed size.
//!
//! What is remembered of a request is a fingerprint and its signed time. A group that is full forgets the oldest of its
//! requests together with its time: from then on requests of this group that are as old as that are refused. So nothing
//! passes twice, however small the table is; what a small one costs is that late requests are refused under load.

use crate::mac::sha256;
use crate::refusal::Refusal;
use mesh_filter::clock::secs;
use mesh_filter::log_every;
use mesh_filter::shared::{Pages, SharedError};
use mesh_filter_policy::Moment;
use std::time::Duration;

/// Requests that stand under one key of the proxy: 16 take less than 300 bytes.
const PLACES: u32 = 16;
/// How often it is tried when other workers write at the same time: more often than there are workers.
const TRIES: usize = 100;

/// The requests that were received.
pub(crate) struct Nonces {
    groups: u32,
    pages: Pages,
    /// After which the longest-lived request is refused for its age alone.
    window: Duration,
}

/// Requests that share a key of the proxy.
#[derive(Default)]
struct Group {
    /// Requests that are no younger may have been forgotten.
    floor: i64,
    /// Fingerprints and times.
    seen: Vec<(u64, i64)>,
}

impl Nonces {
    /// A table for at least so many requests.
    pub(crate) fn new(entries: u32, window: Duration) -> Self {
        Self { groups: entries.div_ceil(PLACES).max(1), pages: Pages::new("nonces"), window }
    }

    /// Takes a request down, unless it was there.
    pub(crate) fn accept(
        &self,
        key: &str,
        identity: &[u8],
        created: Moment,
        now: Moment,
    ) -> Result<(), Refusal> {
        let (page, fingerprint) = self.find(key, identity);
        for _ in 0..TRIES {
            let tried =
                self.try_once(page, |group| group.accept(fingerprint, created.millis(), self.oldest(now)));
            match tried {
                Ok(Some(verdict)) => return verdict,
                Ok(None) => {}
                Err(error) => {
                    log_every!(secs(60), Warn, "nonces cannot be kept: {error}");
                    return Err(Refusal::Store);
                }
            }
        }
        log_every!(secs(60), Warn, "nonces cannot be kept: others wrote in each of {TRIES} tries");
        Err(Refusal::Store)
    }

    /// Asks a group, and writes it where it took the request; `None` where another worker wrote meanwhile.
    fn try_once(
        &self,
        page: u32,
        accept: impl FnOnce(&mut Group) -> Result<(), Refusal>,
    ) -> Result<Option<Result<(), Refusal>>, SharedError> {
        let (bytes, version) = self.pages.read(page)?;
        let mut group = Group::read(bytes.as_deref().unwrap_or_default());
        let verdict = accept(&mut group);
        if verdict.is_err() {
            return Ok(Some(verdict));
        }
        Ok(self.pages.replace(page, version, &group.write())?.then_some(verdict))
    }

    /// Requests of this time are refused for their age.
    fn oldest(&self, now: Moment) -> i64 {
        now.millis().saturating_sub(i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX))
    }

    fn find(&self, key: &str, identity: &[u8]) -> (u32, u64) {
        // The key's name has no NUL byte.
        let hash = sha256(&[key.as_bytes(), b"\0", identity].concat());
        let number = |range: std::ops::Range<usize>| {
            hash.get(range).into_iter().flatten().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let group = number(0..8) % u64::from(self.groups);
        (u32::try_from(group).unwrap_or_default(), number(8..16))
    }
}

impl Group {
    /// The floor, then pairs, all in eight bytes. What another version of the filter left in another form is read as something,
    /// too: at worst requests are refused.
    fn read(bytes: &[u8]) -> Self {
        let (numbers, _) = bytes.as_chunks::<8>();
        let (pairs, _) = numbers.get(1..).unwrap_or_default().as_chunks::<2>();
        Self {
            floor: numbers.first().map_or(0, |floor| i64::from_le_bytes(*floor)),
            seen: pairs
                .iter()
                .map(|[seen, time]| (u64::from_le_bytes(*seen), i64::from_le_bytes(*time)))
                .collect(),
        }
    }

    fn write(&self) -> Vec<u8> {
        let mut bytes = self.floor.to_le_bytes().to_vec();
        for (seen, time) in &self.seen {
            bytes.extend(seen.to_le_bytes());
            bytes.extend(time.to_le_bytes());
        }
        bytes
    }

    fn accept(&mut self, fingerprint: u64, created: i64, oldest: i64) -> Result<(), Refusal> {
        if self.seen.iter().any(|(known, _)| *known == fingerprint) {
            return Err(Refusal::Replayed);
        }
        if created <= self.floor {
            return Err(Refusal::Forgotten);
        }
        self.seen.retain(|(_, time)| *time >= oldest);
        self.seen.push((fingerprint, created));
        if self.seen.len() > PLACES as usize {
            let first = self.seen.iter().enumerate().min_by_key(|(_, (_, time))| *time);
            if let Some((place, time)) = first.map(|(place, (_, time))| (place, *time)) {
                self.seen.swap_remove(place);
                self.floor = self.floor.max(time);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_passes_twice_however_many_come() {
        let mut group = Group::default();
        let mut passed = 0;
        for round in 0..2 {
            for number in 0..1000_u64 {
                let verdict = group.accept(number, 1000 + i64::try_from(number).unwrap(), 0);
                assert_eq!(verdict.is_ok(), round == 0, "{round} {number} {verdict:?}");
                passed += usize::from(verdict.is_ok());
            }
        }
        assert_eq!((passed, group.seen.len()), (1000, 16));
        let again = Group::read(&group.write());
        assert_eq!((again.floor, again.seen), (group.floor, group.seen));
    }

    #[test]
    fn what_arrives_in_another_order_passes_once_too() {
        let mut group = Group::default();
        let mut passed = std::collections::BTreeSet::new();
        for step in 0..3000_u64 {
            let number = step * 7919 % 97;
            if group.accept(number, i64::try_from(number).unwrap() + 1, 0).is_ok() {
                assert!(passed.insert(number), "{number} passed twice");
            }
        }
        assert!(passed.len() >= 16);
    }

    #[test]
    fn what_is_too_old_anyway_leaves_room() {
        let mut group = Group::default();
        for number in 0..16 {
            assert_eq!(group.accept(number, 100, 0), Ok(()));
        }
        assert_eq!(group.accept(16, 500, 101), Ok(()));
        assert_eq!((group.seen.len(), group.floor), (1, 0));
    }
}
