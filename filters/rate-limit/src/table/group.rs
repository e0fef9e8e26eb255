//! Places that lie together under one key, among which a client finds its own.

use crate::limit::State;

/// Places of a group.
pub(super) const WAYS: usize = 4;
/// Bytes of a place: fingerprint, and the three numbers of its state.
const PLACE: usize = 8 + 8 + 4 + 8;

/// Which place is a client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// Its own, or one that is free.
    Own(usize),
    /// There is none: all belong to others.
    None,
}

/// A group: what stands under one key, as it stands there. The bytes of a place are its fingerprint, the moment, the part and
/// what was given back, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group {
    places: [[u8; PLACE]; WAYS + 1],
}

impl Default for Group {
    fn default() -> Self {
        Self { places: [[0; PLACE]; WAYS + 1] }
    }
}

impl Group {
    /// The place that those share who find none of their own.
    pub(super) const SHARED: usize = WAYS;

    /// What another version of this filter left in another form counts as nothing.
    pub(super) fn decode(bytes: Option<&[u8]>) -> Self {
        let places = bytes.and_then(|bytes| {
            let (places, rest) = bytes.as_chunks();
            rest.is_empty().then_some(places)?.try_into().ok()
        });
        places.map_or_else(Self::default, |places| Self { places })
    }

    /// The bytes under the key.
    pub(super) fn bytes(&self) -> &[u8] {
        self.places.as_flattened()
    }

    /// Finds a client's place. A place is free when its state is over: whoever had it loses nothing.
    pub(super) fn seat(&self, fingerprint: u64, now: u64) -> Seat {
        let clients = self.places.iter().take(WAYS);
        let own = clients.clone().position(|place| number(place, 0) == fingerprint);
        let free = || clients.clone().position(|place| state(place).is_over(now));
        own.or_else(free).map_or(Seat::None, Seat::Own)
    }

    /// The state in a place if it is this client's.
    pub(super) fn own(&self, place: usize, fingerprint: u64) -> Option<State> {
        let found = self.places.get(place)?;
        (place == Self::SHARED || number(found, 0) == fingerprint).then(|| state(found))
    }

    pub(super) fn set(&mut self, place: usize, fingerprint: u64, state: State) {
        let Some(place) = self.places.get_mut(place) else { return };
        let mut rest = &mut place[..];
        for bytes in [
            &fingerprint.to_le_bytes()[..],
            &state.until.to_le_bytes(),
            &state.part.to_le_bytes(),
            &state.returned.to_le_bytes(),
        ] {
            if let Some(part) = rest.split_off_mut(..bytes.len()) {
                part.copy_from_slice(bytes);
            }
        }
    }

    /// When the next place will be free.
    pub(super) fn next_free(&self) -> u64 {
        let ends = self.places.iter().take(WAYS).map(|place| state(place).until.saturating_add(1));
        ends.min().unwrap_or(0)
    }
}

fn state(place: &[u8; PLACE]) -> State {
    let part = place.get(16..20).and_then(|part| part.try_into().ok()).map(u32::from_le_bytes);
    State { until: number(place, 8), part: part.unwrap_or_default(), returned: number(place, 20) }
}

fn number(place: &[u8; PLACE], start: usize) -> u64 {
    place.get(start..start + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owed(until: u64) -> State {
        State { until, part: 7, returned: 9 }
    }

    #[test]
    fn a_group_is_read_as_it_was_written() {
        let mut group = Group::default();
        for place in 0..=WAYS {
            group.set(place, place as u64 + 100, owed(place as u64));
        }
        assert_eq!(Group::decode(Some(group.bytes())), group);
        assert_eq!(Group::decode(None), Group::default());
        assert_eq!(Group::decode(Some(b"of another form")), Group::default());
    }

    #[test]
    fn who_has_a_place_keeps_it_until_nothing_is_owed() {
        let mut group = Group::default();
        for client in 0..WAYS as u64 {
            assert_eq!(group.seat(client + 1, 50), Seat::Own(usize::try_from(client).unwrap()));
            group.set(usize::try_from(client).unwrap(), client + 1, owed(100 + client));
        }
        assert_eq!(group.seat(9, 50), Seat::None, "nobody is put out");
        assert_eq!((group.seat(3, 50), group.next_free()), (Seat::Own(2), 101));
        assert_eq!(group.seat(9, 101), Seat::Own(0));
        assert_eq!(group.own(0, 9), None, "what the one before owed is not theirs");
        assert_eq!(group.own(Group::SHARED, 9), Some(State::default()));
    }
}
