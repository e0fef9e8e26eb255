//! Reads protobuf's text format into fields with places, whatever the schema is.

use super::token::{Token, Tokens};
use super::tree::{Field, Form, Kind, Value};
use mesh_filter_runtime::document::{Error, MAX_DEPTH, Place, Result};

/// Reads a file's text as one message.
pub(super) fn parse(file: &str, text: &str) -> Result<Value> {
    let root = Place::start_of_text(file, text);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { tokens: Tokens::new(&root, text)?, depth: 0 };
    let fields = reader.fields(&root, None)?;
    Ok(Value { place: root, kind: Kind::Message(fields) })
}

struct Reader<'a> {
    tokens: Tokens<'a>,
    depth: usize,
}

/// The bracket that opened a message, and where.
type Opening = (char, (usize, usize));

impl Reader<'_> {
    /// Reads fields up to the bracket that closes the message, or to the end of the file.
    fn fields(&mut self, place: &Place, opening: Option<Opening>) -> Result<Vec<Field>> {
        let mut fields = Vec::new();
        loop {
            match (self.tokens.peek(), opening) {
                (Token::End, None) => return Ok(fields),
                (Token::Symbol(symbol), Some((open, _))) if *symbol == closing(open) => {
                    self.tokens.take()?;
                    return Ok(fields);
                }
                (Token::Name(_), _) => fields.push(self.field(place)?),
                (_, opening) => return Err(self.no_field(opening)),
            }
            if !self.tokens.take_symbol(',')? {
                self.tokens.take_symbol(';')?;
            }
        }
    }

    fn no_field(&self, opening: Option<Opening>) -> Error {
        let expected = match opening {
            None => "the name of a field".to_owned(),
            Some((open, (line, _))) => {
                format!("the name of a field, or `{}` for the `{open}` of line {line}", closing(open))
            }
        };
        let error = self.tokens.expected(&expected);
        match self.tokens.peek() {
            Token::Symbol('[') => error.with_help("extensions and `Any` are not part of this format"),
            Token::Number(_) => error.with_help("fields are named here, not numbered"),
            _ => error,
        }
    }

    fn field(&mut self, parent: &Place) -> Result<Field> {
        let at = self.tokens.at();
        let Token::Name(name) = self.tokens.take()? else { return Err(self.no_field(None)) };
        let place = parent.field(&name, at.0, at.1);
        let colon = self.tokens.take_symbol(':')?;
        let value = match self.tokens.peek() {
            Token::Symbol('{' | '<' | '[') => self.value(&place)?,
            _ if colon => self.value(&place)?,
            _ => return Err(self.tokens.expected(&format!("`:` or `{{` after the field `{name}`"))),
        };
        Ok(Field { name, place, value })
    }

    fn value(&mut self, path: &Place) -> Result<Value> {
        let at = self.tokens.at();
        let place = path.moved_to(at.0, at.1);
        let scalar =
            |bytes: Vec<u8>, form| Ok(Value { place: place.clone(), kind: Kind::Scalar { bytes, form } });
        match self.tokens.peek() {
            Token::Text(_) | Token::Name(_) | Token::Number(_) => match self.tokens.take()? {
                Token::Text(bytes) => scalar(bytes, Form::Quoted),
                Token::Name(word) | Token::Number(word) => scalar(word.into_bytes(), Form::Word),
                _ => Err(self.tokens.expected("a value")),
            },
            Token::Symbol('-') => {
                self.tokens.take()?;
                match self.tokens.peek() {
                    Token::Number(_) | Token::Name(_) => {}
                    _ => return Err(self.tokens.expected("a number after `-`")),
                }
                match self.tokens.take()? {
                    Token::Number(word) | Token::Name(word) => {
                        scalar(format!("-{word}").into_bytes(), Form::Word)
                    }
                    _ => Err(self.tokens.expected("a number after `-`")),
                }
            }
            Token::Symbol(open @ ('{' | '<')) => {
                let open = *open;
                self.tokens.take()?;
                self.deeper(&place)?;
                let fields = self.fields(&place, Some((open, at)))?;
                self.depth -= 1;
                Ok(Value { place, kind: Kind::Message(fields) })
            }
            Token::Symbol('[') => {
                self.tokens.take()?;
                self.deeper(&place)?;
                let items = self.list(path, at)?;
                self.depth -= 1;
                Ok(Value { place, kind: Kind::List(items) })
            }
            _ => Err(self.tokens.expected("a value")),
        }
    }

    fn list(&mut self, path: &Place, opened: (usize, usize)) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        if self.tokens.take_symbol(']')? {
            return Ok(items);
        }
        loop {
            if let Token::Symbol('[') = self.tokens.peek() {
                return Err(self.tokens.expected("a value: lists do not nest"));
            }
            items.push(self.value(path)?);
            if self.tokens.take_symbol(']')? {
                return Ok(items);
            }
            if !self.tokens.take_symbol(',')? {
                let expected = format!("`,` or `]` for the `[` of line {}", opened.0);
                return Err(self.tokens.expected(&expected));
            }
        }
    }

    fn deeper(&mut self, place: &Place) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::new(place, format!("nested more than {MAX_DEPTH} deep")));
        }
        Ok(())
    }
}

fn closing(open: char) -> char {
    if open == '<' { '>' } else { '}' }
}
