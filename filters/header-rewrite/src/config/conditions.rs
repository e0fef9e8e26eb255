//! For which exchanges a rule is: Envoy's `RouteMatch`, and more.

use crate::claims::ClaimPath;
use crate::condition::{ClaimMatch, Fraction, Range, RequestMatch, ResponseMatch};
use mesh_filter_policy::{
    HeaderMatchConfig, ParameterMatchConfig, PathFields, Problem, RegexConfig, TextConfig, build_all,
    check_methods,
};
use serde::Deserialize;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Envoy's `RouteMatch`, of which nothing is required, and more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatchConfig {
    prefix: Option<String>,
    path: Option<String>,
    path_separated_prefix: Option<String>,
    safe_regex: Option<RegexConfig>,
    #[serde(default = "yes")]
    case_sensitive: bool,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    headers: Vec<HeaderMatchConfig>,
    #[serde(default)]
    query_parameters: Vec<ParameterMatchConfig>,
    #[serde(default)]
    cookies: Vec<ParameterMatchConfig>,
    #[serde(default)]
    claims: Vec<ClaimMatchConfig>,
    #[serde(default)]
    remote_ip: Vec<RangeConfig>,
    runtime_fraction: Option<RuntimeFractionConfig>,
    response_status: Option<String>,
    #[serde(default)]
    response_headers: Vec<HeaderMatchConfig>,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimMatchConfig {
    claim_name: String,
    string_match: Option<TextConfig>,
    #[serde(default)]
    invert_match: bool,
}

/// Envoy's `CidrRange`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeConfig {
    address_prefix: String,
    prefix_len: Option<u32>,
}

/// Envoy's `RuntimeFractionalPercent`, of which there is no runtime here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuntimeFractionConfig {
    default_value: FractionConfig,
}

/// Envoy's `FractionalPercent`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FractionConfig {
    numerator: u32,
    #[serde(default)]
    denominator: Denominator,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Denominator {
    #[default]
    Hundred,
    TenThousand,
    Million,
}

impl MatchConfig {
    pub(super) fn build(&self) -> Result<(RequestMatch, ResponseMatch), Problem> {
        let path = PathFields {
            prefix: self.prefix.as_deref(),
            path: self.path.as_deref(),
            path_separated_prefix: self.path_separated_prefix.as_deref(),
            safe_regex: self.safe_regex.as_ref(),
            case_sensitive: self.case_sensitive,
        };
        check_methods(&self.methods)?;
        let request = RequestMatch {
            path: path.build()?,
            captures: false,
            methods: self.methods.clone(),
            headers: build_all("headers", &self.headers, HeaderMatchConfig::build)?,
            parameters: build_all("query_parameters", &self.query_parameters, ParameterMatchConfig::build)?,
            cookies: build_all("cookies", &self.cookies, ParameterMatchConfig::build)?,
            claims: build_all("claims", &self.claims, ClaimMatchConfig::build)?,
            remote_ip: build_all("remote_ip", &self.remote_ip, RangeConfig::build)?,
            fraction: self.runtime_fraction.as_ref().map(RuntimeFractionConfig::build).transpose()?,
        };
        let statuses = self.response_status.iter().flat_map(|text| text.split(',')).map(|text| {
            statuses(text.trim_ascii()).ok_or_else(|| {
                let text = format!(
                    "`{text}` is no status: expected `404`, `5xx` or `400-499`, with commas between several"
                );
                Problem::new("response_status", text)
            })
        });
        let statuses = statuses.collect::<Result<_, _>>()?;
        let headers = build_all("response_headers", &self.response_headers, HeaderMatchConfig::build)?;
        Ok((request, ResponseMatch { statuses, headers }))
    }
}

impl ClaimMatchConfig {
    fn build(&self) -> Result<ClaimMatch, Problem> {
        let value = self.string_match.as_ref().map(TextConfig::build).transpose();
        Ok(ClaimMatch {
            path: ClaimPath::new(&self.claim_name),
            value: value.map_err(|problem| problem.inside("string_match"))?,
            invert: self.invert_match,
        })
    }
}

impl RangeConfig {
    fn build(&self) -> Result<Range, Problem> {
        let expected = |place, text: &str| Problem::new(place, format!("expected {text}"));
        let start: IpAddr =
            self.address_prefix.parse().map_err(|_| expected("address_prefix", "an IP address"))?;
        let most = if start.is_ipv4() { 32 } else { 128 };
        Range::new(start, self.prefix_len.unwrap_or(most))
            .ok_or_else(|| expected("prefix_len", &format!("at most {most}, and IPv4 addresses as such")))
    }
}

impl RuntimeFractionConfig {
    fn build(&self) -> Result<Fraction, Problem> {
        let denominator: u32 = match self.default_value.denominator {
            Denominator::Hundred => 100,
            Denominator::TenThousand => 10_000,
            Denominator::Million => 1_000_000,
        };
        let numerator = self.default_value.numerator;
        match numerator <= denominator {
            true => Ok(Fraction { numerator: numerator.into(), denominator: denominator.into() }),
            false => Err(Problem::new(
                "runtime_fraction.default_value.numerator",
                format!("expected at most the denominator, {denominator}"),
            )),
        }
    }
}

/// A status, or several: `404`, `5xx`, `400-499`.
fn statuses(text: &str) -> Option<RangeInclusive<u16>> {
    let status = |text: &str| text.parse::<u16>().ok().filter(|status| (100..=599).contains(status));
    if let Some(hundreds) = text.strip_suffix("xx") {
        let hundreds = hundreds.parse::<u16>().ok().filter(|hundreds| (1..=5).contains(hundreds))?;
        return Some(hundreds * 100..=hundreds * 100 + 99);
    }
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to) = (status(from)?, status(to)?);
    (from <= to).then_some(from..=to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_one_a_class_or_a_range() {
        assert_eq!(statuses("404"), Some(404..=404));
        assert_eq!(statuses("5xx"), Some(500..=599));
        assert_eq!(statuses("400-403"), Some(400..=403));
        for text in ["", "xx", "6xx", "0xx", "99", "600", "404-400", "4x", "-", "404-"] {
            assert_eq!(statuses(text), None, "{text}");
        }
    }
}
