//! Tokens that were verified lately: checking a signature costs hundreds of times what looking it up does.

use crate::claims::Claims;
use std::cell::RefCell;
use std::collections::HashMap;
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
    /// The token as a whole is the key: no hash stands for it that another one could have.
    places: HashMap<Rc<[u8]>, usize>,
    entries: Vec<Entry>,
    hand: usize,
}

struct Entry {
    token: Rc<[u8]>,
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
        let entry = state.entries.get_mut(*state.places.get(token)?)?;
        entry.used = true;
        Some(Rc::clone(&entry.claims))
    }

    /// Remembers a verified token.
    pub(crate) fn put(&self, token: &[u8], claims: &Rc<Claims>) {
        if token.len() > self.longest || self.capacity == 0 {
            return;
        }
        let state = &mut *self.state.borrow_mut();
        if state.places.contains_key(token) {
            return;
        }
        let token: Rc<[u8]> = token.into();
        let entry = Entry { token: Rc::clone(&token), claims: Rc::clone(claims), used: false };
        let place = state.entries.len();
        if place < self.capacity {
            state.entries.push(entry);
            state.places.insert(token, place);
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
    fn replace(&mut self, entry: Entry) {
        let State { places, entries, hand } = self;
        let length = entries.len();
        // At the latest after one round the hand is at one that is not in use.
        while let Some(old) = entries.get_mut(*hand) {
            let place = *hand;
            *hand = (*hand + 1) % length;
            if !std::mem::take(&mut old.used) {
                places.remove(&old.token);
                places.insert(Rc::clone(&entry.token), place);
                *old = entry;
                break;
            }
        }
    }
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
        let has = |token: &[u8]| cache.state.borrow().places.contains_key(token);
        assert!(has(b"a") && !has(b"b") && has(b"c") && has(b"d"));
        for number in 0..1000_u32 {
            cache.put(&number.to_be_bytes(), &claims());
            assert!(cache.get(&number.to_be_bytes()).is_some());
        }
        let state = cache.state.borrow();
        assert_eq!((state.places.len(), state.entries.len()), (3, 3));
        assert!(state.places.iter().all(|(token, place)| state.entries[*place].token == *token));
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
}
