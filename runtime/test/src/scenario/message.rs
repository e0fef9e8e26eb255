//! Reads requests, replies and mocks.

use super::body::body;
use super::files::Folder;
use super::grpc;
use super::matchers::{header, matcher};
use crate::sim::{Condition, Rule, Rules};
use crate::traffic::{Answer, Behaviour, Fault, Message};
use mesh_filter_runtime::document::{Error, Fields, Kind, Node, Result};
use mesh_filter_runtime::headers::Headers;
use std::time::Duration;

/// The faults by name.
pub(crate) const FAULTS: [(&str, Fault); 4] = [
    ("timeout", Fault::Timeout),
    ("reset", Fault::Reset),
    ("refused", Fault::Refused),
    ("no_cluster", Fault::NoCluster),
];

/// Parts of a request that stand beside its headers, and the pseudo headers that they are.
pub(crate) const REQUEST_PARTS: [(&str, &str); 4] =
    [("method", ":method"), ("path", ":path"), ("authority", ":authority"), ("scheme", ":scheme")];

/// The keys of a request. Properties are read beside it.
pub(crate) const REQUEST: [&str; 8] =
    ["method", "path", "authority", "scheme", "headers", "body", "trailers", "properties"];

/// Reads a request.
pub(crate) fn request(node: &Node, folder: &Folder) -> Result<Message> {
    let fields = node.mapping(&REQUEST)?;
    let part = |name: &str, default: &str| -> Result<String> {
        Ok(fields.optional(name, Node::string)?.unwrap_or(default).to_owned())
    };
    let mut message = Message::request(
        &part("authority", "localhost")?,
        &part("path", "/")?,
        &part("method", "GET")?,
        &part("scheme", "http")?,
    );
    rest(&fields, folder, &mut message)?;
    Ok(message)
}

/// Reads what comes back from an upstream or a cluster: a reply, or `{fail: ..}`.
pub(crate) fn behaviour(node: &Node, folder: &Folder) -> Result<Behaviour> {
    let fields = node.mapping(&["status", "headers", "body", "trailers", "delay", "fail"])?;
    let delay = fields.optional("delay", Node::span)?.unwrap_or_default();
    if let Some(fault) = fields.get("fail") {
        for name in ["status", "headers", "body", "trailers"] {
            if let Some(other) = fields.get(name) {
                return Err(other.error(format!("`{name}` does not go together with `fail`")));
            }
        }
        return failure(fault, folder, delay);
    }
    reply(&fields, folder, delay)
}

fn reply(fields: &Fields<'_>, folder: &Folder, delay: Duration) -> Result<Behaviour> {
    let status = fields.optional("status", |node| node.u32(200..=599))?.unwrap_or(200);
    let mut message = Message::response(u16::try_from(status).unwrap_or(200));
    rest(fields, folder, &mut message)?;
    Ok(Behaviour { delay, ..Behaviour::reply(message) })
}

fn rest(fields: &Fields<'_>, folder: &Folder, message: &mut Message) -> Result<()> {
    if let Some(node) = fields.get("headers") {
        for (name, value) in headers(node)?.entries() {
            message.headers.append(name.clone(), value.clone());
        }
    }
    message.body = fields.optional("body", |node| body(node, folder))?;
    message.trailers = fields.optional("trailers", headers)?;
    Ok(())
}

/// Reads headers that are sent.
pub(crate) fn headers(node: &Node) -> Result<Headers> {
    let mut headers = Headers::new();
    for entry in node.entries()? {
        header_name(&entry.key).map_err(|problem| Error::new(&entry.place, problem))?;
        let mut add = |value: &Node| -> Result<()> {
            headers.append(entry.key.clone().into(), value.string()?.to_owned().into());
            Ok(())
        };
        match entry.value.kind() {
            Kind::Null => {}
            Kind::List(values) => values.iter().try_for_each(add)?,
            _ => add(&entry.value)?,
        }
    }
    Ok(headers)
}

/// Refuses names that no HTTP message can have.
pub(crate) fn header_name(name: &str) -> std::result::Result<(), String> {
    if name.starts_with(':') {
        let parts = "`status`, `method`, `path`, `authority` and `scheme`";
        return Err(format!("pseudo headers are not written here: {parts} stand beside `headers`"));
    }
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(format!("`{name}` is not a header name"));
    }
    Ok(())
}

/// Reads the mock of one cluster: one rule, or a list of which the first that fits answers.
pub(crate) fn rules(node: &Node, folder: &Folder) -> Result<Rules> {
    let mut rules = Rules::default();
    match node.kind() {
        Kind::List(items) => items.iter().try_for_each(|item| rule(item, folder, &mut rules))?,
        _ => rule(node, folder, &mut rules)?,
    }
    Ok(rules)
}

fn rule(node: &Node, folder: &Folder, rules: &mut Rules) -> Result<()> {
    let fields = node.mapping(&["when", "grpc", "reply", "fail"])?;
    if fields.get("grpc").is_some() {
        rules.grpc.push(grpc::rule(&fields, folder)?);
        return Ok(());
    }
    if let Some(fault) = fields.get("fail").filter(|_| grpc::is_plain_failure(&fields)) {
        fields.one_of(&["reply", "fail"])?;
        rules.fail(fault.choice(&FAULTS)?, Duration::ZERO);
        return Ok(());
    }
    let when = fields.optional("when", |node| condition(node, folder))?.unwrap_or_default();
    let (form, value) = fields.one_of(&["reply", "fail"])?;
    let behaviour = match form {
        "reply" => {
            let fields = value.mapping(&["status", "headers", "body", "trailers", "delay"])?;
            reply(&fields, folder, fields.optional("delay", Node::span)?.unwrap_or_default())?
        }
        _ => failure(value, folder, Duration::ZERO)?,
    };
    rules.http.push(Rule { when, behaviour });
    Ok(())
}

/// Reads `fail`: a fault by name, or a wrong answer.
pub(crate) fn failure(node: &Node, folder: &Folder, delay: Duration) -> Result<Behaviour> {
    if matches!(node.kind(), Kind::Mapping(_)) {
        let fields = node.mapping(&["status", "headers", "body"])?;
        return reply(&fields, folder, delay);
    }
    let fault = node.choice(&FAULTS)?;
    Ok(Behaviour { answer: Answer::Fail(fault), delay })
}

/// Reads which requests a mock is for.
pub(crate) fn condition(node: &Node, folder: &Folder) -> Result<Condition> {
    let fields = node.mapping(&["method", "path", "authority", "scheme", "headers", "body"])?;
    let mut condition = Condition::default();
    for (name, pseudo) in REQUEST_PARTS {
        if let Some(node) = fields.get(name) {
            condition.headers.push((pseudo.to_owned(), header(node, folder)?));
        }
    }
    if let Some(node) = fields.get("headers") {
        for entry in node.entries()? {
            header_name(&entry.key).map_err(|problem| Error::new(&entry.place, problem))?;
            condition.headers.push((entry.key.to_ascii_lowercase(), header(&entry.value, folder)?));
        }
    }
    condition.body = fields.optional("body", |node| matcher(node, folder))?;
    Ok(condition)
}
