//! Keys: who signs, by which secrets, and when those count.

use crate::keys::{Key, Secret};
use mesh_filter::{Setup, log};
use mesh_filter_policy::{Moment, Problem, SecretConfig, SecretEncoding};
use serde::Deserialize;

/// Below this a secret can be found by trying.
const SHORT: usize = 16;

/// Somebody who signs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyConfig {
    id: String,
    consumer: Option<String>,
    secrets: Vec<KeySecretConfig>,
}

/// A [`SecretConfig`], with the time in which it counts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeySecretConfig {
    inline_string: Option<String>,
    environment_variable: Option<String>,
    #[serde(default)]
    encoding: SecretEncoding,
    not_before: Option<Moment>,
    not_after: Option<Moment>,
    #[serde(default)]
    status: Status,
}

/// What a secret is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// To verify, and to sign.
    #[default]
    Active,
    /// To verify alone.
    VerifyOnly,
}

impl std::fmt::Debug for KeySecretConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeySecretConfig").field("status", &self.status).finish_non_exhaustive()
    }
}

/// The keys, each with a name of its own.
pub(super) fn build(configs: Vec<KeyConfig>, setup: &Setup) -> Result<Vec<Key>, Problem> {
    let mut keys: Vec<Key> = Vec::new();
    for (index, config) in configs.into_iter().enumerate() {
        let place = format!("keys[{index}]");
        let key = config.build(setup).map_err(|problem| problem.inside(&place))?;
        if keys.iter().any(|known| known.id == key.id) {
            return Err(Problem::new(format!("{place}.id"), format!("there are two keys `{}`", key.id)));
        }
        keys.push(key);
    }
    Ok(keys)
}

impl KeyConfig {
    fn build(self, setup: &Setup) -> Result<Key, Problem> {
        let consumer = self.consumer.unwrap_or_else(|| self.id.clone());
        for (place, name) in [("id", &self.id), ("consumer", &consumer)] {
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
                return Err(Problem::new(place, "expected printable ASCII"));
            }
        }
        if self.secrets.is_empty() {
            return Err(Problem::new("secrets", "expected at least one"));
        }
        let mut secrets = Vec::new();
        for (index, secret) in self.secrets.into_iter().enumerate() {
            let secret = secret.build(&self.id, setup);
            secrets.push(secret.map_err(|problem| problem.inside(&format!("secrets[{index}]")))?);
        }
        Ok(Key { id: self.id, consumer, secrets })
    }
}

impl KeySecretConfig {
    fn build(self, id: &str, setup: &Setup) -> Result<Secret, Problem> {
        let Self { inline_string, environment_variable, encoding, not_before, not_after, status } = self;
        if not_before.zip(not_after).is_some_and(|(start, end)| end <= start) {
            return Err(Problem::new("not_after", "expected a moment after `not_before`"));
        }
        let bytes = SecretConfig { inline_string, environment_variable, encoding }.read(setup)?;
        if bytes.len() < SHORT {
            log::warn!("a secret of key `{id}` has {} bytes only: expected {SHORT} or more", bytes.len());
        }
        Ok(Secret::new(bytes, not_before, not_after, status == Status::Active))
    }
}

/// The place of a key by its name.
pub(super) fn place(keys: &[Key], id: &str) -> Result<usize, Problem> {
    keys.iter().position(|key| key.id == id).ok_or_else(|| {
        let known: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
        Problem::new("", format!("there is no key `{id}`; there are: `{}`", known.join("`, `")))
    })
}
