//! One rule: which requests, told apart by what, may come how often.

use super::Needs;
use super::action::action;
use super::node::{Node, Object, at};
use crate::keys::Pattern;
use crate::rules::{Hits, Local, Override, Rule, Scope};
use crate::table::{Overflow, Store, Table};
use mesh_filter::HeaderName;
use mesh_filter::shared::Pages;
use mesh_filter_policy::Problem;

/// Clients that are told apart at the same time.
const SLOTS: u32 = 16_384;
/// The largest table: 35 MiB of shared data, and their keys.
const MOST_SLOTS: u32 = 1 << 20;
const FIELDS: [&str; 12] = [
    "name",
    "match",
    "actions",
    "token_bucket",
    "fixed_window",
    "overrides",
    "exempt",
    "hits_addend",
    "scope",
    "slots",
    "overflow",
    "shadow_mode",
];

/// Envoy's `RateLimit`, with the limit itself.
pub(super) fn rule(node: Node, needs: &mut Needs<'_>) -> Result<Rule, Problem> {
    let mut object = Object::new(node, &FIELDS)?;
    let name = object.need_text("name")?;
    if !is_name(&name) {
        return Err(Problem::new("name", "expected up to 64 letters, digits, `_` and `-`"));
    }
    let mut matches = None;
    for config in object.matches("match") {
        matches = Some(config.build().map_err(|problem| problem.inside("match"))?);
    }
    let Node::List(nodes) = object.need("actions")? else {
        return Err(Problem::new("actions", "expected a list"));
    };
    let mut actions = Vec::new();
    for (index, node) in nodes.into_iter().enumerate() {
        actions.push(action(node).map_err(|problem| at(problem, "actions", index))?);
    }
    let mut keys: Vec<&str> = Vec::new();
    for action in &actions {
        keys.push(&action.key);
    }
    let mut exempt = Vec::new();
    for (index, node) in object.list("exempt")?.into_iter().enumerate() {
        let built = Object::new(node, &["entries"]).and_then(|mut object| pattern(&mut object, &keys));
        exempt.push(built.map_err(|problem| at(problem, "exempt", index))?);
    }
    let hits = match object.take("hits_addend") {
        None => Hits::Number(1),
        Some(node) => hits(node).map_err(|problem| problem.inside("hits_addend"))?,
    };
    let shadow = object.flag("shadow_mode")?;
    let scope = match object.word("scope", &["process", "worker", "global"])? {
        Some(2) => global(&mut object, keys.is_empty(), needs)?,
        scope => Scope::Local(local(&mut object, &name, scope == Some(1), &keys, needs)?),
    };
    let metrics = needs.metrics(&name)?;
    Ok(Rule { name, matches, actions, exempt, hits, scope, shadow, metrics })
}

fn global(object: &mut Object, keyless: bool, needs: &mut Needs<'_>) -> Result<Scope, Problem> {
    for name in ["token_bucket", "fixed_window", "overrides", "slots", "overflow"] {
        if object.take(name).is_some() {
            let text = "the limits of rules with `scope: global` are those of the rate limit service";
            return Err(Problem::new(name, text));
        }
    }
    if keyless {
        return Err(Problem::new("actions", "a rate limit service has no limit for an empty key"));
    }
    needs.service = true;
    Ok(Scope::Global)
}

fn local(
    object: &mut Object,
    name: &str,
    worker: bool,
    keys: &[&str],
    needs: &mut Needs<'_>,
) -> Result<Local, Problem> {
    let limit = needs.limits.read(object)?;
    let mut overrides = Vec::new();
    for (index, node) in object.list("overrides")?.into_iter().enumerate() {
        let read = || {
            let mut object = Object::new(node, &["entries", "token_bucket", "fixed_window"])?;
            let pattern = pattern(&mut object, keys)?;
            Ok(Override { pattern, limit: needs.limits.read(&mut object)? })
        };
        overrides.push(read().map_err(|problem| at(problem, "overrides", index))?);
    }
    let slots = object.number("slots", 1, MOST_SLOTS)?.unwrap_or(SLOTS);
    let groups = Table::groups(slots);
    let store = match worker {
        true => Store::worker(groups),
        // The size is part of the name: in a table of another size clients have other places.
        false => Store::Process(Pages::new(&format!("{name}/{groups}"))),
    };
    let overflow = match object.word("overflow", &["share", "allow", "deny"])? {
        Some(1) => Overflow::Allow,
        Some(2) => Overflow::Deny,
        _ => Overflow::Share,
    };
    Ok(Local { limit, overrides, table: Table { store, groups, secret: needs.secret()?, overflow } })
}

/// Envoy's `HitsAddend`.
fn hits(node: Node) -> Result<Hits, Problem> {
    let mut object = Object::new(node, &["number", "format"])?;
    match (object.number("number", 0, u32::MAX)?, object.text("format")?) {
        (Some(number), None) => Ok(Hits::Number(number)),
        (None, Some(format)) => {
            let name = format.strip_prefix("%REQ(").and_then(|rest| rest.strip_suffix(")%"));
            let name = name.and_then(|name| HeaderName::new(name).ok());
            name.map(Hits::Header).ok_or_else(|| Problem::new("format", "expected `%REQ(name)%`"))
        }
        _ => Err(Problem::new("", "expected one of `number` and `format`")),
    }
}

/// Entries that a key may have.
fn pattern(object: &mut Object, keys: &[&str]) -> Result<Pattern, Problem> {
    let nodes = object.list("entries")?;
    if nodes.is_empty() {
        return Err(Problem::new("entries", "expected at least one"));
    }
    let mut entries = Vec::new();
    for (index, node) in nodes.into_iter().enumerate() {
        let read = || {
            let mut object = Object::new(node, &["key", "value"])?;
            let key = object.need_text("key")?;
            match keys.contains(&&*key) {
                true => Ok((key, object.text("value")?)),
                false => Err(Problem::new("key", format!("no action of this rule has the key `{key}`"))),
            }
        };
        entries.push(read().map_err(|problem| at(problem, "entries", index))?);
    }
    Ok(Pattern::new(entries))
}

/// Whether this can be part of a metric's name, and of headers.
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !text.is_empty() && text.len() <= 64 && text.bytes().all(fits)
}
