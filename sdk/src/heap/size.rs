//! Classes of sizes: each power of two in four steps, and steps of 16 bytes below 128.

/// Bytes of a step of the smallest classes.
const UNIT: usize = 16;
/// Bytes of a block that are not payload.
const HEADER: usize = 8;

/// Classes up to blocks of 128 KiB.
pub(super) const CLASSES: usize = 48;
/// The longest payload that has a class.
pub(super) const LONGEST: usize = Class(CLASSES - 1).usable();

/// A class of sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Class(usize);

impl Class {
    /// The class by its number, which is less than [`CLASSES`].
    pub(super) const fn at(index: usize) -> Self {
        Self(index)
    }

    /// Its number.
    pub(super) const fn index(self) -> usize {
        self.0
    }

    /// The smallest class for a payload that is no longer than [`LONGEST`].
    pub(super) const fn of(size: usize) -> Self {
        let last = (size + HEADER - 1) / UNIT;
        if last < 8 {
            return Self(last);
        }
        // `last` is a power of two and something: the next two bits are the step.
        let power = last.ilog2() as usize;
        Self(8 + (power - 3) * 4 + (last >> (power - 2) & 3))
    }

    /// Bytes of a block, header included.
    pub(super) const fn length(self) -> usize {
        let Self(index) = self;
        if index < 8 {
            return (index + 1) * UNIT;
        }
        let (power, step) = ((index - 8) / 4 + 3, (index - 8) % 4);
        ((step + 5) << (power - 2)) * UNIT
    }

    /// Bytes of the payload.
    pub(super) const fn usable(self) -> usize {
        self.length() - HEADER
    }
}
