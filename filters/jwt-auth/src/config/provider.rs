//! Envoy's `JwtProvider`: where its tokens stand, by which keys they are signed, what they say, and what becomes of them.

use super::keys::{LocalJwks, RemoteJwks};
use crate::cache::Cache;
use crate::claims::{Array, ClaimPath, Expected, Forward};
use crate::crypto::{ALGORITHMS, Algorithm};
use crate::keys::{Fetches, Keys, Remote};
use crate::provider::Provider;
use crate::token::{Location, media_type};
use mesh_filter::clock::Span;
use mesh_filter::{HeaderName, Setup};
use mesh_filter_policy::{Problem, TextConfig};
use serde::Deserialize;
use std::rc::Rc;
use std::time::Duration;

/// Of tokens that were verified lately, unless `jwt_cache_config` says otherwise.
const CACHED: usize = 500;
/// Longer tokens are not remembered, unless `jwt_cache_config` says otherwise.
const LONGEST_CACHED: usize = 4096;
/// The clock of an issuer may be off by a minute, as in Envoy.
const SKEW: u64 = 60;

/// A provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderConfig {
    issuer: Option<String>,
    #[serde(default)]
    audiences: Vec<String>,
    subjects: Option<TextConfig>,
    algorithms: Option<Vec<String>>,
    token_types: Option<Vec<String>>,
    local_jwks: Option<LocalJwks>,
    remote_jwks: Option<RemoteJwks>,
    #[serde(default)]
    from_headers: Vec<FromHeader>,
    #[serde(default)]
    from_params: Vec<String>,
    #[serde(default)]
    from_cookies: Vec<String>,
    #[serde(default)]
    forward: bool,
    clock_skew_seconds: Option<u32>,
    #[serde(default)]
    require_expiration: bool,
    max_lifetime: Option<Span>,
    #[serde(default)]
    claim_to_headers: Vec<ClaimToHeader>,
    forward_payload_header: Option<HeaderName>,
    #[serde(default)]
    pad_forward_payload_header: bool,
    jwt_cache_config: Option<CacheConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FromHeader {
    name: HeaderName,
    #[serde(default)]
    value_prefix: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimToHeader {
    header_name: HeaderName,
    claim_name: String,
    array: Option<ArrayConfig>,
    object: Option<ObjectConfig>,
    #[serde(default)]
    base64url: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ArrayConfig {
    Comma,
    Json,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ObjectConfig {
    Json,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CacheConfig {
    jwt_cache_size: Option<usize>,
    jwt_max_token_size: Option<usize>,
}

impl ProviderConfig {
    pub(crate) fn build(
        &self,
        name: &str,
        setup: &mut Setup,
        fetches: &Fetches,
    ) -> Result<Provider, Problem> {
        let algorithms = self.algorithms()?;
        let keys = match (&self.local_jwks, &self.remote_jwks) {
            (Some(local), None) => {
                let set = local.read(setup).map_err(|problem| problem.inside("local_jwks"))?;
                if set.has_secrets() && self.algorithms.is_none() {
                    let text = "the key set has a secret (`kty` is `oct`), by which whoever knows it signs tokens: expected the algorithms that are meant";
                    return Err(Problem::new("algorithms", text));
                }
                Keys::Local(Rc::new(set))
            }
            (None, Some(remote)) => {
                if let Some(index) = algorithms.iter().position(|algorithm| algorithm.is_symmetric()) {
                    let text = "secrets do not lie on servers: expected `local_jwks`, or another algorithm";
                    return Err(Problem::new(format!("algorithms[{index}]"), text));
                }
                let source = remote.build().map_err(|problem| problem.inside("remote_jwks"))?;
                Keys::Remote(Remote::new(setup, name, source, fetches.clone()))
            }
            _ => return Err(Problem::new("", "expected one of `local_jwks` and `remote_jwks`")),
        };
        if self.issuer.as_deref() == Some("") {
            return Err(Problem::new("issuer", "expected an issuer, or no field"));
        }
        let subjects = self.subjects.as_ref().map(TextConfig::build).transpose();
        let cached = self.jwt_cache_config.as_ref();
        Ok(Provider {
            name: name.to_owned(),
            locations: self.locations()?,
            algorithms,
            types: self.types()?,
            keys,
            expected: Expected {
                issuer: self.issuer.clone(),
                audiences: self.audiences.clone(),
                subjects: subjects.map_err(|problem| problem.inside("subjects"))?,
                skew: Duration::from_secs(self.clock_skew_seconds.map_or(SKEW, u64::from)),
                require_expiration: self.require_expiration,
                max_lifetime: self.max_lifetime.map(Into::into),
            },
            strip: !self.forward,
            forwards: self.forwards()?,
            payload_header: self.payload_header()?,
            cache: Cache::new(
                cached.and_then(|cached| cached.jwt_cache_size).unwrap_or(CACHED),
                cached.and_then(|cached| cached.jwt_max_token_size).unwrap_or(LONGEST_CACHED),
            ),
        })
    }

    fn algorithms(&self) -> Result<Vec<Algorithm>, Problem> {
        let Some(names) = &self.algorithms else {
            // Of secrets it has to be said that they are meant.
            let public =
                ALGORITHMS.iter().filter(|(_, algorithm, built)| *built && !algorithm.is_symmetric());
            return Ok(public.map(|(_, algorithm, _)| *algorithm).collect());
        };
        if names.is_empty() {
            return Err(Problem::new("algorithms", "expected at least one"));
        }
        let algorithm = |(index, name): (usize, &String)| {
            Algorithm::named(name).ok_or_else(|| {
                let known: Vec<_> =
                    ALGORITHMS.iter().filter(|(.., built)| *built).map(|(name, ..)| *name).collect();
                let text =
                    format!("`{name}` is not an algorithm of this build; they are {}", known.join(", "));
                Problem::new(format!("algorithms[{index}]"), text)
            })
        };
        names.iter().enumerate().map(algorithm).collect()
    }

    fn types(&self) -> Result<Option<Vec<String>>, Problem> {
        match &self.token_types {
            Some(types) if types.is_empty() => Err(Problem::new("token_types", "expected at least one")),
            types => Ok(types.as_ref().map(|types| types.iter().map(|kind| media_type(kind)).collect())),
        }
    }

    fn locations(&self) -> Result<Vec<Location>, Problem> {
        for (place, names) in [("from_params", &self.from_params), ("from_cookies", &self.from_cookies)] {
            if let Some(index) = names.iter().position(String::is_empty) {
                return Err(Problem::new(format!("{place}[{index}]"), "expected a name"));
            }
        }
        let header = |header: &FromHeader| Location::Header {
            name: header.name.clone(),
            prefix: header.value_prefix.clone(),
        };
        let headers = self.from_headers.iter().map(header);
        let parameters = self.from_params.iter().cloned().map(Location::Parameter);
        let cookies = self.from_cookies.iter().cloned().map(Location::Cookie);
        let locations: Vec<_> = headers.chain(parameters).chain(cookies).collect();
        if !locations.is_empty() {
            return Ok(locations);
        }
        // As RFC 6750 has them, and Envoy.
        let name = HeaderName::new("authorization").map_err(|error| Problem::new("", error.to_string()))?;
        let bearer = Location::Header { name, prefix: "Bearer ".to_owned() };
        Ok(vec![bearer, Location::Parameter("access_token".to_owned())])
    }

    fn forwards(&self) -> Result<Vec<Forward>, Problem> {
        let mut forwards: Vec<Forward> = Vec::new();
        for (index, claim) in self.claim_to_headers.iter().enumerate() {
            let problem =
                |field: &str, text: &str| Problem::new(format!("claim_to_headers[{index}].{field}"), text);
            if claim.claim_name.is_empty() {
                return Err(problem("claim_name", "expected a name"));
            }
            if forwards.iter().any(|earlier| earlier.header == claim.header_name) {
                return Err(problem("header_name", "another claim goes to this header"));
            }
            forwards.push(Forward {
                header: claim.header_name.clone(),
                claim: ClaimPath::new(claim.claim_name.clone()),
                array: claim.array.map(|array| match array {
                    ArrayConfig::Comma => Array::Comma,
                    ArrayConfig::Json => Array::Json,
                }),
                object: claim.object.is_some(),
                base64url: claim.base64url,
            });
        }
        Ok(forwards)
    }

    fn payload_header(&self) -> Result<Option<(HeaderName, bool)>, Problem> {
        let Some(name) = &self.forward_payload_header else {
            let unused =
                Problem::new("pad_forward_payload_header", "there is no `forward_payload_header` to pad");
            return if self.pad_forward_payload_header { Err(unused) } else { Ok(None) };
        };
        if self.claim_to_headers.iter().any(|claim| claim.header_name == *name) {
            return Err(Problem::new("forward_payload_header", "a claim goes to this header"));
        }
        Ok(Some((name.clone(), self.pad_forward_payload_header)))
    }
}
