//! The heap of a module: blocks by class of size, each class with a list of its free ones.
//!
//! A filter allocates a few small blocks for each exchange and gives them back soon. Taking one
//! from a list and putting it back is a dozen instructions each; the C library's allocator needs
//! about four hundred for both, and 11 KiB of code. There is one thread, so nothing is locked.
//!
//! A class holds sizes up to a quarter more than the one below it. Blocks of a class stay in it;
//! what is longer than [`LONGEST`] is whole pages, which are joined again when they are free.
//!
//! ```text
//!   block:  ....  header  payload ...        free block: the payload begins with the next one
//!           12 or 4 bytes  ↑ multiple of 16
//! ```
//!
//! Here is what is decided; `host/wasm/heap` has the functions of C, and the memory itself.

mod pages;
mod size;

#[cfg(test)]
mod tests;

use pages::Pages;
use size::{CLASSES, Class, LONGEST};

/// Bytes by which a memory grows.
pub(crate) const PAGE: usize = 0x1_0000;

/// What every payload's address is a multiple of.
pub(crate) const ALIGNMENT: usize = 16;

/// Memory that is written in words.
pub(crate) trait Memory {
    /// The word at an address, which is a multiple of 4.
    fn load(&self, at: usize) -> usize;
    /// Writes a word.
    fn store(&mut self, at: usize, word: usize);
    /// Copies bytes between places that do not overlap.
    fn copy(&mut self, from: usize, to: usize, length: usize);
    /// Adds pages; answers where they begin, or `None` where there are no more.
    fn grow(&mut self, pages: usize) -> Option<usize>;
}

/// All blocks, free and taken.
pub(crate) struct Heap<M> {
    memory: M,
    /// For each class the payload of its first free block, or 0.
    free: [usize; CLASSES],
    pages: Pages,
    /// What has never been a block: from here, 8 bytes behind a multiple of 16, ...
    top: usize,
    /// ... to here.
    end: usize,
}

/// What the header of a block says.
enum Header {
    Class(Class),
    Pages(usize),
    /// The payload of the block itself lies so many bytes before this one.
    Aligned(usize),
}

impl Header {
    const PAGES: usize = 0x40;
    const ALIGNED: usize = 0x80;

    fn word(self) -> usize {
        match self {
            Self::Class(class) => class.index(),
            Self::Pages(pages) => pages << 8 | Self::PAGES,
            Self::Aligned(distance) => distance << 8 | Self::ALIGNED,
        }
    }

    fn of(word: usize) -> Self {
        if word < Self::PAGES {
            Self::Class(Class::at(word))
        } else if word & Self::ALIGNED == 0 {
            Self::Pages(word >> 8)
        } else {
            Self::Aligned(word >> 8)
        }
    }
}

/// Bytes before the payload of whole pages.
const BEFORE_PAGES: usize = 16;

impl<M: Memory> Heap<M> {
    /// A heap without memory.
    pub(crate) const fn new(memory: M) -> Self {
        Self { memory, free: [0; CLASSES], pages: Pages::new(), top: 0, end: 0 }
    }

    /// Gives the heap memory that lies there already, before it takes any for itself.
    pub(crate) fn begin(&mut self, start: usize, end: usize) {
        if self.end == 0 {
            self.top = start.next_multiple_of(ALIGNMENT) + 8;
            self.end = end;
        }
    }

    /// Takes a block; 0 where there is no memory left.
    #[inline(never)]
    pub(crate) fn allocate(&mut self, size: usize) -> usize {
        if size > LONGEST {
            return self.allocate_pages(size);
        }
        let class = Class::of(size);
        match self.free.get_mut(class.index()) {
            Some(first) if *first != 0 => {
                let payload = *first;
                *first = self.memory.load(payload);
                payload
            }
            _ => self.carve(class),
        }
    }

    /// Gives a block back; 0 is none.
    #[inline(never)]
    pub(crate) fn release(&mut self, payload: usize) {
        if payload == 0 {
            return;
        }
        match self.header(payload) {
            Header::Class(class) => self.push(payload, class),
            Header::Pages(pages) => self.pages.give(&mut self.memory, payload - BEFORE_PAGES, pages),
            Header::Aligned(distance) => self.release(payload - distance),
        }
    }

    /// How many bytes a block has at least.
    pub(crate) fn usable(&self, payload: usize) -> usize {
        match self.header(payload) {
            Header::Class(class) => class.usable(),
            Header::Pages(pages) => pages * PAGE - BEFORE_PAGES,
            Header::Aligned(distance) => self.usable(payload - distance).saturating_sub(distance),
        }
    }

    /// Makes a block longer or shorter; 0 where there is no memory, and the block stays.
    pub(crate) fn reallocate(&mut self, payload: usize, size: usize) -> usize {
        if payload == 0 {
            return self.allocate(size);
        }
        let usable = self.usable(payload);
        // A block of which half is not used any more is moved, so that the rest can be used.
        if size <= usable && size >= usable / 2 {
            return payload;
        }
        let moved = self.allocate(size);
        if moved != 0 {
            self.memory.copy(payload, moved, usable.min(size));
            self.release(payload);
        }
        moved
    }

    /// Takes a block whose payload is at a multiple of `alignment`, a power of two.
    pub(crate) fn allocate_aligned(&mut self, alignment: usize, size: usize) -> usize {
        if alignment <= ALIGNMENT {
            return self.allocate(size);
        }
        let Some(longer) = size.checked_add(alignment) else { return 0 };
        let block = self.allocate(longer);
        let payload = block.next_multiple_of(alignment);
        if payload != block {
            self.memory.store(payload - 4, Header::Aligned(payload - block).word());
        }
        payload
    }

    fn header(&self, payload: usize) -> Header {
        Header::of(self.memory.load(payload - 4))
    }

    fn push(&mut self, payload: usize, class: Class) {
        if let Some(first) = self.free.get_mut(class.index()) {
            self.memory.store(payload, *first);
            *first = payload;
        }
    }

    /// Makes a block of what has never been one.
    #[cold]
    fn carve(&mut self, class: Class) -> usize {
        let length = class.length();
        if self.end.saturating_sub(self.top) < length {
            // A block and the 8 bytes by which it is off a multiple of 16.
            let pages = (length + 8).div_ceil(PAGE);
            let Some(start) = self.memory.grow(pages) else { return 0 };
            if start != self.end {
                self.put_rest_away();
                self.top = start + 8;
            }
            self.end = start + pages * PAGE;
        }
        let payload = self.top + 8;
        self.memory.store(payload - 4, Header::Class(class).word());
        self.top += length;
        payload
    }

    /// Makes free blocks of what is left where the memory could not be continued.
    fn put_rest_away(&mut self) {
        for class in (0..CLASSES).rev().map(Class::at) {
            while self.end.saturating_sub(self.top) >= class.length() {
                let payload = self.top + 8;
                self.memory.store(payload - 4, Header::Class(class).word());
                self.push(payload, class);
                self.top += class.length();
            }
        }
    }

    #[cold]
    fn allocate_pages(&mut self, size: usize) -> usize {
        let Some(length) = size.checked_add(BEFORE_PAGES) else { return 0 };
        let pages = length.div_ceil(PAGE);
        let Some(start) = self.pages.take(&mut self.memory, pages) else { return 0 };
        let payload = start + BEFORE_PAGES;
        self.memory.store(payload - 4, Header::Pages(pages).word());
        payload
    }
}
