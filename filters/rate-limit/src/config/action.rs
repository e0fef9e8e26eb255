//! Envoy's descriptor actions, and some that Envoy does not have.

use crate::keys::{Absent, Action, PathKey, Range, Source};
use mesh_filter::HeaderName;
use mesh_filter_policy::Problem;
use serde::Deserialize;

/// One action: an object with one field, its name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ActionConfig {
    SourceCluster(Nothing),
    DestinationCluster(Nothing),
    RequestHeaders(HeaderConfig),
    QueryParameters(ParameterConfig),
    RemoteAddress(Nothing),
    MaskedRemoteAddress(MaskConfig),
    RemoteAddressMatch(AddressMatchConfig),
    GenericKey(TextConfig),
    Path(PathConfig),
    Method(Nothing),
    Host(Nothing),
    Cookie(CookieConfig),
    JwtClaim(ClaimConfig),
    PeerPrincipal(Nothing),
    Property(PropertyConfig),
}

/// Nothing can be said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeaderConfig {
    header_name: HeaderName,
    descriptor_key: String,
    #[serde(default)]
    skip_if_absent: bool,
    default_value: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParameterConfig {
    query_parameter_name: String,
    descriptor_key: String,
    #[serde(default)]
    skip_if_absent: bool,
    default_value: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CookieConfig {
    name: String,
    descriptor_key: Option<String>,
    #[serde(default)]
    skip_if_absent: bool,
    default_value: Option<String>,
}

/// A claim, as Envoy's `jwt_authn` leaves it in its metadata.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClaimConfig {
    claim_name: String,
    #[serde(default = "payload")]
    payload_in_metadata: String,
    descriptor_key: Option<String>,
    #[serde(default)]
    skip_if_absent: bool,
    default_value: Option<String>,
}

