//! Blocks of whole pages; those that are free and neighbours become one.

use super::{Memory, PAGE};

/// The free blocks, in the order of their addresses. Each begins with two words: how many pages it
/// has, and where the next one begins.
pub(super) struct Pages {
    /// Where the first one begins, or 0.
    first: usize,
}

const NEXT: usize = 4;

impl Pages {
    pub(super) const fn new() -> Self {
        Self { first: 0 }
    }

    /// Takes a block out, from the first that is long enough, or from new memory.
    pub(super) fn take(&mut self, memory: &mut impl Memory, pages: usize) -> Option<usize> {
        if let Some(start) = self.find(memory, pages) {
            return Some(start);
        }
        let start = memory.grow(pages)?;
        self.give(memory, start, pages);
        self.find(memory, pages)
    }

    /// Puts a block back.
    pub(super) fn give(&mut self, memory: &mut impl Memory, start: usize, pages: usize) {
        let (mut before, mut after) = (0, self.first);
        while after != 0 && after < start {
            before = after;
            after = memory.load(after + NEXT);
        }
        memory.store(start, pages);
        memory.store(start + NEXT, after);
        self.link(memory, before, start);
        self.join(memory, start);
        if before != 0 {
            self.join(memory, before);
        }
    }

    fn find(&mut self, memory: &mut impl Memory, pages: usize) -> Option<usize> {
        let (mut before, mut start) = (0, self.first);
        while start != 0 {
            let (here, next) = (memory.load(start), memory.load(start + NEXT));
            if here >= pages {
                let rest = start + pages * PAGE;
                let after = if here == pages {
                    next
                } else {
                    memory.store(rest, here - pages);
                    memory.store(rest + NEXT, next);
                    rest
                };
                self.link(memory, before, after);
                return Some(start);
            }
            before = start;
            start = next;
        }
        None
    }

    fn link(&mut self, memory: &mut impl Memory, before: usize, next: usize) {
        match before {
            0 => self.first = next,
            _ => memory.store(before + NEXT, next),
        }
    }

    /// Makes one of a block and the next, where nothing lies between them.
    fn join(&mut self, memory: &mut impl Memory, start: usize) {
        let (pages, next) = (memory.load(start), memory.load(start + NEXT));
        if next != 0 && start + pages * PAGE == next {
            memory.store(start, pages + memory.load(next));
            memory.store(start + NEXT, memory.load(next + NEXT));
        }
    }
}
