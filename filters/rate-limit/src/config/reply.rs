//! What limited requests are told, and which requests are looked at: statuses, bodies, headers, shares.

use super::node::{Node, Object, at};
use crate::answer::{Answers, Body, HeadersVersion};
use mesh_filter::HeaderName;
use mesh_filter_policy::Problem;
use std::num::NonZeroU32;

/// So many of so many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) numerator: u32,
    pub(crate) denominator: NonZeroU32,
}

impl Share {
    /// Envoy's `FractionalPercent`, bare or as the default of a runtime value, of which there are none here.
    pub(super) fn read(object: &mut Object, name: &str) -> Result<Self, Problem> {
        match object.take(name) {
            None => Ok(Self { numerator: 1, denominator: NonZeroU32::MIN }),
            Some(node) => percent(node).map_err(|problem| problem.inside(name)),
        }
    }
}

fn percent(node: Node) -> Result<Share, Problem> {
    let mut object = Object::new(node, &["numerator", "denominator", "default_value"])?;
    let numerator = object.number("numerator", 0, u32::MAX)?;
    let denominator = object.word("denominator", &["HUNDRED", "TEN_THOUSAND", "MILLION"])?;
    match (numerator, object.take("default_value")) {
        (Some(numerator), None) => {
            let denominator = [100, 10_000, 1_000_000].get(denominator.unwrap_or(0)).copied();
            let denominator = denominator.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
            match numerator <= denominator.get() {
                true => Ok(Share { numerator, denominator }),
                false => Err(Problem::new("numerator", "expected no more than the denominator")),
            }
        }
        (None, Some(inner)) if denominator.is_none() => {
            percent(inner).map_err(|problem| problem.inside("default_value"))
        }
        _ => Err(Problem::new("", "expected `numerator` with `denominator`, or `default_value`")),
    }
}

/// Envoy's `HttpStatus`.
pub(super) fn status(object: &mut Object, name: &str, usual: u16) -> Result<u16, Problem> {
    let Some(node) = object.take(name) else { return Ok(usual) };
    let code = Object::new(node, &["code"]).and_then(|mut status| status.number("code", 400, 599));
    let code = code.map_err(|problem| problem.inside(name))?;
    let code = code.ok_or_else(|| Problem::new(name, "missing field `code`"))?;
    Ok(u16::try_from(code).unwrap_or(usual))
}

/// What clients are told.
pub(super) fn answers(object: &mut Object) -> Result<Answers, Problem> {
    let headers =
        object.word("enable_x_ratelimit_headers", &["OFF", "DRAFT_VERSION_03", "IETF_RATELIMIT"])?;
    let body = match object.take("body") {
        None => Body::Text("rate limited\n".to_owned(), "text/plain".to_owned()),
        Some(node) => body(node).map_err(|problem| problem.inside("body"))?,
    };
    Ok(Answers {
        status: status(object, "status", 429)?,
        body,
        headers: match headers {
            Some(1) => HeadersVersion::Draft03,
            Some(2) => HeadersVersion::Ietf,
            _ => HeadersVersion::Off,
        },
        mark: !object.flag("disable_x_envoy_ratelimited_header")?,
        retry_after: !object.flag("disable_retry_after_header")?,
        resource_exhausted: object.flag("rate_limited_as_resource_exhausted")?,
        added: added(object, "response_headers_to_add")?,
        not_enforced: added(object, "request_headers_to_add_when_not_enforced")?,
    })
}

fn body(node: Node) -> Result<Body, Problem> {
    let mut object = Object::new(node, &["inline_string", "content_type", "problem_details"])?;
    let (text, kind) = (object.text("inline_string")?, object.text("content_type")?);
    if kind.as_ref().is_some_and(|kind| !is_value(kind)) {
        return Err(Problem::new("content_type", "expected a media type"));
    }
    match (object.flag("problem_details")?, text, kind) {
        (false, text, kind) => {
            Ok(Body::Text(text.unwrap_or_default(), kind.unwrap_or_else(|| "text/plain".to_owned())))
        }
        (true, None, None) => Ok(Body::Problem),
        (true, ..) => Err(Problem::new("problem_details", "its body and content type are those of RFC 9457")),
    }
}

/// Envoy's `HeaderValueOption`: names and values of headers that are set.
fn added(object: &mut Object, name: &str) -> Result<Vec<(HeaderName, String)>, Problem> {
    let mut headers = Vec::new();
    for (index, node) in object.list(name)?.into_iter().enumerate() {
        headers.push(header(node).map_err(|problem| at(problem, name, index))?);
    }
    Ok(headers)
}

fn header(node: Node) -> Result<(HeaderName, String), Problem> {
    let node = Object::new(node, &["header"])?.need("header")?;
    let read = |node| {
        let mut object = Object::new(node, &["key", "value"])?;
        let (name, value) = (object.need_header("key")?, object.need_text("value")?);
        match is_value(&value) {
            true => Ok((name, value)),
            false => Err(Problem::new("value", "expected text without control characters")),
        }
    };
    read(node).map_err(|problem: Problem| problem.inside("header"))
}

fn is_value(text: &str) -> bool {
    !text.chars().any(char::is_control)
}
