//! Reads matchers: a scalar is equality, a mapping names conditions.

use super::body::{decode_base64, decode_hex};
use super::files::Folder;
use super::golden::Golden;
use crate::matcher::{HeaderMatcher, JsonPattern, Matcher, Mismatch, Shape};
use mesh_filter_runtime::document::{Kind, Node, Result};

/// The keys of a mapping that is a condition.
pub(crate) const KEYS: &[&str] = &[
    "equals",
    "not",
    "contains",
    "starts",
    "ends",
    "regex",
    "glob",
    "one_of",
    "all",
    "json",
    "json_equals",
    "file",
    "base64",
    "hex",
    "len",
    "lt",
    "gt",
    "between",
];

/// The key that is a condition on bodies only.
const GOLDEN: &str = "golden";

/// A condition on a body.
#[derive(Debug, Clone)]
pub(crate) struct BodyMatcher {
    pub(crate) matcher: Option<Matcher>,
    pub(crate) golden: Option<Golden>,
}

impl BodyMatcher {
    /// Reads a condition on a body: on one value, or that it is as a golden file.
    pub(crate) fn read(node: &Node, folder: &Folder) -> Result<Self> {
        let Kind::Mapping(entries) = node.kind() else {
            return Ok(Self { matcher: Some(matcher(node, folder)?), golden: None });
        };
        let (golden, others): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.key == GOLDEN);
        let golden = golden.first().map(|entry| Golden::read(&entry.value, folder)).transpose()?;
        if golden.is_some() && others.is_empty() {
            return Ok(Self { matcher: None, golden });
        }
        let others = node.with_kind(Kind::Mapping(others.into_iter().cloned().collect()));
        Ok(Self { matcher: Some(matcher(&others, folder)?), golden })
    }

    /// Compares.
    pub(crate) fn check(&self, body: &[u8]) -> std::result::Result<(), Mismatch> {
        if let Some(matcher) = &self.matcher {
            matcher.check(body)?;
        }
        self.golden.as_ref().map_or(Ok(()), |golden| golden.check(body))
    }
}

/// Reads a condition on one value.
pub(crate) fn matcher(node: &Node, folder: &Folder) -> Result<Matcher> {
    if let Some((text, plain)) = node.scalar() {
        return Ok(match text {
            "absent" if plain => Matcher::Absent,
            "present" if plain => Matcher::Present,
            text => text.into(),
        });
    }
    if !matches!(node.kind(), Kind::Mapping(_)) {
        return Err(node.expected("a value, `absent`, `present` or a mapping of conditions"));
    }
    if let Some(entry) = node.entries()?.iter().find(|entry| entry.key == GOLDEN) {
        let problem = "`golden` is for the bodies that a step expects, beside other conditions";
        return Err(entry.value.error(problem).with_help("elsewhere write `{file: PATH}`"));
    }
    let fields = node.mapping(KEYS)?;
    let mut parts = Vec::new();
    for entry in node.entries()? {
        if let Some(value) = fields.get(&entry.key) {
            parts.push(condition(&entry.key, value, folder)?);
        }
    }
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            parts.push(last);
            Ok(Matcher::All(parts))
        }
        (None, _) => {
            Err(node.error("an empty condition").with_help(format!("known here: `{}`", KEYS.join("`, `"))))
        }
    }
}

fn condition(name: &str, value: &Node, folder: &Folder) -> Result<Matcher> {
    let text = || value.string().map(|text| text.as_bytes().to_vec());
    let list = || value.list()?.iter().map(|item| matcher(item, folder)).collect::<Result<Vec<_>>>();
    Ok(match name {
        "equals" => Matcher::Equals(text()?),
        "not" => Matcher::Not(Box::new(matcher(value, folder)?)),
        "contains" => Matcher::Contains(text()?),
        "starts" => Matcher::Starts(text()?),
        "ends" => Matcher::Ends(text()?),
        "regex" => Matcher::regex(value.string()?)
            .map_err(|problem| value.error(format!("not a regular expression: {problem}")))?,
        "glob" => Matcher::glob(value.string()?).map_err(|problem| value.error(problem))?,
        "one_of" => Matcher::OneOf(list()?),
        "all" => Matcher::All(list()?),
        "json" => Matcher::Json(Box::new(pattern(value, folder)?)),
        "json_equals" => Matcher::JsonEquals(value.to_json()?),
        "file" => Matcher::Equals(folder.read(value)?),
        "base64" => Matcher::Equals(decode_base64(value)?),
        "hex" => Matcher::Equals(decode_hex(value)?),
        "len" => Matcher::Len(Box::new(matcher(value, folder)?)),
        "lt" => Matcher::Lt(value.float()?),
        "gt" => Matcher::Gt(value.float()?),
        _ => match value.list()? {
            [from, to] => Matcher::Between(from.float()?, to.float()?),
            _ => return Err(value.expected("a list of two numbers")),
        },
    })
}

/// Reads a JSON pattern. A mapping whose keys are all conditions is a condition on that value.
pub(super) fn pattern(node: &Node, folder: &Folder) -> Result<JsonPattern> {
    let shape = match node.kind() {
        Kind::Null => Shape::Null,
        Kind::Scalar { text, plain: true } if text == "present" => Shape::Matches(Matcher::Present),
        Kind::Scalar { text, plain: true } if text == "absent" => Shape::Null,
        Kind::Scalar { text, plain: true } => Shape::Plain { text: text.clone(), value: node.to_json()? },
        Kind::Scalar { text, plain: false } => Shape::Text(text.clone()),
        Kind::List(items) => {
            Shape::Array(items.iter().map(|item| pattern(item, folder)).collect::<Result<_>>()?)
        }
        Kind::Mapping(entries) if !entries.is_empty() && entries.iter().all(|e| KEYS.contains(&&*e.key)) => {
            Shape::Matches(matcher(node, folder)?)
        }
        Kind::Mapping(entries) => {
            let member = |entry: &mesh_filter_runtime::document::Entry| {
                Ok((entry.key.clone(), pattern(&entry.value, folder)?))
            };
            Shape::Object(entries.iter().map(member).collect::<Result<_>>()?)
        }
    };
    Ok(JsonPattern { shape, place: Some(node.place().clone()) })
}

/// The key that is a condition on the number of a header's values.
const COUNT: &str = "count";

/// Reads a condition on a header: a list for several values.
pub(crate) fn header(node: &Node, folder: &Folder) -> Result<HeaderMatcher> {
    match node.kind() {
        Kind::Scalar { text, plain: true } if text == "absent" => Ok(HeaderMatcher::Absent),
        Kind::Scalar { text, plain: true } if text == "present" => Ok(HeaderMatcher::Present),
        Kind::Null => Ok(HeaderMatcher::Absent),
        Kind::List(items) => {
            Ok(HeaderMatcher::Each(items.iter().map(|item| matcher(item, folder)).collect::<Result<_>>()?))
        }
        Kind::Mapping(entries) if entries.iter().any(|entry| entry.key == COUNT) => {
            let (count, others): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.key == COUNT);
            let count = count.first().map(|entry| matcher(&entry.value, folder)).transpose()?;
            let others: Vec<_> = others.into_iter().cloned().collect();
            let each = if others.is_empty() {
                None
            } else {
                Some(matcher(&node.with_kind(Kind::Mapping(others)), folder)?)
            };
            Ok(HeaderMatcher::Count { count: count.unwrap_or(Matcher::Present), each })
        }
        _ => Ok(HeaderMatcher::One(matcher(node, folder)?)),
    }
}
