//! Envoy's descriptor actions, and some that Envoy does not have.

use super::node::{Node, Object, at};
use crate::keys::{Absent, Action, PathKey, Range, Source};
use mesh_filter_policy::Problem;

/// The names of actions.
const ACTIONS: [&str; 17] = [
    "source_cluster",
    "destination_cluster",
    "request_headers",
    "query_parameters",
    "remote_address",
    "masked_remote_address",
    "remote_address_match",
    "generic_key",
    "header_value_match",
    "query_parameter_value_match",
    "path",
    "method",
    "host",
    "cookie",
    "jwt_claim",
    "peer_principal",
    "property",
];

/// Where the entry comes from: an object with one field, the action's name.
pub(super) fn action(node: Node) -> Result<Action, Problem> {
    let (name, node) = Object::variant(node, &ACTIONS)?;
    fields(&name, node).map_err(|problem| problem.inside(&name))
}

fn fields(name: &str, node: Node) -> Result<Action, Problem> {
    let names: &[&str] = match name {
        "request_headers" => &["header_name", "descriptor_key", "skip_if_absent", "default_value"],
        "query_parameters" => &["query_parameter_name", "descriptor_key", "skip_if_absent", "default_value"],
        "cookie" => &["name", "descriptor_key", "skip_if_absent", "default_value"],
        "jwt_claim" => {
            &["claim_name", "payload_in_metadata", "descriptor_key", "skip_if_absent", "default_value"]
        }
        "property" => &["path", "descriptor_key", "skip_if_absent", "default_value"],
        "masked_remote_address" => &["v4_prefix_mask_len", "v6_prefix_mask_len"],
        "remote_address_match" => &["descriptor_key", "descriptor_value", "ranges", "invert_match"],
        "generic_key" => &["descriptor_key", "descriptor_value"],
        "header_value_match" => &["descriptor_key", "descriptor_value", "expect_match", "headers"],
        "query_parameter_value_match" => {
            &["descriptor_key", "descriptor_value", "expect_match", "query_parameters"]
        }
        "path" => &["segments", "template", "descriptor_key"],
        _ => &[],
    };
    let mut object = Object::new(node, names)?;
    let key = object.text("descriptor_key")?;
    // The key where none is given.
    let mut usual = name.to_owned();
    let source = match name {
        "source_cluster" => property(&["xds", "node", "cluster"]),
        "destination_cluster" => property(&["xds", "cluster_name"]),
        "peer_principal" => property(&["connection", "uri_san_peer_certificate"]),
        "request_headers" => Source::Header(object.need_header("header_name")?),
        "query_parameters" => Source::Parameter(object.need_text("query_parameter_name")?),
        "masked_remote_address" => Source::Network(
            bits(&mut object, "v4_prefix_mask_len", 32, 32)?,
            // What one customer has: a whole network of addresses.
            bits(&mut object, "v6_prefix_mask_len", 128, 64)?,
        ),
        "remote_address_match" => Source::AddressMatch {
            ranges: ranges("ranges", &object.texts("ranges")?)?,
            invert: object.flag("invert_match")?,
            text: object.need_text("descriptor_value")?,
        },
        "generic_key" => Source::Text(object.need_text("descriptor_value")?),
        "header_value_match" => {
            "header_match".clone_into(&mut usual);
            condition(&mut object, "headers")?
        }
        "query_parameter_value_match" => {
            "query_match".clone_into(&mut usual);
            condition(&mut object, "query_parameters")?
        }
        "path" => Source::Path(path(&mut object)?),
        "method" => Source::Method,
        "host" => Source::Host,
        "cookie" => {
            usual = object.need_text("name")?;
            Source::Cookie(usual.clone())
        }
        "jwt_claim" => {
            usual = object.need_text("claim_name")?;
            let payload = object.text("payload_in_metadata")?;
            let payload = payload.as_deref().unwrap_or("jwt_payload");
            let mut path = vec!["metadata", "filter_metadata", "envoy.filters.http.jwt_authn", payload];
            path.extend(usual.split('.'));
            property(&path)
        }
        "property" => {
            let path = object.texts("path")?;
            if path.is_empty() {
                return Err(Problem::new("path", "expected the segments of a path"));
            }
            // Another `join` for this alone would be a kilobyte.
            usual.clear();
            for segment in &path {
                usual.push_str(if usual.is_empty() { "" } else { "." });
                usual.push_str(segment);
            }
            Source::Property(path)
        }
        _ => Source::Address,
    };
    if key.is_none() && matches!(name, "request_headers" | "query_parameters") {
        return Err(Problem::new("", "missing field `descriptor_key`"));
    }
    Ok(Action { key: key.unwrap_or(usual), source, absent: absent(&mut object)? })
}

/// Envoy's `HeaderValueMatch` and `QueryParameterValueMatch`.
fn condition(object: &mut Object, name: &str) -> Result<Source, Problem> {
    let (mut matches, in_query) = (Vec::new(), name == "query_parameters");
    match object.need(name)? {
        Node::Headers(all) => {
            for (index, one) in all.iter().enumerate() {
                matches.push(one.build().map_err(|problem| at(problem, name, index))?);
            }
        }
        Node::Parameters(all) => {
            for (index, one) in all.iter().enumerate() {
                matches.push(one.build().map_err(|problem| at(problem, name, index))?);
            }
        }
        _ => {}
    }
    if matches.is_empty() {
        return Err(Problem::new(name, "expected at least one"));
    }
    let expect = object.flag_or("expect_match", true)?;
    Ok(Source::Match { matches, in_query, expect, text: object.need_text("descriptor_value")? })
}

fn bits(object: &mut Object, name: &str, most: u8, usual: u8) -> Result<u8, Problem> {
    let bits = object.number(name, 0, most.into())?;
    Ok(bits.and_then(|bits| u8::try_from(bits).ok()).unwrap_or(usual))
}

fn path(object: &mut Object) -> Result<PathKey, Problem> {
    let segments = object.number("segments", 1, 255)?;
    match (segments, object.text("template")?) {
        (None, None) => Ok(PathKey::Whole),
        (Some(count), None) => Ok(PathKey::Segments(usize::try_from(count).unwrap_or(usize::MAX))),
        (None, Some(template)) => PathKey::template(&template)
            .ok_or_else(|| Problem::new("template", "expected a path such as `/users/{id}/*` or `/api/**`")),
        (Some(_), Some(_)) => Err(Problem::new("", "expected one of `segments` and `template`")),
    }
}

fn property(path: &[&str]) -> Source {
    let mut owned = Vec::with_capacity(path.len());
    for segment in path {
        owned.push((*segment).to_owned());
    }
    Source::Property(owned)
}

fn absent(object: &mut Object) -> Result<Absent, Problem> {
    match (object.flag("skip_if_absent")?, object.text("default_value")?) {
        (false, None) => Ok(Absent::NoRule),
        (true, None) => Ok(Absent::NoEntry),
        (false, Some(value)) => Ok(Absent::Value(value)),
        (true, Some(_)) => Err(Problem::new("default_value", "`skip_if_absent` leaves the entry out")),
    }
}

/// Ranges of addresses, each a text.
pub(super) fn ranges(name: &str, texts: &[String]) -> Result<Vec<Range>, Problem> {
    let mut ranges = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let Some(range) = Range::new(text) else {
            let expected = "expected an address, or a range such as `10.0.0.0/8` with no bits beyond it";
            return Err(at(Problem::new("", expected), name, index));
        };
        ranges.push(range);
    }
    Ok(ranges)
}
