//! What limited requests are told, and which requests are looked at: statuses, bodies, headers, shares.

use mesh_filter::HeaderName;
use mesh_filter_policy::Problem;
use serde::Deserialize;
use std::num::NonZeroU32;

/// Envoy's `HttpStatus`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusConfig {
    code: u16,
}

impl StatusConfig {
    pub(crate) fn build(&self) -> Result<u16, Problem> {
        match self.code {
            400..=599 => Ok(self.code),
            _ => Err(Problem::new("code", "expected 400 to 599")),
        }
    }
}

/// The body of refusals.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BodyConfig {
    pub(crate) inline_string: Option<String>,
    pub(crate) content_type: Option<String>,
    #[serde(default)]
    pub(crate) problem_details: bool,
}

impl BodyConfig {
    pub(crate) fn check(&self) -> Result<(), Problem> {
        if self.problem_details && (self.inline_string.is_some() || self.content_type.is_some()) {
            return Err(Problem::new("problem_details", "its body and content type are those of RFC 9457"));
        }
        match &self.content_type {
            Some(value) if !is_value(value) => Err(Problem::new("content_type", "expected a media type")),
            _ => Ok(()),
        }
    }
}

/// Envoy's `HeaderValueOption`, which here sets the header.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeaderOptionConfig {
    header: HeaderValueConfig,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderValueConfig {
    key: HeaderName,
    value: String,
}

/// Names and values of headers that are set.
pub(crate) fn headers(
    place: &str,
    options: &[HeaderOptionConfig],
) -> Result<Vec<(HeaderName, String)>, Problem> {
    let build = |(index, option): (usize, &HeaderOptionConfig)| match is_value(&option.header.value) {
        true => Ok((option.header.key.clone(), option.header.value.clone())),
        false => {
            let place = format!("{place}[{index}].header.value");
            Err(Problem::new(place, "expected text without control characters"))
        }
    };
    options.iter().enumerate().map(build).collect()
}

fn is_value(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Which headers tell clients of their limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) enum HeadersVersion {
    #[default]
    #[serde(rename = "OFF")]
    Off,
    /// `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`, as Envoy has them.
    #[serde(rename = "DRAFT_VERSION_03")]
    Draft03,
    /// `RateLimit` and `RateLimit-Policy`.
    #[serde(rename = "IETF_RATELIMIT")]
    Ietf,
}

/// Envoy's `FractionalPercent`, bare or as the default of a runtime value, of which there are none here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PercentConfig {
    numerator: Option<u32>,
    #[serde(default)]
    denominator: Denominator,
    default_value: Option<Box<PercentConfig>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
enum Denominator {
    #[default]
    #[serde(rename = "HUNDRED")]
    Hundred,
    #[serde(rename = "TEN_THOUSAND")]
    TenThousand,
    #[serde(rename = "MILLION")]
    Million,
}

/// So many of so many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) numerator: u32,
    pub(crate) denominator: NonZeroU32,
}

impl Share {
    /// All requests.
    pub(crate) const ALL: Self = Self { numerator: 1, denominator: NonZeroU32::MIN };
}

impl PercentConfig {
    pub(crate) fn build(&self) -> Result<Share, Problem> {
        let denominator = match self.denominator {
            Denominator::Hundred => 100,
            Denominator::TenThousand => 10_000,
            Denominator::Million => 1_000_000,
        };
        let denominator = NonZeroU32::new(denominator).unwrap_or(NonZeroU32::MIN);
        match (self.numerator, &self.default_value) {
            (Some(numerator), None) if numerator <= denominator.get() => Ok(Share { numerator, denominator }),
            (Some(_), None) => Err(Problem::new("numerator", "expected no more than the denominator")),
            (None, Some(inner)) if self.denominator == Denominator::Hundred => {
                inner.build().map_err(|problem| problem.inside("default_value"))
            }
            _ => Err(Problem::new("", "expected `numerator` with `denominator`, or `default_value`")),
        }
    }
}
