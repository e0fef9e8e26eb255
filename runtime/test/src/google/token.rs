//! The tokens of protobuf's text format, each with its position.

use super::cursor::Cursor;
use super::escape;
use mesh_filter_runtime::document::{Error, Place, Result};

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name.
    Name(String),
    /// A number, signs aside; whether it is one of the wanted kind is seen later.
    Number(String),
    /// A string; those that follow each other are joined.
    Text(Vec<u8>),
    /// Anything else.
    Symbol(char),
    /// The end of the file.
    End,
}

/// The tokens of a text.
pub(super) struct Tokens<'a> {
    cursor: Cursor<'a>,
    root: Place,
    next: Token,
    at: (usize, usize),
}

impl<'a> Tokens<'a> {
    pub(super) fn new(root: &Place, text: &'a str) -> Result<Self> {
        let cursor = Cursor::new(root.clone(), text);
        let mut tokens = Self { cursor, root: root.clone(), next: Token::End, at: (1, 1) };
        tokens.read()?;
        Ok(tokens)
    }

    /// The token that is next.
    pub(super) fn peek(&self) -> &Token {
        &self.next
    }

    /// Its position.
    pub(super) fn at(&self) -> (usize, usize) {
        self.at
    }

    /// Takes the token that is next.
    pub(super) fn take(&mut self) -> Result<Token> {
        let taken = std::mem::replace(&mut self.next, Token::End);
        self.read()?;
        Ok(taken)
    }

    /// Takes this symbol, if it is next.
    pub(super) fn take_symbol(&mut self, symbol: char) -> Result<bool> {
        let found = self.next == Token::Symbol(symbol);
        if found {
            self.take()?;
        }
        Ok(found)
    }

    /// The error that something else was expected here.
    pub(super) fn expected(&self, what: &str) -> Error {
        let place = self.root.moved_to(self.at.0, self.at.1);
        Error::new(&place, format!("expected {what}, got {}", self.next.describe()))
    }

    fn read(&mut self) -> Result<()> {
        self.skip();
        self.at = self.cursor.at();
        self.next = match self.cursor.peek() {
            None => Token::End,
            Some('"' | '\'') => {
                let mut bytes = Vec::new();
                while let Some('"' | '\'') = self.cursor.peek() {
                    escape::string(&mut self.cursor, &mut bytes)?;
                    self.skip();
                }
                Token::Text(bytes)
            }
            Some(letter) if letter.is_ascii_alphabetic() || letter == '_' => {
                Token::Name(self.cursor.take_while(|letter| letter.is_ascii_alphanumeric() || letter == '_'))
            }
            Some(letter) if letter.is_ascii_digit() || letter == '.' => self.number()?,
            Some(letter) => {
                self.cursor.next();
                Token::Symbol(letter)
            }
        };
        Ok(())
    }

    fn number(&mut self) -> Result<Token> {
        let mut digits =
            self.cursor.take_while(|letter| letter.is_ascii_alphanumeric() || "._".contains(letter));
        if digits.ends_with(['e', 'E']) && !digits.starts_with("0x") {
            for sign in ['-', '+'] {
                if self.cursor.next_if(sign) {
                    digits.push(sign);
                    digits.push_str(&self.cursor.take_while(|letter| letter.is_ascii_alphanumeric()));
                }
            }
        }
        Ok(Token::Number(digits))
    }

    /// Goes past white space and comments.
    fn skip(&mut self) {
        loop {
            self.cursor.take_while(|letter| matches!(letter, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c'));
            if self.cursor.peek() != Some('#') {
                return;
            }
            self.cursor.take_while(|letter| letter != '\n');
        }
    }
}

impl Token {
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Name(text) | Self::Number(text) => format!("`{text}`"),
            Self::Text(_) => "a string".to_owned(),
            Self::Symbol(symbol) => format!("`{}`", symbol.escape_debug()),
            Self::End => "the end of the file".to_owned(),
        }
    }
}
