//! Shared values over a host that other workers write to in between.

use super::*;
use crate::clock::secs;
use crate::fake::Fake;
use crate::host::{Installed, Refusing, Status, install};
use std::collections::BTreeSet;
use std::rc::Rc;

fn fake() -> (Rc<Fake>, Installed) {
    let fake = Rc::new(Fake::default());
    (fake.clone(), install(fake))
}

#[test]
fn a_value_is_none_until_it_is_written_and_of_its_type_after() {
    let (fake, _installed) = fake();
    let cell: Cell<u64> = Cell::across_plugins("hits");
    assert_eq!(cell.get().unwrap(), None);
    cell.set(&7).unwrap();
    assert_eq!(cell.get().unwrap(), Some(7));
    cell.clear().unwrap();
    assert_eq!(cell.get().unwrap(), None);
    fake.shared.borrow_mut().insert("hits".to_owned(), (b"\"text\"".to_vec(), 1));
    assert!(matches!(cell.get(), Err(SharedError::Type { .. })));
}

#[test]
fn keys_are_those_of_the_plugin() {
    let (fake, _installed) = fake();
    fake.properties.borrow_mut().insert(b"plugin_name".to_vec(), b"shop.limit".to_vec());
    fake.properties.borrow_mut().insert(b"plugin_root_id".to_vec(), b"limit".to_vec());
    Cell::new("hits").set(&1).unwrap();
    assert_eq!(fake.shared.borrow().keys().collect::<Vec<_>>(), ["mesh-filter/shop.limit/limit/hits"]);
}

#[test]
fn of_several_that_create_a_value_one_does() {
    let (_fake, _installed) = fake();
    let cell: Cell<u64> = Cell::new("leader");
    let (nothing, version) = cell.read().unwrap();
    assert!(nothing.is_none() && cell.create(&1).unwrap() && !cell.create(&2).unwrap());
    assert!(!cell.replace(version, &3).unwrap(), "somebody else was faster");
    let (_, version) = cell.read().unwrap();
    assert!(cell.replace(version, &4).unwrap() && !cell.replace(version, &5).unwrap());
    cell.clear().unwrap();
    assert!(cell.create(&6).unwrap());
    assert_eq!(cell.get().unwrap(), Some(6));
}

#[test]
fn an_update_that_loses_a_race_is_made_again_on_the_newer_value() {
    let (fake, _installed) = fake();
    let cell: Cell<u64> = Cell::across_plugins("hits");
    let mut seen = Vec::new();
    let last = cell.update(|hits| {
        // Another worker creates the key between our read and our write, then changes it.
        let rival = match seen.len() {
            0 => Some((b"10".to_vec(), 1)),
            1 => Some((b"20".to_vec(), 2)),
            _ => None,
        };
        seen.push(hits);
        fake.shared.borrow_mut().extend(rival.map(|value| ("hits".to_owned(), value)));
        hits.unwrap_or(0) + 1
    });
    assert_eq!((last.unwrap(), seen), (21, vec![None, Some(10), Some(20)]));
    assert_eq!(cell.get().unwrap(), Some(21));
}

#[test]
fn an_update_gives_up_when_others_write_all_the_time() {
    let (fake, _installed) = fake();
    let cell: Cell<u32> = Cell::across_plugins("hits");
    let mut version = 0;
    let result = cell.update(|_| {
        version += 1;
        fake.shared.borrow_mut().insert("hits".to_owned(), (b"1".to_vec(), version));
        0
    });
    assert!(matches!(result, Err(SharedError::Contended { tries: store::MAX_TRIES, .. })));
}

#[test]
fn a_table_never_has_more_keys_than_its_places_say() {
    let (fake, _installed) = fake();
    let slots: Slots<u32> = Slots::new("clients", 32).unwrap();
    for client in 0..1000_u32 {
        assert_eq!(slots.update(client.to_le_bytes(), |old| old.unwrap_or(client)).unwrap(), client);
    }
    // Eight groups and the secret.
    assert_eq!(fake.shared.borrow().len(), 9);
    assert_eq!(slots.evicted(), 1000 - 32);
    let kept = (0..1000_u32).filter(|client| slots.get(client.to_le_bytes()).unwrap().is_some()).count();
    assert_eq!(kept, 32);
}

#[test]
fn the_client_that_was_updated_longest_ago_leaves_first() {
    let (fake, _installed) = fake();
    let slots: Slots<u32> = Slots::new("clients", 1).unwrap();
    for (time, client) in (1..).zip(["a", "b", "c", "d", "a", "e"]) {
        fake.now_ms.set(time * 1000);
        slots.update(client, |count| count.unwrap_or(0) + 1).unwrap();
    }
    let values = ["a", "b", "c", "d", "e"].map(|client| slots.get(client).unwrap());
    assert_eq!((values, slots.evicted()), ([Some(2), None, Some(1), Some(1), Some(1)], 1));
}

