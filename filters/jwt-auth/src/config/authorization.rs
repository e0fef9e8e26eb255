//! What a rule asks of valid tokens: scopes and claims.

use crate::claims::{Authorization, ClaimMatch, ClaimPath};
use mesh_filter_policy::{Problem, TextConfig};
use serde::Deserialize;

/// Beyond Envoy: what a valid token must say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthorizationConfig {
    #[serde(default)]
    scopes_any: Vec<String>,
    #[serde(default)]
    scopes_all: Vec<String>,
    #[serde(default)]
    claims: Vec<ClaimConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimConfig {
    claim_name: String,
    string_match: Option<TextConfig>,
    #[serde(default)]
    items: Items,
}

/// Which items of an array must be as the condition says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Items {
    #[default]
    Any,
    All,
}

impl AuthorizationConfig {
    pub(crate) fn build(&self) -> Result<Authorization, Problem> {
        for (place, scopes) in [("scopes_any", &self.scopes_any), ("scopes_all", &self.scopes_all)] {
            if let Some(index) = scopes.iter().position(|scope| !is_scope(scope)) {
                return Err(Problem::new(
                    format!("{place}[{index}]"),
                    "expected a scope: printable ASCII without spaces, `\"` and `\\`",
                ));
            }
        }
        if self.scopes_any.is_empty() && self.scopes_all.is_empty() && self.claims.is_empty() {
            return Err(Problem::new("", "expected `scopes_any`, `scopes_all` or `claims`"));
        }
        let claim = |(index, claim): (usize, &ClaimConfig)| {
            let place = format!("claims[{index}]");
            if claim.claim_name.is_empty() {
                return Err(Problem::new(format!("{place}.claim_name"), "expected a name"));
            }
            if claim.string_match.is_none() && claim.items == Items::All {
                return Err(Problem::new(format!("{place}.items"), "there is no `string_match` for items"));
            }
            let text = claim.string_match.as_ref().map(TextConfig::build).transpose();
            Ok(ClaimMatch {
                claim: ClaimPath::new(claim.claim_name.clone()),
                text: text.map_err(|problem| problem.inside(&format!("{place}.string_match")))?,
                all: claim.items == Items::All,
            })
        };
        Ok(Authorization {
            scopes_any: self.scopes_any.clone(),
            scopes_all: self.scopes_all.clone(),
            claims: self.claims.iter().enumerate().map(claim).collect::<Result<_, _>>()?,
        })
    }
}

/// RFC 6749, section 3.3.
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}
