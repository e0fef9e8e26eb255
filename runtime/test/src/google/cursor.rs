//! A place in a text that is being read, counted in lines and columns.

use mesh_filter_runtime::document::{Error, Place};
use std::iter::Peekable;
use std::str::Chars;

/// Where the reader of a text is.
pub(super) struct Cursor<'a> {
    root: Place,
    letters: Peekable<Chars<'a>>,
    line: usize,
    column: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(root: Place, text: &'a str) -> Self {
        Self { root, letters: text.chars().peekable(), line: 1, column: 1 }
    }

    /// Line and column of what is next, from 1.
    pub(super) fn at(&self) -> (usize, usize) {
        (self.line, self.column)
    }

    pub(super) fn peek(&mut self) -> Option<char> {
        self.letters.peek().copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let letter = self.letters.next()?;
        if letter == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(letter)
    }

    /// Goes past this letter, if it is next.
    pub(super) fn next_if(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    /// Goes past the letters for which `is_part` holds.
    pub(super) fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(letter) = self.peek().filter(|letter| is_part(*letter)) {
            taken.push(letter);
            self.next();
        }
        taken
    }

    /// Goes past digits, so many at most.
    pub(super) fn digits(&mut self, radix: u32, most: usize) -> String {
        let mut taken = String::new();
        while taken.len() < most
            && let Some(digit) = self.peek().filter(|letter| letter.is_digit(radix))
        {
            taken.push(digit);
            self.next();
        }
        taken
    }

    pub(super) fn error_at(&self, at: (usize, usize), problem: impl Into<String>) -> Error {
        Error::new(&self.root.moved_to(at.0, at.1), problem)
    }
}
