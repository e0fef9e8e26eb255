//! What will happen when: a queue ordered by time, and among equal times by entry.

use std::collections::BTreeMap;
use std::time::Duration;

/// An entry of the agenda, for [`Agenda::remove`].
pub(crate) type Key = (Duration, u64);

/// Events of the future.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    entries: BTreeMap<Key, T>,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new() }
    }
}

impl<T> Agenda<T> {
    /// Enters an event at this time; `number` counts the events of all agendas.
    pub(crate) fn enter(&mut self, at: Duration, number: u64, event: T) -> Key {
        self.entries.insert((at, number), event);
        (at, number)
    }

    /// Takes an event out that shall not happen.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        self.entries.remove(&key)
    }

    /// The first event, if it is due by then, and its time.
    pub(crate) fn take_due(&mut self, by: Duration) -> Option<(Duration, T)> {
        let (at, number) = *self.entries.first_key_value()?.0;
        if at > by {
            return None;
        }
        self.entries.remove(&(at, number)).map(|event| (at, event))
    }

    /// The first event that `wanted` names.
    pub(crate) fn next(&self, wanted: impl Fn(&T) -> bool) -> Option<Key> {
        self.entries.iter().find(|(_, event)| wanted(event)).map(|(key, _)| *key)
    }

    /// The events that `wanted` names.
    pub(crate) fn all(&self, wanted: impl Fn(&T) -> bool) -> impl Iterator<Item = &T> {
        self.entries.values().filter(move |event| wanted(event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_equal_times_in_the_order_of_entry() {
        let mut agenda = Agenda::default();
        agenda.enter(Duration::from_secs(2), 1, "late");
        let gone = agenda.enter(Duration::from_secs(1), 2, "removed");
        agenda.enter(Duration::from_secs(1), 3, "first");
        agenda.enter(Duration::from_secs(1), 4, "second");
        agenda.remove(gone);
        let due: Vec<_> =
            std::iter::from_fn(|| agenda.take_due(Duration::from_secs(1))).map(|(_, event)| event).collect();
        assert_eq!(due, ["first", "second"]);
        assert_eq!(agenda.next(|_| true), Some((Duration::from_secs(2), 1)));
    }
}
