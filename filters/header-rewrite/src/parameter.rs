//! What is done to the parameters of a query. Those that are not meant keep their bytes and their order.

use crate::editor::{AppendAction, Editor, Refused};
use crate::target;
use crate::template::{Look, Template};
use mesh_filter::headers::Query;
use mesh_filter_policy::Text;

/// What is done to parameters. Names are decoded.
#[derive(Debug)]
pub(crate) enum ParameterOperation {
    Append { name: String, value: Template, action: AppendAction, default: Option<String> },
    Remove(String),
    RemoveOnMatch(Text),
    Rename { from: String, to: String },
}

impl ParameterOperation {
    /// Does it to a request.
    pub(crate) fn apply(&self, editor: &mut Editor<'_>, look: Look<'_>) -> Result<(), Refused> {
        let value = match self {
            Self::Append { value, default, .. } => {
                let rendered = value.render(&look.over(editor.fields));
                match rendered.or_else(|| default.as_ref().map(|text| text.as_bytes().to_vec())) {
                    Some(value) => value,
                    None => return Ok(()),
                }
            }
            _ => Vec::new(),
        };
        let Some(whole) = editor.fields.first(":path").map(<[u8]>::to_vec) else { return Ok(()) };
        let (path, query) = target::split(&whole);
        let edited = self.edit(query.unwrap_or_default(), &value);
        if edited != query.unwrap_or_default() {
            crate::place::put(editor, path, Some(&edited))?;
        }
        Ok(())
    }

    /// The query as it is then. `value` is that of `Append`.
    fn edit(&self, query: &[u8], value: &[u8]) -> Vec<u8> {
        let mut pairs: Vec<Vec<u8>> = Vec::new();
        // Where the first one stands that `Append` is about.
        let mut place = None;
        for raw in query.split(|byte| *byte == b'&').filter(|raw| !raw.is_empty()) {
            let known = name(raw);
            match self {
                Self::Remove(name) if known == name.as_bytes() => {}
                Self::RemoveOnMatch(text) if text.matches(&known) => {}
                Self::Rename { from, to } if known == from.as_bytes() => {
                    let rest = raw.iter().position(|byte| *byte == b'=').and_then(|at| raw.get(at..));
                    pairs.push([&target::escape(to.as_bytes(), false), rest.unwrap_or_default()].concat());
                }
                Self::Append { name, action, .. } if known == name.as_bytes() => {
                    place.get_or_insert(pairs.len());
                    if matches!(action, AppendAction::AppendIfExistsOrAdd | AppendAction::AddIfAbsent) {
                        pairs.push(raw.to_vec());
                    }
                }
                _ => pairs.push(raw.to_vec()),
            }
        }
        if let Self::Append { name, action, .. } = self {
            let written = [target::escape(name.as_bytes(), false), target::escape(value, false)].join(&b'=');
            match (action, place) {
                (AppendAction::AddIfAbsent, Some(_)) | (AppendAction::OverwriteIfExists, None) => {
                    return query.to_vec();
                }
                (AppendAction::OverwriteIfExistsOrAdd | AppendAction::OverwriteIfExists, Some(place)) => {
                    pairs.insert(place, written);
                }
                _ => pairs.push(written),
            }
        }
        pairs.join(&b'&')
    }
}

/// The decoded name of a parameter.
fn name(raw: &[u8]) -> Vec<u8> {
    Query::new(raw).iter().next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(operation: &ParameterOperation, query: &str) -> String {
        String::from_utf8(operation.edit(query.as_bytes(), b"n w")).unwrap()
    }

    #[test]
    fn parameters_that_are_not_meant_keep_their_bytes() {
        let remove = ParameterOperation::Remove("a b".into());
        assert_eq!(edited(&remove, "a+b=1&c=%zz&a%20b&d=+&&"), "c=%zz&d=+");
        let rename = ParameterOperation::Rename { from: "a".into(), to: "ä".into() };
        assert_eq!(edited(&rename, "a=%41&b=a&a&A=1"), "%C3%A4=%41&b=a&%C3%A4&A=1");
    }

    #[test]
    fn each_append_action_is_envoys() {
        let append = |action| ParameterOperation::Append {
            name: "a".into(),
            value: Template::literal(""),
            action,
            default: None,
        };
        let all = |action| ["", "b=1", "a=1&b=2&a=3"].map(|query| edited(&append(action), query));
        assert_eq!(all(AppendAction::AppendIfExistsOrAdd), ["a=n%20w", "b=1&a=n%20w", "a=1&b=2&a=3&a=n%20w"]);
        assert_eq!(all(AppendAction::AddIfAbsent), ["a=n%20w", "b=1&a=n%20w", "a=1&b=2&a=3"]);
        assert_eq!(all(AppendAction::OverwriteIfExistsOrAdd), ["a=n%20w", "b=1&a=n%20w", "a=n%20w&b=2"]);
        assert_eq!(all(AppendAction::OverwriteIfExists), ["", "b=1", "a=n%20w&b=2"]);
    }
}