#[test]
fn what_was_not_updated_for_long_is_forgotten_and_leaves_room() {
    let (fake, _installed) = fake();
    let slots: Slots<u32> = Slots::new("clients", 4).unwrap().forget_after(secs(60));
    for client in ["a", "b", "c", "d"] {
        slots.update(client, |_| 1).unwrap();
    }
    fake.now_ms.set(59_999);
    slots.update("a", |count| count.unwrap_or(0) + 1).unwrap();
    fake.now_ms.set(60_000);
    assert_eq!((slots.get("a").unwrap(), slots.get("b").unwrap()), (Some(2), None));
    slots.update("e", |_| 1).unwrap();
    assert_eq!(slots.evicted(), 0);
}

#[test]
fn workers_share_the_hash_and_others_cannot_guess_it() {
    let (one, installed) = fake();
    let (a, b): (Slots<u8>, Slots<u8>) = (Slots::new("t", 64).unwrap(), Slots::new("t", 64).unwrap());
    a.update("client", |_| 7).unwrap();
    assert_eq!(b.get("client").unwrap(), Some(7));
    drop(installed);
    let (two, _installed) = fake();
    two.random.set(99);
    drop(Slots::<u8>::new("t", 64).unwrap());
    let secret = |fake: &Fake| fake.shared.borrow().get("mesh-filter///t/secret").cloned();
    assert_ne!(secret(&one), secret(&two));
}

#[test]
fn what_cannot_be_read_begins_anew_and_what_is_too_large_is_refused() {
    let (fake, _installed) = fake();
    let slots: Slots<String> = Slots::new("clients", 1).unwrap();
    slots.update("a", |_| "x".to_owned()).unwrap();
    let numbers: Slots<u32> = Slots::new("clients", 1).unwrap();
    assert_eq!(numbers.get("a").unwrap(), None);
    let (whole, _) = fake.shared.borrow().get("mesh-filter///clients/0").cloned().unwrap();
    for end in 1..whole.len() {
        let cut = whole[..end].to_vec();
        fake.shared.borrow_mut().insert("mesh-filter///clients/0".to_owned(), (cut, 1));
        assert_eq!(slots.get("a").unwrap(), None, "cut at {end}");
    }
    let error = slots.update("a", |_| "x".repeat(2000)).unwrap_err().to_string();
    assert_eq!(
        error,
        "a value of 2002 bytes does not fit into a place of `mesh-filter///clients`: expected at most 1024"
    );
}

#[test]
fn messages_come_out_in_order_and_only_once() {
    let (_fake, _installed) = fake();
    assert!(Queue::open("events").unwrap().is_none());
    let queue = Queue::register("events").unwrap();
    let sender = Queue::open("events").unwrap().unwrap();
    sender.push("one").unwrap();
    sender.push("two").unwrap();
    let taken: Vec<_> = std::iter::from_fn(|| queue.take().unwrap()).collect();
    assert_eq!(taken, [b"one".to_vec(), b"two".to_vec()]);
}

#[test]
fn every_status_is_an_error_and_none_a_panic() {
    let names: BTreeSet<String> = (0..=255)
        .map(|status| {
            let _refusing = install(Rc::new(Refusing(Status(status))));
            let cell: Cell<u8> = Cell::new("a");
            let outcomes = [
                cell.get().is_ok(),
                cell.create(&1).is_ok(),
                cell.update(|_| 1).is_ok(),
                Slots::<u8>::new("b", 1).is_ok(),
                Queue::register("c").is_ok(),
                Queue::open("c").is_ok(),
            ];
            format!("{outcomes:?}")
        })
        .collect();
    // NotFound says that there is none, which is an answer.
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn of_two_that_write_a_page_the_second_sees_that_it_was_too_late() {
    let (fake, _installed) = fake();
    let pages = Pages::new("seen");
    let (nothing, version) = pages.read(7).unwrap();
    assert!(nothing.is_none() && pages.replace(7, version, b"a").unwrap());
    assert!(!pages.replace(7, version, b"b").unwrap());
    let (bytes, version) = pages.read(7).unwrap();
    assert_eq!(bytes.as_deref(), Some(&b"a"[..]));
    assert!(pages.replace(7, version, b"c").unwrap() && pages.read(8).unwrap().0.is_none());
    assert_eq!(fake.shared.borrow().keys().collect::<Vec<_>>(), ["mesh-filter///seen/7"]);
}

#[test]
fn each_page_has_a_key_of_its_own() {
    let (fake, _installed) = fake();
    let pages = Pages::new("seen");
    let numbers = [0, 9, 10, 99, 100, 1_000_000_007, u32::MAX];
    for number in numbers {
        let (_, version) = pages.read(number).unwrap();
        assert!(pages.replace(number, version, &number.to_le_bytes()).unwrap());
    }
    let keys: BTreeSet<_> = fake.shared.borrow().keys().cloned().collect();
    assert_eq!(keys, numbers.map(|number| format!("mesh-filter///seen/{number}")).into());
    assert!(numbers.iter().all(|number| pages.read(*number).unwrap().0.unwrap() == number.to_le_bytes()));
}
