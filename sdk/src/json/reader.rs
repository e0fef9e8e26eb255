//! The text itself: what stands next in it, read piece by piece.

use super::error::Problem;
use serde::de::{Error as _, Expected, Unexpected};
use std::borrow::Cow;

/// Arrays and objects within each other at most: each takes a part of the stack.
const DEPTH: usize = 127;

/// A place in a text.
pub(super) struct Reader<'de> {
    text: &'de str,
    at: usize,
    depth: usize,
}

/// A number as it is written.
#[derive(Clone, Copy)]
pub(super) enum Number<'de> {
    Unsigned(u64),
    Signed(i64),
    /// With a fraction, an exponent, or of more than 64 bits.
    Other(&'de str),
}

impl<'de> Reader<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// How many bytes have been read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next byte that is not white space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.byte()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Something else than what stands next was expected.
    #[cold]
    pub(super) fn expected(&mut self, what: &str) -> Problem {
        match self.peek() {
            Some(_) => Problem::syntax(what, self.at + 1),
            None => Problem::syntax(&format!("the text ends too early: {what}"), self.at),
        }
    }

    /// Nothing but white space follows.
    pub(super) fn end(&mut self) -> Result<(), Problem> {
        if self.peek().is_none() { Ok(()) } else { Err(self.expected("trailing characters")) }
    }

    /// `null`, `true` or `false`.
    pub(super) fn word(&mut self, word: &str) -> Result<(), Problem> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.expected("expected value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Goes into the array or object that begins here.
    pub(super) fn open(&mut self) -> Result<(), Problem> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH { Err(Problem::syntax("recursion limit exceeded", self.at)) } else { Ok(()) }
    }

    /// Goes into the array or object that was expected here and that this byte begins.
    pub(super) fn begin(&mut self, first: u8, expected: &dyn Expected) -> Result<(), Problem> {
        if self.peek() == Some(first) { self.open() } else { Err(self.wrong(expected)) }
    }

    /// Whether another element follows in the array or object that `end` ends; else it is left.
    pub(super) fn element(&mut self, end: u8, first: bool) -> Result<bool, Problem> {
        let next = self.peek();
        if next == Some(end) {
            self.at += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if first {
            return Ok(true);
        }
        if next != Some(b',') {
            return Err(self.expected(if end == b']' {
                "expected `,` or `]`"
            } else {
                "expected `,` or `}`"
            }));
        }
        self.at += 1;
        if self.peek() == Some(end) { Err(self.expected("trailing comma")) } else { Ok(true) }
    }

    /// The key of an entry and the colon behind it.
    pub(super) fn key(&mut self) -> Result<Cow<'de, str>, Problem> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("key must be a string"));
        }
        let key = self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.expected("expected `:`"));
        }
        Ok(key)
    }

    /// The value of the key that begins here has the problem.
    #[cold]
    #[inline(never)]
    pub(super) fn within_key(&mut self, key_at: usize, problem: Problem) -> Problem {
        let at = std::mem::replace(&mut self.at, key_at);
        // It was read before.
        let key = self.string().unwrap_or_default();
        self.at = at;
        problem.within_key(&key, at)
    }

    /// Goes over the colon, at which [`Self::key`] has ended.
    pub(super) fn colon(&mut self) {
        self.at += 1;
    }

    /// The string that begins here.
    pub(super) fn string(&mut self) -> Result<Cow<'de, str>, Problem> {
        self.at += 1;
        let mut from = self.at;
        let mut unescaped = String::new();
        loop {
            let part = self.text.get(from..self.at).unwrap_or_default();
            match self.byte() {
                None => return Err(self.expected("expected `\"`")),
                Some(b'"') => {
                    self.at += 1;
                    if unescaped.is_empty() {
                        return Ok(Cow::Borrowed(part));
                    }
                    unescaped.push_str(part);
                    return Ok(Cow::Owned(unescaped));
                }
                Some(b'\\') => {
                    unescaped.push_str(part);
                    unescaped.push(self.escape()?);
                    from = self.at;
                }
                Some(0..0x20) => return Err(Problem::syntax("control character in a string", self.at)),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, Problem> {
        self.at += 1;
        let character = match self.byte() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte.into(),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.code_point();
            }
            _ => return Err(self.expected("invalid escape")),
        };
        self.at += 1;
        Ok(character)
    }

    /// Characters beyond 16 bits are written as two halves.
    fn code_point(&mut self) -> Result<char, Problem> {
        let mut code = self.four_digits()?;
        if matches!(code, 0xd800..0xdc00)
            && self.text.get(self.at..).is_some_and(|rest| rest.starts_with("\\u"))
        {
            self.at += 2;
            let low = self.four_digits()?.wrapping_sub(0xdc00);
            // A second half out of range makes a number that is no character.
            code = if low < 0x400 { 0x10000 + ((code - 0xd800) << 10) + low } else { u32::MAX };
        }
        char::from_u32(code).ok_or_else(|| self.expected("half of a character in an escape"))
    }

    fn four_digits(&mut self) -> Result<u32, Problem> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| !digits.starts_with('+'));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(code) => {
                self.at += 4;
                Ok(code)
            }
            None => Err(self.expected("invalid escape")),
        }
    }

    /// The number that begins here.
    pub(super) fn number(&mut self) -> Result<Number<'de>, Problem> {
        let start = self.at;
        let negative = self.skip_if(|byte| byte == b'-');
        let zero = self.byte() == Some(b'0');
        let mut valid = match self.digits() {
            0 => false,
            1 => true,
            _ => !zero,
        };
        let whole = self.at;
        if self.skip_if(|byte| byte == b'.') {
            valid &= self.digits() > 0;
        }
        if self.skip_if(|byte| matches!(byte, b'e' | b'E')) {
            self.skip_if(|byte| matches!(byte, b'+' | b'-'));
            valid &= self.digits() > 0;
        }
        if !valid {
            return Err(self.expected("invalid number"));
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let integer = match self.at == whole {
            true if negative => text.parse().ok().map(Number::Signed),
            true => text.parse().ok().map(Number::Unsigned),
            false => None,
        };
        Ok(integer.unwrap_or(Number::Other(text)))
    }

    fn skip_if(&mut self, is: impl FnOnce(u8) -> bool) -> bool {
        let skips = self.byte().is_some_and(is);
        self.at += usize::from(skips);
        skips
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    /// A number, where one is next.
    pub(super) fn number_for(&mut self, expected: &dyn Expected) -> Result<Number<'de>, Problem> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.wrong(expected)),
        }
    }

    /// A value of another type than expected is next.
    #[cold]
    pub(super) fn wrong(&mut self, expected: &dyn Expected) -> Problem {
        fn found(found: Unexpected<'_>, expected: &dyn Expected) -> Problem {
            Problem::invalid_type(found, expected)
        }
        let problem = match self.peek() {
            Some(b'"') => self.string().map(|text| found(Unexpected::Str(&text), expected)),
            Some(b'-' | b'0'..=b'9') => self.number().map(|number| number.wrong(expected)),
            Some(b'n') => self.word("null").map(|()| found(Unexpected::Unit, expected)),
            Some(b't') => self.word("true").map(|()| found(Unexpected::Bool(true), expected)),
            Some(b'f') => self.word("false").map(|()| found(Unexpected::Bool(false), expected)),
            Some(b'[') => Ok(found(Unexpected::Seq, expected).at(self.at + 1)),
            Some(b'{') => Ok(found(Unexpected::Map, expected).at(self.at + 1)),
            _ => Err(self.expected("expected value")),
        };
        problem.unwrap_or_else(|problem| problem).at(self.at)
    }

    /// Goes over a value, whatever it is.
    pub(super) fn skip(&mut self) -> Result<(), Problem> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            Some(b'n') => self.word("null"),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'[') => self.skip_elements(b']'),
            Some(b'{') => self.skip_elements(b'}'),
            _ => Err(self.expected("expected value")),
        }
    }

    fn skip_elements(&mut self, end: u8) -> Result<(), Problem> {
        self.open()?;
        let mut first = true;
        while self.element(end, first)? {
            first = false;
            if end == b'}' {
                self.key()?;
                self.colon();
            }
            self.skip()?;
        }
        Ok(())
    }
}

impl Number<'_> {
    /// It is not what was expected.
    #[cold]
    pub(super) fn wrong(self, expected: &dyn Expected) -> Problem {
        match self {
            Self::Unsigned(number) => Problem::invalid_type(Unexpected::Unsigned(number), expected),
            Self::Signed(number) => Problem::invalid_type(Unexpected::Signed(number), expected),
            Self::Other(text) => {
                let kind = if text.contains(['.', 'e', 'E']) { "floating point" } else { "integer" };
                Problem::custom(format_args!("invalid type: {kind} `{text}`, expected {expected}"))
            }
        }
    }
}
