//! The JSON of a token's payload, read by the SDK's reader: each name stands once in it, and what is no list and no object is text.

use crate::template::number;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Members of one object at most: a name is compared with all before it, and no token has so many.
const MOST_MEMBERS: usize = 512;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    /// Text, or a number or a truth value as text.
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The object that these bytes are, in which no name stands twice.
    pub(crate) fn object(bytes: &[u8]) -> Option<Self> {
        mesh_filter::json::read(bytes).ok().filter(|value| matches!(value, Self::Object(_)))
    }

    /// The member of an object.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Whether it is an object without members of other names.
    pub(crate) fn has_only(&self, names: &[&str]) -> bool {
        matches!(self, Self::Object(members) if members.iter().all(|(name, _)| names.contains(&name.as_str())))
    }

    /// A value that is no list and no object, as text.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Text(if value { "true" } else { "false" }.to_owned()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Text(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Text(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(number(value).map_or(Json::Null, Json::Text))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object: Vec<(String, Json)> = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            // Which of two would be meant? The service behind could take the other.
            if object.len() >= MOST_MEMBERS || object.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("a name that stands twice, or too many"));
            }
            object.push((name, members.next_value()?));
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_read_as_they_are() {
        let json =
            Json::object(br#" {"a": [1, -2.5e3, null, true], "b": {"c": "\u00e9\\\ud83d\ude00"}, "d": {}} "#)
                .unwrap();
        let word = |text: &str| Json::Text(text.to_owned());
        assert_eq!(
            json.member("a"),
            Some(&Json::List(vec![word("1"), word("-2500"), Json::Null, word("true")]))
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
            "{\"a\":01}",
            "{\"a\":--1}",
            "{\"a\":1e5e5}",
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
    fn members_are_limited() {
        let object = |count: usize| {
            let members: Vec<String> = (0..count).map(|index| format!("\"{index}\":0")).collect();
            Json::object(format!("{{{}}}", members.join(",")).as_bytes())
        };
        assert!(object(MOST_MEMBERS).is_some());
        assert_eq!(object(MOST_MEMBERS + 1), None);
    }

    #[test]
    fn numbers_are_text() {
        let number = |text: &str| {
            let object = Json::object(format!("{{\"n\":{text}}}").as_bytes()).unwrap();
            object.member("n").unwrap().scalar().map(str::to_owned)
        };
        for (text, shown) in [
            ("0", "0"),
            ("-7", "-7"),
            ("18446744073709551615", "18446744073709551615"),
            ("1.50", "1.5"),
            ("-0.25", "-0.25"),
            ("1e3", "1000"),
            ("0.0000001", "0"),
        ] {
            assert_eq!(number(text).as_deref(), Some(shown), "{text}");
        }
        for text in ["1e300", "18446744073709551616", "-9223372036854775809"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(Json::object(nested(100).as_bytes()).is_some());
        assert!(Json::object(nested(128).as_bytes()).is_none());
        assert!(Json::object(nested(100_000).as_bytes()).is_none());
    }
}
