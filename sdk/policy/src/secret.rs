//! Secrets: in the configuration, or better in the environment, in one of several spellings.

use crate::{Encoding, Problem};
use mesh_filter::Setup;
use serde::{Deserialize, Deserializer};
use std::fmt;

/// What secrets of Standard Webhooks begin with; the rest is base64.
const WHSEC: &str = "whsec_";

/// Where a secret stands, and how it is written: `{environment_variable: NAME, encoding: base64}`, or `{inline_string: TEXT}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::exhaustive_structs,
    reason = "configurations that have more beside it make it of their own fields"
)]
pub struct SecretConfig {
    /// The secret itself. Who reads the configuration reads it too.
    pub inline_string: Option<String>,
    /// The variable of the plugin's environment in which it stands.
    pub environment_variable: Option<String>,
    /// How it is written there.
    #[serde(default)]
    pub encoding: SecretEncoding,
}

/// How a secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretEncoding {
    /// As bytes are.
    Bytes(Encoding),
    /// `whsec_` and base64, as Standard Webhooks have it.
    Whsec,
}

impl Default for SecretEncoding {
    fn default() -> Self {
        Self::Bytes(Encoding::Text)
    }
}

impl<'de> Deserialize<'de> for SecretEncoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Names {
            Text,
            Base64,
            Base64url,
            Hex,
            Whsec,
        }

        Ok(match Names::deserialize(deserializer)? {
            Names::Text => Self::Bytes(Encoding::Text),
            Names::Base64 => Self::Bytes(Encoding::Base64),
            Names::Base64url => Self::Bytes(Encoding::Base64url),
            Names::Hex => Self::Bytes(Encoding::Hex),
            Names::Whsec => Self::Whsec,
        })
    }
}

impl SecretConfig {
    /// The secret.
    ///
    /// # Errors
    /// Unless there is exactly one place, and something in it that is written as it is said to be. The secret itself is never
    /// repeated.
    pub fn read(&self, setup: &Setup) -> Result<Vec<u8>, Problem> {
        let (text, place) = match (&self.inline_string, &self.environment_variable) {
            (Some(text), None) => (text.clone(), "inline_string"),
            (None, Some(name)) => {
                let place = "environment_variable";
                let value = setup.environment_variable(name);
                (value.ok_or_else(|| Problem::new(place, format!("there is no variable `{name}`")))?, place)
            }
            _ => return Err(Problem::new("", "expected one of `inline_string` and `environment_variable`")),
        };
        if text.is_empty() {
            return Err(Problem::new(place, "the secret is empty"));
        }
        let decoded = match self.encoding {
            SecretEncoding::Bytes(encoding) => encoding.decode(text.as_bytes()),
            SecretEncoding::Whsec => {
                text.strip_prefix(WHSEC).and_then(|rest| Encoding::Base64.decode(rest.as_bytes()))
            }
        };
        let written = match self.encoding {
            SecretEncoding::Bytes(Encoding::Base64) => "base64, with padding and without line breaks",
            SecretEncoding::Bytes(Encoding::Base64url) => "base64url, without padding and line breaks",
            SecretEncoding::Bytes(_) => "hexadecimal digits, two for each byte",
            SecretEncoding::Whsec => "`whsec_` and base64",
        };
        let decoded = decoded.filter(|bytes| !bytes.is_empty());
        decoded.ok_or_else(|| {
            Problem::new(place, format!("the secret is not what `encoding` says: expected {written}"))
        })
    }
}

impl fmt::Debug for SecretConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretConfig").field("encoding", &self.encoding).finish_non_exhaustive()
    }
}
