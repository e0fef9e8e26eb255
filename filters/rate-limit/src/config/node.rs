//! The configuration as it stands: objects, lists and values, of which each part of the configuration takes its own.
//!
//! Types of their own for each object, derived, would be a third of the module: here one reader does for all. What stands
//! where it should not is a [`Problem`] with its place.

use mesh_filter::HeaderName;
use mesh_filter::clock::Span;
use mesh_filter_policy::{HeaderMatchConfig, MatchConfig, ParameterMatchConfig, Problem};
use serde::de::value::Error as ValueError;
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A value of the configuration.
#[derive(Debug)]
pub(crate) enum Node {
    Null,
    Flag(bool),
    Number(u64),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
    /// Conditions on requests, on headers and on parameters, which have types of their own.
    Matches(Vec<MatchConfig>),
    Headers(Vec<HeaderMatchConfig>),
    Parameters(Vec<ParameterMatchConfig>),
    /// A number that is none of these.
    Other,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values)
    }
}

/// What stands under `query_parameters`: an action, or conditions.
struct Parameters(Node);

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Parameters;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Parameters, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Parameters(Node::Parameters(list)))
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Parameters, A::Error> {
                Values.visit_map(members).map(Parameters)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut object: Vec<(String, Node)> = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom(format_args!("`{name}` stands here twice")));
            }
            // Conditions stand under these names only, and under nothing else.
            let node = match &*name {
                "match" => Node::Matches(members.next_value::<Option<_>>()?.into_iter().collect()),
                "requests" => Node::Matches(members.next_value()?),
                "headers" => Node::Headers(members.next_value()?),
                "query_parameters" => members.next_value::<Parameters>()?.0,
                _ => members.next_value()?,
            };
            object.push((name, node));
        }
        Ok(Node::Object(object))
    }
}

/// An object that has only fields which it may have.
#[derive(Debug)]
pub(crate) struct Object(Vec<(String, Node)>);

impl Object {
    /// Refuses what is no object, and fields that are not among these.
    pub(crate) fn new(node: Node, names: &[&str]) -> Result<Self, Problem> {
        let Node::Object(fields) = node else { return Err(Problem::new("", "expected an object")) };
        match fields.iter().find(|(name, _)| !names.contains(&&**name)) {
            Some((name, _)) => {
                let text = format!("unknown field `{name}`, {}", expected(names));
                Err(Problem::new(name.clone(), text))
            }
            None => Ok(Self(fields)),
        }
    }

    /// The one field of an object that says by its name what it is.
    pub(crate) fn variant(node: Node, names: &[&str]) -> Result<(String, Node), Problem> {
        let mut only = Self::new(node, names)?.0.into_iter();
        match (only.next(), only.next()) {
            (Some(one), None) => Ok(one),
            _ => Err(Problem::new("", format!("expected exactly one field of {}", &expected(names)))),
        }
    }

    /// The field's value, if it is there and not `null`.
    pub(crate) fn take(&mut self, name: &str) -> Option<Node> {
        let index = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(index).1).filter(|node| !matches!(node, Node::Null))
    }

    /// The field's value, which has to be there.
    pub(crate) fn need(&mut self, name: &str) -> Result<Node, Problem> {
        self.take(name).ok_or_else(|| Problem::new("", format!("missing field `{name}`")))
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, Problem> {
        self.flag_or(name, false)
    }

    pub(crate) fn flag_or(&mut self, name: &str, usual: bool) -> Result<bool, Problem> {
        match self.take(name) {
            None => Ok(usual),
            Some(Node::Flag(flag)) => Ok(flag),
            Some(_) => Err(Problem::new(name, "expected `true` or `false`")),
        }
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text)),
            Some(_) => Err(Problem::new(name, "expected a string")),
        }
    }

    pub(crate) fn need_text(&mut self, name: &str) -> Result<String, Problem> {
        self.text(name)?.ok_or_else(|| Problem::new("", format!("missing field `{name}`")))
    }

    /// A whole number in these bounds.
    pub(crate) fn number(&mut self, name: &str, least: u32, most: u32) -> Result<Option<u32>, Problem> {
        let number = match self.take(name) {
            None => return Ok(None),
            Some(Node::Number(number)) => u32::try_from(number).ok(),
            Some(_) => None,
        };
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(Problem::new(name, format!("expected {least} to {most}"))),
        }
    }

    /// Items; none where the field is not there.
    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<Node>, Problem> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Node::List(list)) => Ok(list),
            Some(_) => Err(Problem::new(name, "expected a list")),
        }
    }

    pub(crate) fn texts(&mut self, name: &str) -> Result<Vec<String>, Problem> {
        let mut texts = Vec::new();
        for (index, node) in self.list(name)?.into_iter().enumerate() {
            match node {
                Node::Text(text) => texts.push(text),
                _ => return Err(at(Problem::new("", "expected a string"), name, index)),
            }
        }
        Ok(texts)
    }

    pub(crate) fn matches(&mut self, name: &str) -> Vec<MatchConfig> {
        match self.take(name) {
            Some(Node::Matches(matches)) => matches,
            _ => Vec::new(),
        }
    }

    /// The number of a word among these.
    pub(crate) fn word(&mut self, name: &str, words: &[&str]) -> Result<Option<usize>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match words.iter().position(|word| *word == text) {
            Some(index) => Ok(Some(index)),
            None => Err(Problem::new(name, format!("unknown word `{text}`, {}", expected(words)))),
        }
    }

    /// A length of time.
    pub(crate) fn span(&mut self, name: &str) -> Result<Option<Span>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let span = Span::deserialize(IntoDeserializer::<ValueError>::into_deserializer(&*text));
        span.map(Some).map_err(|error| Problem::new(name, error.to_string()))
    }

    pub(crate) fn header(&mut self, name: &str) -> Result<Option<HeaderName>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        HeaderName::new(text).map(Some).map_err(|error| Problem::new(name, error.to_string()))
    }

    pub(crate) fn need_header(&mut self, name: &str) -> Result<HeaderName, Problem> {
        self.header(name)?.ok_or_else(|| Problem::new("", format!("missing field `{name}`")))
    }
}

/// The same problem, seen from outside of a list.
pub(crate) fn at(problem: Problem, name: &str, index: usize) -> Problem {
    problem.inside(&format!("{name}[{index}]"))
}

fn expected(names: &[&str]) -> String {
    let mut text = "expected".to_owned();
    for (index, name) in names.iter().enumerate() {
        text.push_str(if index == 0 { " `" } else { ", `" });
        text.push_str(name);
        text.push('`');
    }
    if names.is_empty() {
        text.push_str(" no fields");
    }
    text
}
