//! What is kept of clients: a table of fixed size, in which each finds its place by a keyed hash.
//!
//! The proxy cannot delete shared data, so there is no key per client: four places and one for all others lie under a key. A
//! client's place is free for others as soon as nothing is owed, and never before: nobody loses a debt by being forgotten.

mod group;
mod store;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

pub(crate) use store::Store;

use crate::limit::{Limit, State, Taken};
use group::{Group, Seat, WAYS};
use mesh_filter::shared::SharedError;
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;
use store::Read;

/// How often a write is tried when other workers write at the same time.
const MAX_TRIES: usize = 16;

/// What becomes of clients that find no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overflow {
    /// Those of a group share one place: together they have what one client has.
    Share,
    /// They are not limited.
    Allow,
    /// They are refused until a place is free.
    Deny,
}

/// What is kept of the clients of one rule.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) store: Store,
    pub(crate) groups: u32,
    pub(crate) secret: [u8; 16],
    pub(crate) overflow: Overflow,
}

/// A client of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    group: u32,
    fingerprint: u64,
}

/// What stood in the table when it was read, and what taking would come to.
#[derive(Debug)]
pub(crate) struct Look {
    group: Group,
    read: Read,
    place: usize,
    pub(crate) state: State,
    pub(crate) verdict: Verdict,
    /// Whether the client found no place of its own.
    pub(crate) overflow: bool,
}

/// What taking comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is enough; this is the state afterwards.
    Fits(State),
    /// There is nothing to take from, and it may pass.
    Unlimited,
    /// There is not enough before so many nanoseconds have passed; `None`: there never is.
    Over(Option<u64>),
}

/// What came of taking.
#[derive(Debug)]
pub(crate) enum Debit {
    /// It was taken: the receipt with which it can be given back, and how often that was tried in vain.
    Done(Receipt, u32),
    /// There was not enough any more.
    Over(Look),
    /// Others wrote between every read and write.
    Contended,
}

/// What was taken where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Receipt {
    place: usize,
    states: Option<(State, State)>,
    /// What is left.
    pub(crate) state: State,
}

impl Table {
    /// Groups of a table with at least so many places.
    pub(crate) fn groups(places: u32) -> u32 {
        places.div_ceil(u32::try_from(WAYS).unwrap_or(1)).max(1)
    }

    /// The client with these bytes as its key; what is counted by limits of other kinds is counted apart.
    pub(crate) fn client(&self, key: &[u8], kind: u8) -> Client {
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        hasher.write(&[kind]);
        hasher.write(key);
        let hash = hasher.finish128();
        let group = u32::try_from(hash.h1 % u64::from(self.groups.max(1))).unwrap_or(0);
        Client { group, fingerprint: hash.h2 }
    }

    /// Reads what taking would come to.
    pub(crate) fn look(
        &self,
        client: Client,
        limit: &Limit,
        now: u64,
        hits: u32,
    ) -> Result<Look, SharedError> {
        let (group, read) = self.store.read(client.group)?;
        let (place, overflow) = match group.seat(client.fingerprint, now) {
            Seat::Own(place) => (place, false),
            Seat::None => (Group::SHARED, true),
        };
        let state = group.own(place, client.fingerprint).unwrap_or_default();
        let verdict = match (overflow, self.overflow) {
            (true, Overflow::Allow) => Verdict::Unlimited,
            (true, Overflow::Deny) => Verdict::Over(Some(group.next_free().saturating_sub(now))),
            _ => match limit.take(state, now, hits) {
                Taken::Fits(after) => Verdict::Fits(after),
                Taken::Over(wait) => Verdict::Over(wait),
            },
        };
        Ok(Look { group, read, place, state, verdict, overflow })
    }

    /// Takes what a look has found to fit, or what fits now where others have written since.
    pub(crate) fn take(
        &self,
        client: Client,
        limit: &Limit,
        (now, hits): (u64, u32),
        mut look: Look,
    ) -> Result<Debit, SharedError> {
        for retries in 0..MAX_TRIES {
            if let Verdict::Over(_) = look.verdict {
                return Ok(Debit::Over(look));
            }
            if let Some(receipt) = self.attempt(client, &look)? {
                return Ok(Debit::Done(receipt, u32::try_from(retries).unwrap_or(u32::MAX)));
            }
            look = self.look(client, limit, now, hits)?;
        }
        Ok(Debit::Contended)
    }

    /// The moment that is kept of a client, if there is one.
    pub(crate) fn until(&self, client: Client) -> Option<u64> {
        let (group, _) = self.store.read(client.group).ok()?;
        let places = 0..WAYS;
        places.into_iter().find_map(|place| group.own(place, client.fingerprint)).map(|state| state.until)
    }

    /// Keeps a moment of a client, if there is a place and nobody else writes.
    pub(crate) fn set_until(&self, client: Client, until: u64, now: u64) {
        let Ok((mut group, read)) = self.store.read(client.group) else { return };
        if let Seat::Own(place) = group.seat(client.fingerprint, now) {
            group.set(place, client.fingerprint, State { until, ..State::default() });
            drop(self.store.replace(client.group, &read, &group));
        }
    }

    /// Writes what a look has found; nothing where somebody else has written since.
    fn attempt(&self, client: Client, look: &Look) -> Result<Option<Receipt>, SharedError> {
        let Look { mut group, place, state, .. } = *look;
        let Verdict::Fits(after) = look.verdict else {
            return Ok(Some(Receipt { place, states: None, state }));
        };
        group.set(place, client.fingerprint, after);
        let done = self.store.replace(client.group, &look.read, &group)?;
        Ok(done.then_some(Receipt { place, states: Some((state, after)), state: after }))
    }

    /// Gives back what was taken. Where others write all the time nothing is given back.
    pub(crate) fn give_back(
        &self,
        client: Client,
        limit: &Limit,
        receipt: Receipt,
        now: impl Fn() -> u64,
    ) -> Result<(), SharedError> {
        let Some(states) = receipt.states else { return Ok(()) };
        for _ in 0..MAX_TRIES {
            let (mut group, read) = self.store.read(client.group)?;
            // After it was read: what others have taken was taken before.
            let now = now();
            let Some(present) = group.own(receipt.place, client.fingerprint) else { return Ok(()) };
            group.set(receipt.place, client.fingerprint, limit.give_back(present, states, now));
            if self.store.replace(client.group, &read, &group)? {
                return Ok(());
            }
        }
        Ok(())
    }
}
