//! A provider: one source of tokens, with all that is needed to judge them.

use crate::cache::Cache;
use crate::claims::{Claims, Expected, Forward};
use crate::crypto::Algorithm;
use crate::keys::Keys;
use crate::refusal::Refusal;
use crate::token::{Jws, Location};
use mesh_filter::HeaderName;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// A provider.
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) locations: Vec<Location>,
    pub(crate) algorithms: Vec<Algorithm>,
    /// The types that a token may have; any where there are none.
    pub(crate) types: Option<Vec<String>>,
    pub(crate) keys: Keys,
    pub(crate) expected: Expected,
    /// Whether its tokens are taken out of requests.
    pub(crate) strip: bool,
    pub(crate) forwards: Vec<Forward>,
    /// The header for the payload, and whether it is padded.
    pub(crate) payload_header: Option<(HeaderName, bool)>,
    pub(crate) cache: Cache,
}

/// A token that was found to be valid.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub(crate) claims: Rc<Claims>,
    /// Whether its signature had been verified before.
    pub(crate) cached: bool,
}

/// A token that cannot be judged as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unproven {
    Refused(Refusal),
    /// There are no keys yet.
    NoKeys,
    /// Its key is not among those at hand, which may be too old to have it.
    OldKeys,
}

impl From<Refusal> for Unproven {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Provider {
    /// Judges a token at this time (since 1970).
    ///
    /// What costs little comes first: nobody makes this filter fetch keys for tokens that have expired, or check signatures
    /// of another issuer's.
    pub(crate) fn verify(
        &self,
        token: &[u8],
        now: Duration,
        audiences: Option<&[String]>,
    ) -> Result<Verified, Unproven> {
        let keys = self.keys.current().map(|(keys, others)| {
            if others {
                self.cache.clear();
            }
            keys
        });
        if let Some(claims) = keys.as_ref().and_then(|_| self.cache.get(token)) {
            self.expected.check(&claims, now, audiences)?;
            return Ok(Verified { claims, cached: true });
        }
        let jws = Jws::read(token)?;
        if !self.algorithms.contains(&jws.header.algorithm) {
            return Err(Refusal::Algorithm.into());
        }
        if let Some(types) = &self.types
            && !jws.header.kind.as_ref().is_some_and(|kind| types.contains(kind))
        {
            return Err(Refusal::Type.into());
        }
        let claims = Claims::read(&jws.payload)?;
        self.expected.check(&claims, now, audiences)?;
        match keys.ok_or(Unproven::NoKeys)?.verify(&jws) {
            Err(Refusal::KeyUnknown) if self.may_have_new_keys() => return Err(Unproven::OldKeys),
            verdict => verdict?,
        }
        let claims = Rc::new(claims);
        self.cache.put(token, &claims);
        Ok(Verified { claims, cached: false })
    }

    fn may_have_new_keys(&self) -> bool {
        match &self.keys {
            Keys::Local(_) => false,
            Keys::Remote(remote) => remote.may_have_new(),
        }
    }

    /// Waits for keys, or for newer ones.
    pub(crate) async fn fetch(&self, newer: bool) {
        match &self.keys {
            Keys::Local(_) => {}
            Keys::Remote(remote) if newer => remote.refetch().await,
            Keys::Remote(remote) => remote.load().await,
        }
    }

    /// The headers that only this filter may set.
    pub(crate) fn owned_headers(&self) -> impl Iterator<Item = &HeaderName> {
        let payload = self.payload_header.iter().map(|(name, _)| name);
        self.forwards.iter().map(|forward| &forward.header).chain(payload)
    }
}

impl fmt::Debug for Provider {
    /// Without its keys, which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("name", &self.name)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}
