//! Reads what mocks answer to gRPC callouts, and what steps expect of them.

use super::expect::{Placed, placed};
use super::files::Folder;
use super::matchers::{header, matcher};
use super::message::{FAULTS, header_name, headers};
use super::protobuf::{Method, message, method, sent};
use crate::grpc::{GrpcAnswer, GrpcCondition, GrpcReply, GrpcRule, MessageMatcher, Moment};
use crate::matcher::Matcher;
use crate::traffic::Fault;
use mesh_filter_runtime::document::{Error, Fields, Kind, Node, Result};

/// The statuses by name, at the place of their number.
const STATUSES: [&str; 17] = [
    "ok",
    "cancelled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
];

/// Conditions on a gRPC callout that a step expects.
#[derive(Debug, Clone, Default)]
pub(crate) struct GrpcExpectation {
    pub(crate) service: Option<Placed<Matcher>>,
    pub(crate) method: Option<Placed<Matcher>>,
    /// Exactly these messages.
    pub(crate) messages: Option<Placed<Vec<Placed<MessageMatcher>>>>,
    /// Whether the plugin has ended its side.
    pub(crate) ended: Option<Placed<bool>>,
    /// Whether it has given the call up.
    pub(crate) cancelled: Option<Placed<bool>>,
}

/// Reads a rule that has `grpc`.
pub(crate) fn rule(fields: &Fields<'_>, folder: &Folder) -> Result<GrpcRule> {
    if let Some(node) = fields.get("when") {
        return Err(node.error("`when` is for HTTP: conditions on gRPC callouts stand in `grpc`"));
    }
    let (when, method) = condition(fields.required("grpc")?, folder)?;
    let (form, node) = fields.one_of(&["reply", "fail"])?;
    let (answer, delay) = match form {
        "reply" => {
            let reply = reply(node, folder, method.as_ref())?;
            let delay = reply.delay;
            (GrpcAnswer::Reply(reply), delay)
        }
        _ => match node.choice(&FAULTS)? {
            Fault::NoCluster => {
                return Err(node
                    .error("`no_cluster` is about the whole cluster")
                    .with_help("leave `grpc` out: `{fail: no_cluster}`"));
            }
            fault => (GrpcAnswer::Fail(fault), Default::default()),
        },
    };
    Ok(GrpcRule { when, answer, delay })
}

fn condition(node: &Node, folder: &Folder) -> Result<(GrpcCondition, Option<Method>)> {
    let fields = node.mapping(&["descriptors", "service", "method", "headers", "message", "at"])?;
    let known = method(&fields, folder)?;
    let input = known.as_ref().map(|method| &method.input);
    let mut when = GrpcCondition {
        service: fields.optional("service", |node| matcher(node, folder))?,
        method: fields.optional("method", |node| matcher(node, folder))?,
        message: fields.optional("message", |node| message(node, folder, input))?,
        ..GrpcCondition::default()
    };
    if let Some(node) = fields.get("headers") {
        for entry in node.entries()? {
            header_name(&entry.key).map_err(|problem| Error::new(&entry.place, problem))?;
            when.headers.push((entry.key.to_ascii_lowercase(), header(&entry.value, folder)?));
        }
    }
    if let Some(node) = fields.get("at") {
        when.at =
            node.choice(&[("open", Moment::Open), ("message", Moment::Message), ("end", Moment::End)])?;
        if when.message.is_some() && when.at != Moment::Message {
            return Err(node.error("there is no `message` at this moment of a stream"));
        }
    }
    Ok((when, known))
}

fn reply(node: &Node, folder: &Folder, method: Option<&Method>) -> Result<GrpcReply> {
    let output = method.map(|method| &method.output);
    let bytes = |node: &Node| sent(node, folder, output);
    let known = ["message", "messages", "status", "status_message", "headers", "trailers", "delay"];
    let fields = node.mapping(&known)?;
    let messages = match fields.at_most_one_of(&["message", "messages"])? {
        Some(("message", node)) => vec![bytes(node)?],
        Some((_, node)) => node.list()?.iter().map(bytes).collect::<Result<_>>()?,
        None => Vec::new(),
    };
    let status = fields.optional("status", status)?;
    let text = fields.optional("status_message", Node::string)?.unwrap_or_default().to_owned();
    if let (Some(node), None) = (fields.get("status_message"), status) {
        return Err(node.error("`status_message` goes with a `status`"));
    }
    Ok(GrpcReply {
        headers: fields.optional("headers", headers)?.unwrap_or_default(),
        messages,
        status,
        text,
        trailers: fields.optional("trailers", headers)?.unwrap_or_default(),
        delay: fields.optional("delay", Node::span)?.unwrap_or_default(),
    })
}

fn status(node: &Node) -> Result<u32> {
    let numbered = STATUSES.iter().zip(0_u32..);
    let found = node.scalar().and_then(|(text, _)| {
        numbered
            .map(|(name, number)| (*name, number))
            .find(|(name, number)| text == *name || text.parse() == Ok(*number))
    });
    found.map(|(_, number)| number).ok_or_else(|| {
        node.expected("a status of gRPC: a number from 0 to 16, or a name such as `not_found`")
    })
}

/// Reads `grpc` of an expected callout.
pub(crate) fn expectation(node: &Node, folder: &Folder) -> Result<GrpcExpectation> {
    let known = ["descriptors", "service", "method", "message", "messages", "ended", "cancelled"];
    let fields = node.mapping(&known)?;
    let method = method(&fields, folder)?;
    let input = method.as_ref().map(|method| &method.input);
    let of_message = |node: &Node| Ok(placed(node, message(node, folder, input)?));
    let condition = |node: &Node| Ok(placed(node, matcher(node, folder)?));
    let flag = |node: &Node| Ok(placed(node, node.bool()?));
    let messages = match fields.at_most_one_of(&["message", "messages"])? {
        Some(("message", node)) => Some(placed(node, vec![of_message(node)?])),
        Some((_, node)) => Some(placed(node, node.list()?.iter().map(of_message).collect::<Result<_>>()?)),
        None => None,
    };
    Ok(GrpcExpectation {
        service: fields.optional("service", condition)?,
        method: fields.optional("method", condition)?,
        messages,
        ended: fields.optional("ended", flag)?,
        cancelled: fields.optional("cancelled", flag)?,
    })
}

/// Whether a rule without `grpc` is for gRPC callouts too: a plain failure is for all.
pub(crate) fn is_plain_failure(fields: &Fields<'_>) -> bool {
    let plain = |node: &Node| matches!(node.kind(), Kind::Scalar { .. });
    fields.get("when").is_none() && fields.get("fail").is_some_and(plain)
}
