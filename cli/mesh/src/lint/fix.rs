//! Mends the text of a resource, and nothing around it: comments, order and layout stay.
//!
//! Each change is made in the text and then read again. Where the text does not say exactly what was meant, as with anchors or
//! texts over several lines, it is left as it is.

use mesh_filter_runtime::document::{Place, Result};
use serde_json::Value;

use super::{Change, Finding, Fix};
use crate::Resource;

/// A text with changes.
#[derive(Debug)]
pub struct Fixed {
    /// The text.
    pub text: String,
    /// What was changed, a line each.
    pub done: Vec<String>,
    /// What has to be changed by hand, a line each.
    pub left: Vec<String>,
}

/// Makes the changes of these findings in the text of a file of YAML or JSON.
///
/// # Errors
/// If the text cannot be read.
pub fn apply(name: &str, text: &str, findings: &[Finding]) -> Result<Fixed> {
    let mut fixed = Fixed { text: text.to_owned(), done: Vec::new(), left: Vec::new() };
    for finding in findings.iter().filter(|finding| finding.place.file == name) {
        let (Some(fix), Some(wanted)) = (&finding.fix, &finding.place.resource) else { continue };
        let (resources, _) = Resource::parse_all(name, &fixed.text)?;
        let is = |one: &Resource| format!("{} {}/{}", one.kind, one.namespace(), one.name) == *wanted;
        let Some(index) = resources.iter().position(is) else { continue };
        let Some(resource) = resources.get(index) else { continue };
        let Some(fix) = &against_now(resource, fix, finding) else { continue };
        let line = format!("{}: {}: {}", finding.rule, finding.place, words(&fix.change));
        match changed(&fixed.text, resource, fix).filter(|text| is_meant(name, text, &resources, index, fix))
        {
            Some(text) => {
                fixed.text = text;
                fixed.done.push(line);
            }
            None => fixed.left.push(line),
        }
    }
    Ok(fixed)
}

/// A fix as it is after others: what is there already needs no change, and a prefix and a digest go together.
fn against_now(resource: &Resource, fix: &Fix, finding: &Finding) -> Option<Fix> {
    let mut fix = fix.clone();
    if let Change::Set(text) = &mut fix.change {
        let now = resource.at(&fix.path).and_then(Value::as_str).unwrap_or_default();
        match finding.rule {
            // The digest is added to what stands there now, with its scheme.
            "L04" => {
                let (_, digest) = text.split_once('@')?;
                if now.contains('@') {
                    return None;
                }
                *text = format!("{now}@{digest}");
            }
            "L05" if now.contains("://") => return None,
            "L05" => *text = format!("oci://{now}"),
            _ => {}
        }
        if now == text {
            return None;
        }
    }
    Some(fix)
}

fn words(change: &Change) -> String {
    match change {
        Change::Set(text) => format!("is now `{text}`"),
        Change::Remove => "removed".to_owned(),
        Change::Insert { key, value, .. } => format!("`{key}: {value}` added"),
        Change::Append(text) => format!("`{text}` added"),
    }
}

/// Whether the text now says what the fix meant, and nothing else has changed.
fn is_meant(name: &str, text: &str, before: &[Resource], index: usize, fix: &Fix) -> bool {
    let Ok((after, _)) = Resource::parse_all(name, text) else { return false };
    let mut expected: Vec<Value> = before.iter().map(|resource| resource.json.clone()).collect();
    let made = expected.get_mut(index).and_then(|json| mend(json, fix));
    made.is_some() && after.iter().map(|resource| &resource.json).eq(expected.iter())
}

/// The change in the resource itself.
fn mend(json: &mut Value, fix: &Fix) -> Option<()> {
    let (parent, key) = match &fix.change {
        Change::Set(_) | Change::Remove => fix.path.rsplit_once('.')?,
        _ => (fix.path.as_str(), ""),
    };
    let mut at = json;
    for step in parent.split('.') {
        let (name, indices) = step.split_once('[').map_or((step, ""), |(name, rest)| (name, rest));
        at = at.get_mut(name)?;
        for index in indices.split('[').filter(|index| !index.is_empty()) {
            at = at.get_mut(index.trim_end_matches(']').parse::<usize>().ok()?)?;
        }
    }
    match &fix.change {
        Change::Set(text) => *at.get_mut(key)? = Value::String(text.clone()),
        Change::Remove => {
            at.as_object_mut()?.remove(key)?;
        }
        Change::Insert { key, value, .. } => {
            at.as_object_mut()?.insert(key.clone(), Value::String(value.clone()));
        }
        Change::Append(text) => at.as_array_mut()?.push(Value::String(text.clone())),
    }
    Some(())
}

