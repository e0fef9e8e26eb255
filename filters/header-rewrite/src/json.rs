//! The JSON of a token's payload: small, strict, and without floating-point numbers, which nobody calculates with here.

/// Objects and lists inside each other at most: each takes a part of the stack.
const DEEPEST: usize = 32;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    /// A number or a truth value, as it is written.
    Word(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The object that these bytes are, in which no name stands twice.
    pub(crate) fn object(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader { text: std::str::from_utf8(bytes).ok()?, depth: 0 };
        let value = reader.value()?;
        reader.skip_space();
        (reader.text.is_empty() && matches!(value, Self::Object(_))).then_some(value)
    }

    /// The member of an object.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// A value that is no list and no object, as text.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match self {
            Self::Word(text) | Self::Text(text) => Some(text),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    depth: usize,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.text = self.text.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    /// Whether this stands next, behind space; then it is taken.
    fn takes(&mut self, token: &str) -> bool {
        self.skip_space();
        match self.text.strip_prefix(token) {
            Some(rest) => {
                self.text = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self) -> Option<Json> {
        self.skip_space();
        match self.text.bytes().next()? {
            b'{' => self.deeper("{", Self::members),
            b'[' => self.deeper("[", Self::items),
            b'"' => self.string().map(Json::Text),
            b'n' => self.takes("null").then_some(Json::Null),
            b't' => self.takes("true").then(|| Json::Word("true".to_owned())),
            b'f' => self.takes("false").then(|| Json::Word("false".to_owned())),
            _ => self.number(),
        }
    }

    fn deeper(&mut self, open: &str, inside: fn(&mut Self) -> Option<Json>) -> Option<Json> {
        self.takes(open);
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let value = inside(self);
        self.depth -= 1;
        value
    }

    fn members(&mut self) -> Option<Json> {
        let mut members: Vec<(String, Json)> = Vec::new();
        if self.takes("}") {
            return Some(Json::Object(members));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            // Which of two would be meant? The service behind could take the other.
            if !self.takes(":") || members.iter().any(|(known, _)| *known == name) {
                return None;
            }
            members.push((name, self.value()?));
            if !self.takes(",") {
                return self.takes("}").then_some(Json::Object(members));
            }
        }
    }

    fn items(&mut self) -> Option<Json> {
        let mut items = Vec::new();
        if self.takes("]") {
            return Some(Json::List(items));
        }
        loop {
            items.push(self.value()?);
            if !self.takes(",") {
                return self.takes("]").then_some(Json::List(items));
            }
        }
    }

    fn number(&mut self) -> Option<Json> {
        let part =
            |character: char| character.is_ascii_digit() || matches!(character, '-' | '+' | '.' | 'e' | 'E');
        let end = self.text.find(|character| !part(character)).unwrap_or(self.text.len());
        let (number, rest) = self.text.split_at(end);
        let starts = number.trim_start_matches('-').starts_with(|first: char| first.is_ascii_digit());
        if !starts || !number.ends_with(|last: char| last.is_ascii_digit()) {
            return None;
        }
        self.text = rest;
        Some(Json::Word(number.to_owned()))
    }

    fn string(&mut self) -> Option<String> {
        let mut rest = self.text.strip_prefix('"')?;
        let mut string = String::new();
        loop {
            let end =
                rest.find(|character: char| character == '"' || character == '\\' || character < ' ')?;
            string.push_str(rest.get(..end)?);
            let mut after = rest.get(end..)?.chars();
            match after.next()? {
                '"' => {
                    self.text = after.as_str();
                    return Some(string);
                }
                '\\' => string.push(escaped(&mut after)?),
                _ => return None,
            }
            rest = after.as_str();
        }
    }
}

/// The character that stands behind a backslash.
fn escaped(rest: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match rest.next()? {
        same @ ('"' | '\\' | '/') => same,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => match unit(rest)? {
            high @ 0xd800..0xdc00 => {
                let low = (rest.next()? == '\\' && rest.next()? == 'u').then(|| unit(rest)).flatten()?;
                let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low)?
            }
            unit => char::from_u32(unit)?,
        },
        _ => return None,
    })
}

/// Four hexadecimal digits.
fn unit(rest: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |unit, _| Some(unit * 16 + rest.next()?.to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_read_as_they_are() {
        let json =
            Json::object(br#" {"a": [1, -2.5e3, null, true], "b": {"c": "\u00e9\\\ud83d\ude00"}, "d": {}} "#)
                .unwrap();
        let word = |text: &str| Json::Word(text.to_owned());
        assert_eq!(
            json.member("a"),
            Some(&Json::List(vec![word("1"), word("-2.5e3"), Json::Null, word("true")]))
        );
        assert_eq!(json.member("b").unwrap().member("c").unwrap().scalar(), Some("é\\😀"));
        assert_eq!(json.member("d"), Some(&Json::Object(vec![])));
    }

    #[test]
    fn what_is_no_object_alone_is_refused() {
        for text in [
            "",
            "[]",
            "1",
            "null",
            "{",
            "{}{}",
            "{} x",
            "{'a':1}",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "{\"a\":-}",
            "{\"a\":1.}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\ud800\\u0041\"}",
            "{\"a\":\"\n\"}",
            "{\"a\":[1 2]}",
            "{\"a\":1,\"a\":2}",
            "{\"a\":1,\"\\u0061\":2}",
            "{\"a\":\"",
        ] {
            assert_eq!(Json::object(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Json::object(b"{\"a\":\"\xff\"}"), None);
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(Json::object(nested(DEEPEST).as_bytes()).is_some());
        assert!(Json::object(nested(DEEPEST + 1).as_bytes()).is_none());
        assert!(Json::object(nested(100_000).as_bytes()).is_none());
    }
}
