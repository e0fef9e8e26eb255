//! A variation, and what becomes of its requests.

use super::check_key;
use super::refuse::refuse;
use crate::experiment::{PrefixRewrite, Variation};
use mesh_filter::HeaderName;
use mesh_filter_policy::{Named, Problem};
use serde::Deserialize;

/// One variation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VariationConfig {
    pub(super) key: String,
    pub(super) weight: Option<f64>,
    pub(super) range: Option<[f64; 2]>,
    #[serde(default)]
    request_headers: Named<String>,
    #[serde(default)]
    response_headers: Named<String>,
    #[serde(default)]
    prefix_rewrite: Named<String>,
    host_rewrite_literal: Option<String>,
}

impl VariationConfig {
    pub(super) fn build(&self) -> Result<Variation, Problem> {
        check_key(&self.key)?;
        let is_path = |path: &str| {
            path.starts_with('/')
                && path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#'))
        };
        let mut rewrites = Vec::new();
        for (from, to) in self.prefix_rewrite.iter() {
            if !is_path(from) || !is_path(to) {
                return refuse("prefix_rewrite", "expected paths that begin with `/`, without `?` and `#`");
            }
            // The longest first: proxies do not keep the order of an object's members.
            let place = rewrites.partition_point(|other: &PrefixRewrite| other.length() > from.len());
            rewrites.insert(place, PrefixRewrite::new(from, to));
        }
        let is_host = |host: &String| {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#' | b'@'))
        };
        if self.host_rewrite_literal.as_ref().is_some_and(|host| !is_host(host)) {
            return refuse("host_rewrite_literal", "expected a host, with or without a port");
        }
        Ok(Variation {
            key: self.key.as_str().into(),
            request_headers: headers(&self.request_headers, "request_headers")?,
            response_headers: headers(&self.response_headers, "response_headers")?,
            rewrites,
            host_rewrite: self.host_rewrite_literal.clone(),
        })
    }
}

fn headers(named: &Named<String>, place: &str) -> Result<Vec<(HeaderName, String)>, Problem> {
    let mut headers = Vec::new();
    for (name, value) in named.iter() {
        let Ok(known) = HeaderName::new(name) else {
            return refuse(place, "expected names of headers");
        };
        if value.chars().any(char::is_control) {
            return refuse(place, "expected values without control characters");
        }
        headers.push((known, value.clone()));
    }
    Ok(headers)
}
