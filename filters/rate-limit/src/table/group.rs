//! Places that lie together under one key, among which a client finds its own.

use crate::limit::State;

/// Places of a group.
pub(super) const WAYS: usize = 4;
/// Bytes of a place: fingerprint, and the three numbers of its state.
const PLACE: usize = 8 + 8 + 4 + 8;
/// Bytes of a group: its places, and the one that those share who find none.
const BYTES: usize = (WAYS + 1) * PLACE;

/// Which place is a client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// Its own, or one that is free.
    Own(usize),
    /// There is none: all belong to others.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Place {
    fingerprint: u64,
    state: State,
}

/// A group: what stands under one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Group {
    places: [Place; WAYS + 1],
}

impl Group {
    /// The place that those share who find none of their own.
    pub(super) const SHARED: usize = WAYS;

    /// What another version of this filter left in another form counts as nothing.
    pub(super) fn decode(bytes: Option<&[u8]>) -> Self {
        let mut group = Self::default();
        let Some(bytes) = bytes.filter(|bytes| bytes.len() == BYTES) else { return group };
        for (place, bytes) in group.places.iter_mut().zip(bytes.chunks_exact(PLACE)) {
            let part = bytes.get(16..20).and_then(|part| part.try_into().ok()).map(u32::from_le_bytes);
            *place = Place {
                fingerprint: number(bytes, 0),
                state: State {
                    until: number(bytes, 8),
                    part: part.unwrap_or_default(),
                    returned: number(bytes, 20),
                },
            };
        }
        group
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BYTES);
        for Place { fingerprint, state } in &self.places {
            bytes.extend_from_slice(&fingerprint.to_le_bytes());
            bytes.extend_from_slice(&state.until.to_le_bytes());
            bytes.extend_from_slice(&state.part.to_le_bytes());
            bytes.extend_from_slice(&state.returned.to_le_bytes());
        }
        bytes
    }

    /// Finds a client's place. A place is free when its state is over: whoever had it loses nothing.
    pub(super) fn seat(&self, fingerprint: u64, now: u64) -> Seat {
        let own = self.places.iter().take(WAYS).position(|place| place.fingerprint == fingerprint);
        let free = || self.places.iter().take(WAYS).position(|place| place.state.is_over(now));
        own.or_else(free).map_or(Seat::None, Seat::Own)
    }

    /// The state in a place if it is this client's.
    pub(super) fn own(&self, place: usize, fingerprint: u64) -> Option<State> {
        let found = self.places.get(place)?;
        (place == Self::SHARED || found.fingerprint == fingerprint).then_some(found.state)
    }

    pub(super) fn set(&mut self, place: usize, fingerprint: u64, state: State) {
        if let Some(found) = self.places.get_mut(place) {
            *found = Place { fingerprint, state };
        }
    }

    /// When the next place will be free.
    pub(super) fn next_free(&self) -> u64 {
        self.places.iter().take(WAYS).map(|place| place.state.until.saturating_add(1)).min().unwrap_or(0)
    }
}

fn number(bytes: &[u8], start: usize) -> u64 {
    bytes.get(start..start + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(until: u64) -> State {
        State { until, part: 7, returned: 9 }
    }

    #[test]
    fn a_group_is_read_as_it_was_written() {
        let mut group = Group::default();
        for place in 0..=WAYS {
            group.set(place, place as u64 + 100, state(place as u64));
        }
        assert_eq!(Group::decode(Some(&group.encode())), group);
        assert_eq!(Group::decode(None), Group::default());
        assert_eq!(Group::decode(Some(b"of another form")), Group::default());
    }

    #[test]
    fn who_has_a_place_keeps_it_until_nothing_is_owed() {
        let mut group = Group::default();
        for client in 0..WAYS as u64 {
            assert_eq!(group.seat(client + 1, 50), Seat::Own(usize::try_from(client).unwrap()));
            group.set(usize::try_from(client).unwrap(), client + 1, state(100 + client));
        }
        assert_eq!(group.seat(9, 50), Seat::None, "nobody is put out");
        assert_eq!((group.seat(3, 50), group.next_free()), (Seat::Own(2), 101));
        assert_eq!(group.seat(9, 101), Seat::Own(0));
        assert_eq!(group.own(0, 9), None, "what the one before owed is not theirs");
        assert_eq!(group.own(Group::SHARED, 9), Some(State::default()));
    }
}