fn payload() -> String {
    "jwt_payload".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PropertyConfig {
    path: Vec<String>,
    descriptor_key: Option<String>,
    #[serde(default)]
    skip_if_absent: bool,
    default_value: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MaskConfig {
    #[serde(default = "all_of_v4")]
    v4_prefix_mask_len: u8,
    #[serde(default = "network_of_v6")]
    v6_prefix_mask_len: u8,
}

fn all_of_v4() -> u8 {
    32
}

/// What one customer has: a whole network of addresses.
fn network_of_v6() -> u8 {
    64
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddressMatchConfig {
    descriptor_key: Option<String>,
    descriptor_value: String,
    ranges: Vec<String>,
    #[serde(default)]
    invert_match: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextConfig {
    descriptor_value: String,
    descriptor_key: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PathConfig {
    segments: Option<u8>,
    template: Option<String>,
    descriptor_key: Option<String>,
}

impl ActionConfig {
    /// Where the entry comes from.
    pub(crate) fn build(&self) -> Result<Action, Problem> {
        let plain = |key: &str, source| Ok(action(key, source, Absent::NoRule));
        let named = |key: &Option<String>, default: &str| key.clone().unwrap_or_else(|| default.to_owned());
        match self {
            Self::SourceCluster(_) => plain("source_cluster", property(&["xds", "node", "cluster"])),
            Self::DestinationCluster(_) => plain("destination_cluster", property(&["xds", "cluster_name"])),
            Self::RequestHeaders(header) => {
                let source = Source::Header(header.header_name.clone());
                let absent = absent(header.skip_if_absent, &header.default_value);
                Ok(action(&header.descriptor_key, source, absent.map_err(|p| p.inside("request_headers"))?))
            }
            Self::QueryParameters(query) => {
                let source = Source::Parameter(query.query_parameter_name.clone());
                let absent = absent(query.skip_if_absent, &query.default_value);
                Ok(action(&query.descriptor_key, source, absent.map_err(|p| p.inside("query_parameters"))?))
            }
            Self::RemoteAddress(_) => plain("remote_address", Source::Address),
            Self::MaskedRemoteAddress(mask) => {
                let (v4, v6) = (mask.v4_prefix_mask_len, mask.v6_prefix_mask_len);
                match (v4 > 32, v6 > 128) {
                    (true, _) => {
                        Err(Problem::new("masked_remote_address.v4_prefix_mask_len", "expected 0 to 32"))
                    }
                    (_, true) => {
                        Err(Problem::new("masked_remote_address.v6_prefix_mask_len", "expected 0 to 128"))
                    }
                    _ => plain("masked_remote_address", Source::Network(v4, v6)),
                }
            }
            Self::RemoteAddressMatch(config) => {
                let key = named(&config.descriptor_key, "remote_address_match");
                let ranges = ranges("remote_address_match.ranges", &config.ranges)?;
                let (invert, text) = (config.invert_match, config.descriptor_value.clone());
                plain(&key, Source::AddressMatch { ranges, invert, text })
            }
            Self::GenericKey(text) => {
                let key = named(&text.descriptor_key, "generic_key");
                plain(&key, Source::Text(text.descriptor_value.clone()))
            }
            Self::Path(path) => {
                let source = path.build().map_err(|problem| problem.inside("path"))?;
                plain(&named(&path.descriptor_key, "path"), source)
            }
            Self::Method(_) => plain("method", Source::Method),
            Self::Host(_) => plain("host", Source::Host),
            Self::Cookie(cookie) => {
                let absent = absent(cookie.skip_if_absent, &cookie.default_value);
                let absent = absent.map_err(|problem| problem.inside("cookie"))?;
                Ok(action(
                    &named(&cookie.descriptor_key, &cookie.name),
                    Source::Cookie(cookie.name.clone()),
                    absent,
                ))
            }
            Self::JwtClaim(claim) => {
                let absent = absent(claim.skip_if_absent, &claim.default_value);
                let absent = absent.map_err(|problem| problem.inside("jwt_claim"))?;
                let space = [
                    "metadata",
                    "filter_metadata",
                    "envoy.filters.http.jwt_authn",
                    &claim.payload_in_metadata,
                ];
                let path = space.into_iter().chain(claim.claim_name.split('.')).map(str::to_owned);
                let key = named(&claim.descriptor_key, &claim.claim_name);
                Ok(action(&key, Source::Property(path.collect()), absent))
            }
            Self::PeerPrincipal(_) => {
                plain("peer_principal", property(&["connection", "uri_san_peer_certificate"]))
            }
            Self::Property(config) => {
                if config.path.is_empty() {
                    return Err(Problem::new("property.path", "expected the segments of a path"));
                }
                let absent = absent(config.skip_if_absent, &config.default_value);
                let absent = absent.map_err(|problem| problem.inside("property"))?;
                let key = named(&config.descriptor_key, &config.path.join("."));
                Ok(action(&key, Source::Property(config.path.clone()), absent))
            }
        }
    }
}

impl PathConfig {
    fn build(&self) -> Result<Source, Problem> {
        match (self.segments, &self.template) {
            (None, None) => Ok(Source::Path(PathKey::Whole)),
            (Some(0), None) => Err(Problem::new("segments", "expected 1 or more")),
            (Some(count), None) => Ok(Source::Path(PathKey::Segments(count.into()))),
            (None, Some(template)) => PathKey::template(template).map(Source::Path).ok_or_else(|| {
                Problem::new("template", "expected a path such as `/users/{id}/*` or `/api/**`")
            }),
            (Some(_), Some(_)) => Err(Problem::new("", "expected one of `segments` and `template`")),
        }
    }
}

fn action(key: &str, source: Source, absent: Absent) -> Action {
    Action { key: key.to_owned(), source, absent }
}

fn property(path: &[&str]) -> Source {
    Source::Property(path.iter().map(|segment| (*segment).to_owned()).collect())
}

fn absent(skip: bool, default: &Option<String>) -> Result<Absent, Problem> {
    match (skip, default) {
        (false, None) => Ok(Absent::NoRule),
        (true, None) => Ok(Absent::NoEntry),
        (false, Some(value)) => Ok(Absent::Value(value.clone())),
        (true, Some(_)) => Err(Problem::new("default_value", "`skip_if_absent` leaves the entry out")),
    }
}

/// Ranges of addresses, each a text.
pub(crate) fn ranges(place: &str, texts: &[String]) -> Result<Vec<Range>, Problem> {
    let build = |(index, text): (usize, &String)| {
        let expected = "expected an address, or a range such as `10.0.0.0/8` with no bits beyond it";
        Range::new(text).ok_or_else(|| Problem::new(format!("{place}[{index}]"), expected))
    };
    texts.iter().enumerate().map(build).collect()
}
