//! Tokens that were verified lately: checking a signature costs hundreds of times what looking it up does.

use crate::claims::Claims;
use std::cell::RefCell;
use std::hash::{DefaultHasher, Hasher};
use std::rc::Rc;

/// Verified tokens and their claims, bounded in number and in size.
///
/// Only signatures are remembered: what depends on the time or the rule is checked anew for each request. When it is full,
/// tokens that nobody has used since the hand last passed them make room (the clock algorithm).
pub(crate) struct Cache {
    capacity: usize,
    longest: usize,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// Hashes of tokens, in order, and the places of their entries. Tokens of one hash are told apart by the tokens, and
    /// only verified ones are here. A map of the standard library has 6 KiB.
    places: Vec<(u64, usize)>,
    entries: Vec<Entry>,
    hand: usize,
}

struct Entry {
    token: Box<[u8]>,
    hash: u64,
    claims: Rc<Claims>,
    used: bool,
}

impl Cache {
    /// A cache for so many tokens of so many bytes.
    pub(crate) fn new(capacity: usize, longest: usize) -> Self {
        Self { capacity, longest, state: RefCell::default() }
    }

    /// The claims of a token that was verified.
    pub(crate) fn get(&self, token: &[u8]) -> Option<Rc<Claims>> {
        let state = &mut *self.state.borrow_mut();
        let place = state.find(hash(token), token)?;
        let entry = state.entries.get_mut(place)?;
        entry.used = true;
        Some(Rc::clone(&entry.claims))
    }

    /// Remembers a verified token.
    pub(crate) fn put(&self, token: &[u8], claims: &Rc<Claims>) {
        if token.len() > self.longest || self.capacity == 0 {
            return;
        }
        let state = &mut *self.state.borrow_mut();
        let hash = hash(token);
        if state.find(hash, token).is_some() {
            return;
        }
        let entry = Entry { token: token.into(), hash, claims: Rc::clone(claims), used: false };
        let place = state.entries.len();
        if place < self.capacity {
            state.insert(hash, place);
            state.entries.push(entry);
        } else {
            state.replace(entry);
        }
    }

    /// Forgets everything: the keys are others.
    pub(crate) fn clear(&self) {
        self.state.take();
    }
}

impl State {
    fn find(&self, hash: u64, token: &[u8]) -> Option<usize> {
        let first = self.places.partition_point(|(other, _)| *other < hash);
        let same = self.places.get(first..)?.iter().take_while(|(other, _)| *other == hash);
        let mut places = same.map(|(_, place)| *place);
        places.find(|place| self.entries.get(*place).is_some_and(|entry| *entry.token == *token))
    }

    fn insert(&mut self, hash: u64, place: usize) {
        let at = self.places.partition_point(|other| *other < (hash, place));
        self.places.insert(at, (hash, place));
    }

    fn replace(&mut self, entry: Entry) {
        let length = self.entries.len();
        // At the latest after one round the hand is at one that is not in use.
        while let Some(old) = self.entries.get_mut(self.hand) {
            let place = self.hand;
            self.hand = (self.hand + 1) % length;
            if !std::mem::take(&mut old.used) {
                let hash = entry.hash;
                let old = std::mem::replace(old, entry);
                self.places.retain(|other| *other != (old.hash, place));
                self.insert(hash, place);
                break;
            }
        }
    }
}

/// A hash of a token, in which all of it has a part.
fn hash(token: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(token);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Rc<Claims> {
        Rc::new(Claims::read(b"{}").unwrap())
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_makes_room() {
        let cache = Cache::new(3, 10);
        for token in [b"a", b"b", b"c"] {
            cache.put(token, &claims());
        }
        assert!(cache.get(b"a").is_some() && cache.get(b"c").is_some());
        cache.put(b"d", &claims());
        let has = |token: &[u8]| cache.state.borrow().find(hash(token), token).is_some();
        assert!(has(b"a") && !has(b"b") && has(b"c") && has(b"d"));
        for number in 0..1000_u32 {
            cache.put(&number.to_be_bytes(), &claims());
            assert!(cache.get(&number.to_be_bytes()).is_some());
        }
        let state = cache.state.borrow();
        assert_eq!((state.places.len(), state.entries.len()), (3, 3));
        assert!(state.places.is_sorted());
        assert!(state.places.iter().all(|(hash, place)| state.entries[*place].hash == *hash));
    }

    #[test]
    fn long_tokens_and_tokens_without_a_place_are_not_kept() {
        let cache = Cache::new(1, 2);
        cache.put(b"abc", &claims());
        assert!(cache.get(b"abc").is_none());
        cache.put(b"ab", &claims());
        assert!(cache.get(b"ab").is_some());
        cache.clear();
        assert!(cache.get(b"ab").is_none());
        let none = Cache::new(0, 10);
        none.put(b"a", &claims());
        assert!(none.get(b"a").is_none());
    }

    #[test]
    fn tokens_of_one_hash_are_told_apart() {
        let mut state = State::default();
        for token in [b"a", b"b"] {
            state.insert(7, state.entries.len());
            state.entries.push(Entry { token: (*token).into(), hash: 7, claims: claims(), used: false });
        }
        assert_eq!((state.find(7, b"a"), state.find(7, b"b"), state.find(7, b"c")), (Some(0), Some(1), None));
        state.replace(Entry { token: (*b"c").into(), hash: 7, claims: claims(), used: false });
        assert_eq!((state.find(7, b"a"), state.find(7, b"b"), state.find(7, b"c")), (None, Some(1), Some(0)));
    }
}
