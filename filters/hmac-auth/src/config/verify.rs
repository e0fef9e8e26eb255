//! How requests are verified, as configurations write it.

use super::keys::place;
use super::scheme::{CustomConfig, Description, SchemeName};
use crate::keys::Key;
use crate::scheme::{DigestRule, Scheme};
use crate::verify::{Nonce, Verify};
use mesh_filter::clock::{Span, secs};
use mesh_filter_policy::Problem;
use serde::Deserialize;

/// Unless it is set: how old a signature may be.
const MAX_AGE: Span = Span::new(secs(300));
/// Unless it is set: how far a signer's clock may be ahead.
const CLOCK_SKEW: Span = Span::new(secs(30));
/// Unless it is set: most bytes of a body. Proxies hold as much for a connection.
const MAX_BODY: u32 = 1 << 20;
/// Days in which a request can be sent again, and nonces have to be kept.
const LONGEST_AGE: Span = Span::new(secs(7 * 24 * 60 * 60));

/// How requests of a rule are verified.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyConfig {
    scheme: SchemeName,
    key_ids: Option<Vec<String>>,
    max_age: Option<Span>,
    clock_skew: Option<Span>,
    nonce: Option<NonceConfig>,
    max_body_bytes: Option<u32>,
    #[serde(default)]
    body_mode: BodyMode,
    body_digest: Option<BodyDigest>,
    required_components: Option<Vec<String>>,
    label: Option<String>,
    tag: Option<String>,
    region: Option<String>,
    service: Option<String>,
    normalize_path: Option<bool>,
    custom: Option<CustomConfig>,
    #[serde(default)]
    hide_credentials: bool,
}

/// Which requests are remembered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NonceConfig {
    #[serde(default)]
    required: bool,
}

/// What waits for the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BodyMode {
    /// The body itself.
    #[default]
    Gate,
    /// Head and body.
    Hold,
}

/// Whether bodies need a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BodyDigest {
    Required,
    WithBody,
    IfPresent,
    Ignored,
}

impl VerifyConfig {
    /// `can_hold`: whether the proxy lets heads wait for their bodies.
    pub(super) fn build(
        &self,
        keys: &[Key],
        can_hold: bool,
        tells_consumer: bool,
    ) -> Result<Verify, Problem> {
        let scheme = self.description().build()?;
        let mut places = Vec::new();
        for (index, id) in self.key_ids.iter().flatten().enumerate() {
            places.push(place(keys, id).map_err(|problem| problem.inside(&format!("key_ids[{index}]")))?);
        }
        if self.key_ids.as_ref().is_some_and(Vec::is_empty) || (places.is_empty() && !scheme.names_key()) {
            return Err(Problem::new(
                "key_ids",
                "requests of this `scheme` do not name a key: expected at least one",
            ));
        }
        self.check_time(&scheme)?;
        let hold = self.body_mode == BodyMode::Hold;
        if hold && !can_hold {
            let text = "the proxy hands out no body while the head waits: it needs `allow_on_headers_stop_iteration: true`, \
                        and the VM `MESH_FILTER_HOLD_HEADERS=1` to say so";
            return Err(Problem::new("body_mode", text));
        }
        if tells_consumer && !hold && !scheme.names_key() && scheme.signs_body() {
            let mut consumers = places.iter().filter_map(|place| Some(&keys.get(*place)?.consumer));
            let first = consumers.next();
            if consumers.any(|other| Some(other) != first) {
                let text = "these are several consumers, and which one it is turns out after the head has left: expected one, \
                            or `body_mode: hold`";
                return Err(Problem::new("key_ids", text));
            }
        }
        if self.body_digest.is_some() && !matches!(scheme, Scheme::Rfc9421(_) | Scheme::SigV4(_)) {
            return Err(Problem::new("body_digest", "it says nothing about this `scheme`"));
        }
        if self.max_body_bytes == Some(0) {
            return Err(Problem::new("max_body_bytes", "expected at least 1"));
        }
        let hidden = if self.hide_credentials { scheme.headers() } else { Vec::new() };
        Ok(Verify {
            scheme,
            keys: places,
            max_age: *self.max_age.unwrap_or(MAX_AGE),
            clock_skew: *self.clock_skew.unwrap_or(CLOCK_SKEW),
            nonce: match &self.nonce {
                None => Nonce::Off,
                Some(NonceConfig { required: false }) => Nonce::Remembered,
                Some(NonceConfig { required: true }) => Nonce::Required,
            },
            max_body: self.max_body_bytes.unwrap_or(MAX_BODY) as usize,
            hold,
            hidden,
        })
    }

    fn check_time(&self, scheme: &Scheme) -> Result<(), Problem> {
        if !scheme.has_time() {
            for (field, given) in [
                ("max_age", self.max_age.is_some()),
                ("clock_skew", self.clock_skew.is_some()),
                ("nonce", self.nonce.is_some()),
            ] {
                if given {
                    return Err(Problem::new(field, "signatures of this `scheme` have no time"));
                }
            }
        }
        for (field, span) in [("max_age", self.max_age), ("clock_skew", self.clock_skew)] {
            if span.is_some_and(|span| span > LONGEST_AGE) {
                return Err(Problem::new(field, "expected seven days (168h) or less"));
            }
        }
        let has_nonce = match scheme {
            Scheme::Rfc9421(_) => true,
            Scheme::Custom(custom) => custom.nonce_header.is_some(),
            _ => false,
        };
        match &self.nonce {
            Some(NonceConfig { required: true }) if !has_nonce => {
                Err(Problem::new("nonce.required", "signatures of this `scheme` have no nonce"))
            }
            _ => Ok(()),
        }
    }

    fn description(&self) -> Description<'_> {
        Description {
            scheme: self.scheme,
            components: ("required_components", self.required_components.as_deref()),
            label: self.label.as_deref(),
            tag: self.tag.as_deref(),
            region: self.region.as_deref(),
            service: self.service.as_deref(),
            normalize_path: self.normalize_path,
            custom: self.custom.as_ref(),
            digest: match self.body_digest {
                None | Some(BodyDigest::WithBody) => DigestRule::WithBody,
                Some(BodyDigest::Required) => DigestRule::Required,
                Some(BodyDigest::IfPresent) => DigestRule::IfPresent,
                Some(BodyDigest::Ignored) => DigestRule::Ignored,
            },
        }
    }
}
