//! How requests to upstreams are signed, as configurations write it.

use super::keys::place;
use super::scheme::{CustomConfig, Description, SchemeName};
use crate::keys::Key;
use crate::scheme::{DigestRule, Scheme};
use crate::sign::Sign;
use mesh_filter::Setup;
use mesh_filter::clock::Span;
use mesh_filter_policy::{MatchConfig, Problem, SecretConfig};
use serde::Deserialize;

/// Unless it is set: most bytes of a body that is signed.
const MAX_BODY: u32 = 1 << 20;

/// The requests that are signed, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignConfig {
    r#match: MatchConfig,
    scheme: SchemeName,
    key_id: String,
    #[serde(default)]
    sign_body: bool,
    max_body_bytes: Option<u32>,
    components: Option<Vec<String>>,
    label: Option<String>,
    tag: Option<String>,
    expires_after: Option<Span>,
    #[serde(default)]
    nonce: bool,
    region: Option<String>,
    service: Option<String>,
    normalize_path: Option<bool>,
    access_key_id: Option<SecretConfig>,
    session_token: Option<SecretConfig>,
    custom: Option<CustomConfig>,
}

impl SignConfig {
    pub(super) fn build(&self, keys: &[Key], can_hold: bool, setup: &Setup) -> Result<Sign, Problem> {
        let matches = self.r#match.build().map_err(|problem| problem.inside("match"))?;
        let key = place(keys, &self.key_id).map_err(|problem| problem.inside("key_id"))?;
        if !keys.get(key).is_some_and(|key| key.secrets.iter().any(|secret| secret.signs)) {
            return Err(Problem::new(
                "key_id",
                format!("no secret of `{}` is there to sign by", self.key_id),
            ));
        }
        let mut scheme = self.description().build()?;
        self.complete(&mut scheme, setup)?;
        let body = self.sign_body || scheme.signs_body();
        if body && !can_hold {
            let place = if self.sign_body { "sign_body" } else { "scheme" };
            let text = "a body is signed before its head leaves, and the proxy does not allow that: it needs \
                        `allow_on_headers_stop_iteration: true`, and the VM `MESH_FILTER_HOLD_HEADERS=1` to say so";
            return Err(Problem::new(place, text));
        }
        if self.max_body_bytes.is_some() && !body {
            return Err(Problem::new("max_body_bytes", "the body is not signed"));
        }
        Ok(Sign { matches, scheme, key, body, max_body: self.max_body_bytes.unwrap_or(MAX_BODY) as usize })
    }

    /// What only signers have.
    fn complete(&self, scheme: &mut Scheme, setup: &Setup) -> Result<(), Problem> {
        let text = |config: &Option<SecretConfig>, place: &str| {
            config
                .as_ref()
                .map(|config| config.read(setup).map_err(|problem| problem.inside(place)))
                .transpose()
        };
        let mut known: &[&str] = &[];
        match scheme {
            Scheme::Rfc9421(scheme) => {
                known = &["expires_after", "nonce", "sign_body"];
                scheme.lifetime =
                    self.expires_after.map(|span| i64::try_from(span.as_secs()).unwrap_or(i64::MAX));
                scheme.nonce = self.nonce;
            }
            Scheme::SigV4(scheme) => {
                known = &["access_key_id", "session_token", "sign_body"];
                let id = text(&self.access_key_id, "access_key_id")?.map(String::from_utf8).transpose();
                let id = id
                    .ok()
                    .filter(|id| id.as_ref().is_none_or(|id| id.bytes().all(|byte| byte.is_ascii_graphic())));
                scheme.access_key_id =
                    id.ok_or_else(|| Problem::new("access_key_id", "expected printable ASCII"))?;
                scheme.session_token = text(&self.session_token, "session_token")?;
            }
            _ => {}
        }
        let given = [
            ("expires_after", self.expires_after.is_some()),
            ("nonce", self.nonce),
            ("sign_body", self.sign_body),
            ("access_key_id", self.access_key_id.is_some()),
            ("session_token", self.session_token.is_some()),
        ];
        match given.iter().find(|(field, given)| *given && !known.contains(field)) {
            Some((field, _)) => Err(Problem::new(*field, "it says nothing about this `scheme`")),
            None => Ok(()),
        }
    }

    fn description(&self) -> Description<'_> {
        Description {
            scheme: self.scheme,
            components: ("components", self.components.as_deref()),
            label: self.label.as_deref(),
            tag: self.tag.as_deref(),
            region: self.region.as_deref(),
            service: self.service.as_deref(),
            normalize_path: self.normalize_path,
            custom: self.custom.as_ref(),
            digest: DigestRule::Ignored,
        }
    }
}