/// The text with the change; whether it is the right one is looked at afterwards.
fn changed(text: &str, resource: &Resource, fix: &Fix) -> Option<String> {
    match &fix.change {
        Change::Set(new) => {
            let (from, to) = scalar(text, resource.exact_place(&fix.path)?)?;
            let old = text.get(from..to)?;
            Some(splice(text, from, to, &quoted_as(old, new)))
        }
        Change::Remove => remove(text, resource, &fix.path),
        Change::Insert { after, key, value } => {
            let sibling = format!("{}.{after}", fix.path);
            let (from, to) = scalar(text, resource.exact_place(&sibling)?)?;
            let at = offset(text, resource.key_place(&sibling)?)?;
            let old = text.get(from..to)?;
            let key = if text.get(at..)?.starts_with('"') { format!("\"{key}\"") } else { key.clone() };
            let new = format!("{key}: {}", quoted_as(old, value));
            let line = line_start(text, at);
            let block = text.get(line..at)?.chars().all(|c| c == ' ' || c == '-');
            Some(match block && !old_is_flow(text, to) {
                true => {
                    let indent = " ".repeat(at - line);
                    let end = line_end(text, to);
                    splice(text, end, end, &format!("\n{indent}{new}"))
                }
                false => splice(text, to, to, &format!(", {new}")),
            })
        }
        Change::Append(new) => {
            let count = resource.at(&fix.path)?.as_array()?.len();
            let last = format!("{}[{}]", fix.path, count.checked_sub(1)?);
            let (from, to) = scalar(text, resource.exact_place(&last)?)?;
            let line = line_start(text, from);
            let head = text.get(line..from)?;
            let new = quoted_as(text.get(from..to)?, new);
            Some(match head.trim() == "-" {
                true => {
                    let end = line_end(text, to);
                    splice(text, end, end, &format!("\n{head}{new}"))
                }
                false => splice(text, to, to, &format!(", {new}")),
            })
        }
    }
}

/// A field goes away: its lines in a block, or its part of a line.
fn remove(text: &str, resource: &Resource, path: &str) -> Option<String> {
    let at = offset(text, resource.key_place(path)?)?;
    let line = line_start(text, at);
    if text.get(line..at)?.trim().is_empty() {
        let indent = at - line;
        let mut end = line_end(text, at);
        // What stands deeper belongs to it; so do empty lines within.
        while let Some(next) = text.get(end + 1..).filter(|rest| !rest.is_empty()) {
            let next = next.lines().next().unwrap_or_default();
            let deeper = next.len() - next.trim_start_matches(' ').len() > indent && !next.trim().is_empty();
            if !deeper {
                break;
            }
            end += 1 + next.len();
        }
        let end = (end + 1).min(text.len());
        return Some(splice(text, line, end, ""));
    }
    // In braces: with the comma after it, or else the one before.
    let (_, to) = scalar(text, resource.exact_place(path)?)?;
    let rest = text.get(to..)?;
    let after = rest.len() - rest.trim_start().len();
    if rest.trim_start().starts_with(',') {
        let end = to + after + 1;
        let spaces = text.get(end..)?.len() - text.get(end..)?.trim_start_matches(' ').len();
        return Some(splice(text, at, end + spaces, ""));
    }
    let before = text.get(..at)?.trim_end();
    let before = before.strip_suffix(',').unwrap_or(before);
    Some(splice(text, before.len(), to, ""))
}

/// Where a scalar of one line begins and ends.
fn scalar(text: &str, place: &Place) -> Option<(usize, usize)> {
    let from = offset(text, place)?;
    let rest = text.get(from..line_end(text, from))?;
    let length = match rest.chars().next()? {
        quote @ ('"' | '\'') => {
            let mut escaped = false;
            let mut letters = rest.char_indices().skip(1).peekable();
            loop {
                let (index, letter) = letters.next()?;
                match (letter, quote) {
                    _ if escaped => escaped = false,
                    ('\\', '"') => escaped = true,
                    // Two of them are one, in single quotes.
                    ('\'', '\'') if letters.peek().is_some_and(|(_, next)| *next == '\'') => {
                        letters.next();
                    }
                    (letter, quote) if letter == quote => break index + 1,
                    _ => {}
                }
            }
        }
        '|' | '>' | '&' | '*' | '!' | '{' | '[' => return None,
        _ => {
            let comment = rest.find(" #").unwrap_or(rest.len());
            // Whether a comma or a bracket ends it is known only by reading the result: in a block it does not.
            let flow = rest.get(..comment)?.find([',', '}', ']']).unwrap_or(comment);
            rest.get(..flow)?.trim_end().len()
        }
    };
    Some((from, from + length))
}

/// Whether what follows a scalar is a part of the same line.
fn old_is_flow(text: &str, to: usize) -> bool {
    let rest = text.get(to..line_end(text, to)).unwrap_or_default().trim_start();
    !rest.is_empty() && !rest.starts_with('#')
}

/// A text in the quotes that another had.
fn quoted_as(old: &str, new: &str) -> String {
    match old.chars().next() {
        Some('"') => Value::String(new.to_owned()).to_string(),
        Some('\'') => format!("'{}'", new.replace('\'', "''")),
        // All digits, as some digests are, would be read as a number.
        _ if new.parse::<f64>().is_ok() => format!("\"{new}\""),
        _ => new.to_owned(),
    }
}

fn offset(text: &str, place: &Place) -> Option<usize> {
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number + 1 == place.line() {
            let column = place.column().checked_sub(1)?;
            return match line.char_indices().nth(column) {
                Some((index, _)) => Some(start + index),
                None => Some(start + line.len()),
            };
        }
        start += line.len();
    }
    None
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|after| after.find('\n')).map_or(text.len(), |newline| at + newline)
}

fn splice(text: &str, from: usize, to: usize, new: &str) -> String {
    let (head, tail) = (text.get(..from).unwrap_or_default(), text.get(to..).unwrap_or_default());
    format!("{head}{new}{tail}")
}
