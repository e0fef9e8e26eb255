//! The keys of the issuer: fetched when a request needs them, once for all that wait.

use crate::config::Jwks;
use crate::refusal::Refusal;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;
use mesh_filter::clock::Instant;
use mesh_filter::flight::Group;
use mesh_filter::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A set younger than this is not fetched again for a key that is not in it: tokens with made-up
/// keys must not become requests.
const MIN_AGE: std::time::Duration = secs(5);

/// The keys of the issuer.
pub(crate) struct Keys {
    source: Rc<Jwks>,
    errors: Counter,
    fetches: Group<(), KeySet>,
    current: RefCell<Option<Rc<KeySet>>>,
}

/// Keys by name, and when they were fetched.
struct KeySet {
    keys: BTreeMap<String, Rc<DecodingKey>>,
    at: Instant,
}

impl Keys {
    pub(crate) fn new(source: Jwks, errors: Counter) -> Self {
        Self { source: Rc::new(source), errors, fetches: Group::new(), current: RefCell::default() }
    }

    /// The key with this name. One that is not known may be new: then the keys are fetched again.
    pub(crate) async fn find(&self, kid: &str) -> Result<Rc<DecodingKey>, Refusal> {
        let current = self.current.borrow().clone().filter(|set| set.at.elapsed() < *self.source.ttl);
        let set = match current {
            Some(set) if set.keys.contains_key(kid) || set.at.elapsed() < MIN_AGE => set,
            _ => self.fetch().await?,
        };
        set.keys.get(kid).cloned().ok_or(Refusal::KeyUnknown)
    }

    async fn fetch(&self) -> Result<Rc<KeySet>, Refusal> {
        let (source, errors) = (Rc::clone(&self.source), self.errors.clone());
        let fetch = async move || {
            fetch(&source).await.inspect_err(|error| {
                errors.increment(1);
                log::warn!("no jwks from `{}`: {error}", source.cluster);
            })
        };
        let set = self.fetches.run((), fetch).await.map_err(|_| Refusal::NoKeys)?;
        self.current.replace(Some(Rc::clone(&set)));
        Ok(set)
    }
}

async fn fetch(source: &Jwks) -> Result<KeySet> {
    let reply = call::get(&source.cluster, &source.path).timeout(*source.timeout).send().await?;
    if reply.status() != 200 {
        return Err(Error::new(format!("status {}", reply.status())));
    }
    let set: JwkSet = serde_json::from_slice(reply.body())?;
    let mut keys = BTreeMap::new();
    for jwk in &set.keys {
        // A set may have keys of kinds that are not for us.
        if let (Some(kid), Ok(key)) = (&jwk.common.key_id, DecodingKey::from_jwk(jwk)) {
            keys.insert(kid.clone(), Rc::new(key));
        }
    }
    Ok(KeySet { keys, at: clock::monotonic() })
}
