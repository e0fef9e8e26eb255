//! Blocks do not overlap, are as long as asked for, and are used again.

use super::size::{CLASSES, Class, LONGEST};
use super::{ALIGNMENT, Heap, Memory, PAGE};
use std::collections::BTreeMap;

/// Memory of words that grows up to a limit, from an address on.
struct Words {
    first: usize,
    words: Vec<usize>,
    limit: usize,
}

impl Words {
    fn index(&self, at: usize) -> usize {
        assert_eq!(at % 4, 0, "{at:#x}");
        at.checked_sub(self.first).unwrap() / 4
    }
}

impl Memory for Words {
    fn load(&self, at: usize) -> usize {
        self.words[self.index(at)]
    }

    fn store(&mut self, at: usize, word: usize) {
        let index = self.index(at);
        self.words[index] = word;
    }

    fn copy(&mut self, from: usize, to: usize, length: usize) {
        for offset in (0..length / 4 * 4).step_by(4) {
            let word = self.load(from + offset);
            self.store(to + offset, word);
        }
    }

    fn grow(&mut self, pages: usize) -> Option<usize> {
        let start = self.first + self.words.len() * 4;
        if self.words.len() * 4 + pages * PAGE > self.limit {
            return None;
        }
        self.words.resize(self.words.len() + pages * PAGE / 4, 0xdead);
        Some(start)
    }
}

fn heap(limit: usize) -> Heap<Words> {
    let first = 3 * PAGE + 104;
    let mut heap = Heap::new(Words { first: 3 * PAGE, words: vec![0; PAGE / 4], limit });
    heap.begin(first, 4 * PAGE);
    heap
}

#[test]
fn classes_rise_by_a_quarter_at_most_and_each_size_has_the_smallest() {
    let mut size = 0;
    for index in 0..CLASSES {
        let class = Class::at(index);
        assert_eq!(class.length() % ALIGNMENT, 0);
        for inside in [size, class.usable()] {
            assert_eq!(Class::of(inside), class, "{inside}");
        }
        if index > 8 {
            assert!(class.length() * 4 <= Class::at(index - 1).length() * 5, "{class:?}");
        }
        size = class.usable() + 1;
    }
    assert_eq!((size - 1, LONGEST), (LONGEST, 128 * 1024 - 8));
}

/// What is done to a heap at random, and what must be true of it.
struct Play {
    heap: Heap<Words>,
    /// Payload: length and what it is filled with.
    taken: BTreeMap<usize, (usize, usize)>,
    state: u64,
}

impl Play {
    fn random(&mut self, below: usize) -> usize {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) as usize % below
    }

    fn size(&mut self) -> usize {
        let bits = self.random(19);
        self.random(1 << bits)
    }

    fn fill(&mut self, payload: usize, size: usize) {
        let mark = self.random(1 << 30);
        for at in (payload..payload + size / 4 * 4).step_by(4) {
            self.heap.memory.store(at, mark);
        }
        self.taken.insert(payload, (size, mark));
    }

    fn check(&self, payload: usize, size: usize, mark: usize) {
        for at in (payload..payload + size / 4 * 4).step_by(4) {
            assert_eq!(self.heap.memory.load(at), mark, "{payload:#x} at {at:#x}");
        }
    }

    fn step(&mut self) {
        match self.random(5) {
            0 | 1 => {
                let size = self.size();
                let alignment = 1 << self.random(9);
                let payload = self.heap.allocate_aligned(alignment, size);
                assert!(payload.is_multiple_of(alignment) && payload.is_multiple_of(ALIGNMENT));
                if payload != 0 {
                    assert!(self.heap.usable(payload) >= size);
                    self.fill(payload, size);
                }
            }
            2 => {
                let Some((payload, size, mark)) = self.any() else { return };
                let longer = self.size();
                let moved = self.heap.reallocate(payload, longer);
                if moved == 0 {
                    self.taken.insert(payload, (size, mark));
                    return;
                }
                self.check(moved, size.min(longer), mark);
                self.fill(moved, longer);
            }
            _ => {
                let Some((payload, size, mark)) = self.any() else { return };
                self.check(payload, size, mark);
                self.heap.release(payload);
            }
        }
    }

    fn any(&mut self) -> Option<(usize, usize, usize)> {
        let count = self.taken.len().max(1);
        let nth = self.random(count);
        let payload = *self.taken.keys().nth(nth)?;
        self.taken.remove(&payload).map(|(size, mark)| (payload, size, mark))
    }
}

#[test]
fn what_is_in_a_block_stays_until_it_is_given_back() {
    for seed in 0..20 {
        // Some run out of memory.
        let limit = if seed % 2 == 0 { 64 << 20 } else { 1 << 20 };
        let mut play = Play { heap: heap(limit), taken: BTreeMap::new(), state: seed };
        for _ in 0..3000 {
            play.step();
        }
        while let Some((payload, size, mark)) = play.any() {
            play.check(payload, size, mark);
            play.heap.release(payload);
        }
    }
}

#[test]
fn what_is_given_back_is_used_again() {
    let mut heap = heap(64 << 20);
    let sizes = [1, 24, 100, 1000, 60_000, 200_000, 1_000_000];
    let mut grown = 0;
    for round in 0..100 {
        let payloads = sizes.map(|size| heap.allocate(size));
        assert!(payloads.iter().all(|payload| *payload != 0));
        payloads.into_iter().for_each(|payload| heap.release(payload));
        if round == 0 {
            grown = heap.memory.words.len();
        }
    }
    assert_eq!(heap.memory.words.len(), grown);
}

#[test]
fn free_pages_become_one_block_again() {
    let mut heap = heap(64 << 20);
    let blocks: Vec<_> = (0..8).map(|_| heap.allocate(PAGE * 2)).collect();
    let grown = heap.memory.words.len();
    for index in [1, 3, 2, 0, 7, 5, 6, 4] {
        heap.release(blocks[index]);
    }
    assert_eq!(heap.allocate(PAGE * 20), blocks[0]);
    assert_eq!(heap.memory.words.len(), grown);
}

#[test]
fn without_memory_there_is_no_block_and_the_old_one_stays() {
    let mut heap = heap(2 * PAGE);
    let payload = heap.allocate(10);
    assert_eq!(
        (heap.allocate(3 * PAGE), heap.allocate(usize::MAX), heap.reallocate(payload, 5 * PAGE)),
        (0, 0, 0)
    );
    assert_eq!(heap.allocate_aligned(4096, usize::MAX - 10), 0);
    assert_eq!((heap.usable(payload), heap.reallocate(0, 10) != 0), (24, true));
    heap.release(0);
}
