//! What belongs to a number that the proxy has given: contexts and calls.
//!
//! The numbers come in rising order, so a sorted queue grows at its end and shrinks at its
//! beginning; what is moved when something leaves in between costs less code than a tree would.

use std::cell::Cell;
use std::collections::VecDeque;

/// Values by number.
pub(crate) struct Table<T> {
    rows: VecDeque<(u32, Box<T>)>,
    /// Where the last one was found: callbacks come several in a row for the same number.
    last: Cell<usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: VecDeque::new(), last: Cell::new(0) }
    }
}

impl<T> Table<T> {
    pub(crate) fn insert(&mut self, number: u32, value: T) {
        let row = (number, Box::new(value));
        if self.rows.back().is_none_or(|(last, _)| *last < number) {
            self.last.set(self.rows.len());
            self.rows.push_back(row);
            return;
        }
        match self.find(number) {
            Ok(index) => {
                if let Some(old) = self.rows.get_mut(index) {
                    *old = row;
                }
            }
            Err(index) => self.rows.insert(index, row),
        }
    }

    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.rows.get(self.find(number).ok()?).map(|(_, value)| &**value)
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let index = self.find(number).ok()?;
        self.rows.get_mut(index).map(|(_, value)| &mut **value)
    }

    pub(crate) fn remove(&mut self, number: u32) -> Option<T> {
        let index = self.find(number).ok()?;
        self.rows.remove(index).map(|(_, value)| *value)
    }

    #[inline]
    fn find(&self, number: u32) -> Result<usize, usize> {
        let last = self.last.get();
        match self.rows.get(last) {
            Some((at, _)) if *at == number => Ok(last),
            _ => self.search(number),
        }
    }

    #[cold]
    fn search(&self, number: u32) -> Result<usize, usize> {
        let last = self.last.get();
        let found = self.rows.binary_search_by_key(&number, |(at, _)| *at);
        self.last.set(found.unwrap_or(last));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_number_in_whatever_order_they_came() {
        let mut table = Table::default();
        for number in [3, 1, 2, 3] {
            table.insert(number, number * 10);
        }
        assert_eq!((table.get(1), table.get(3), table.get(4)), (Some(&10), Some(&30), None));
        assert_eq!(table.get_mut(3), Some(&mut 30));
        assert_eq!((table.remove(2), table.remove(2), table.get(3)), (Some(20), None, Some(&30)));
    }
}
