//! Judges a claim: its time, its key, the MAC over what was signed, the body's digests.
//!
//! What the head alone decides is decided before the head leaves. A body is seen piece by piece.

use crate::claim::{Canonical, Claim, Message, Scope};
use crate::digest::Digests;
use crate::keys::{Key, Secret};
use crate::mac::{Hash, Mac};
use crate::refusal::Refusal;
use crate::scheme::Scheme;
use mesh_filter_policy::Moment;
use std::time::Duration;

/// Most signatures of a request that are looked at: enough for two keys of each side while they change.
pub(crate) const MOST_SIGNATURES: usize = 8;

/// How requests are verified.
pub(crate) struct Verify {
    pub(crate) scheme: Scheme,
    /// Places of the keys that may sign. Empty: all.
    pub(crate) keys: Vec<usize>,
    /// How old a signature may be.
    pub(crate) max_age: Duration,
    /// How far the signer's clock may be ahead.
    pub(crate) clock_skew: Duration,
    pub(crate) nonce: Nonce,
    /// Most bytes of a body that is looked at.
    pub(crate) max_body: usize,
    /// Whether the head waits for the body.
    pub(crate) hold: bool,
    /// Headers of the signature, where they are taken out.
    pub(crate) hidden: Vec<String>,
}

/// Whether requests are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nonce {
    Off,
    /// By their nonce, or where there is none by their signature.
    Remembered,
    /// By their nonce.
    Required,
}

/// A verification on its way through a body.
pub(crate) struct Verification {
    candidates: Vec<Candidate>,
    signatures: Vec<Vec<u8>>,
    rest: Rest,
    digests: Digests,
    /// Why it is refused where nothing matches.
    otherwise: Refusal,
    matched: Option<Matched>,
    created: Option<Moment>,
    nonce: Option<Vec<u8>>,
}

/// A secret that may have signed.
struct Candidate {
    /// The key's place; `None` for the one that stands in where there is no key.
    key: Option<usize>,
    mac: Mac,
}

/// What the MACs have not seen yet.
enum Rest {
    Nothing,
    /// The body, and these bytes behind it.
    Body(Vec<u8>),
    /// All, since it begins with the body's hash.
    Canonical(Canonical),
}

struct Matched {
    key: usize,
    signature: Vec<u8>,
}

/// What a request is remembered by.
pub(crate) struct Identity {
    /// The key's place.
    pub(crate) key: usize,
    /// Its nonce, or its signature.
    pub(crate) bytes: Vec<u8>,
    pub(crate) created: Moment,
}

/// A request that was signed.
pub(crate) struct Verified {
    /// The key's place.
    pub(crate) key: usize,
    /// Unless it was taken before.
    pub(crate) identity: Option<Identity>,
}

impl Verify {
    /// The claim's time, in the window that is allowed.
    fn check_time(&self, claim: &Claim, now: Moment) -> Result<(), Refusal> {
        let Some(created) = claim.created else {
            return if self.scheme.has_time() { Err(Refusal::TimeMissing) } else { Ok(()) };
        };
        if created.since(now).is_some_and(|ahead| ahead > self.clock_skew) {
            return Err(Refusal::Future);
        }
        if now.since(created).is_some_and(|age| age > self.max_age) {
            return Err(Refusal::Expired);
        }
        if claim.expires.is_some_and(|expires| expires <= now) { Err(Refusal::Expired) } else { Ok(()) }
    }

    /// The places of the keys that may have signed.
    fn keys_of(&self, claim: &Claim, keys: &[Key]) -> Vec<usize> {
        match &claim.key_id {
            None => self.keys.clone(),
            Some(id) => {
                let allowed = |place: &usize| self.keys.is_empty() || self.keys.contains(place);
                let named = keys.iter().position(|key| key.id.as_bytes() == id.as_slice());
                named.filter(allowed).into_iter().collect()
            }
        }
    }
}

impl Verification {
    /// Begins; `stand_in` is compared with where there is no secret, so that nobody can measure which keys there are.
    ///
    /// # Errors
    /// What is wrong as far as the head shows.
    pub(crate) fn begin(
        claim: Claim,
        rule: &Verify,
        keys: &[Key],
        stand_in: &Secret,
        now: Moment,
    ) -> Result<Self, Refusal> {
        rule.check_time(&claim, now)?;
        if rule.nonce == Nonce::Required && claim.nonce.is_none() {
            return Err(Refusal::NonceMissing);
        }
        if claim.signatures.len() > MOST_SIGNATURES {
            return Err(Refusal::Malformed);
        }
        let places = rule.keys_of(&claim, keys);
        let mut otherwise = if places.is_empty() { Refusal::KeyUnknown } else { Refusal::KeyNotValid };
        let mut candidates = Vec::new();
        for (place, key) in places.iter().filter_map(|place| Some((*place, keys.get(*place)?))) {
            for secret in key.secrets.iter().filter(|secret| secret.is_valid(now)) {
                otherwise = Refusal::Signature;
                candidates.push(Candidate::new(Some(place), secret, claim.hash, claim.scope.as_ref()));
            }
        }
        if candidates.is_empty() {
            candidates.push(Candidate::new(None, stand_in, claim.hash, claim.scope.as_ref()));
        }
        let (known, rest) = match claim.message {
            Message::Head(bytes) => (bytes, Rest::Nothing),
            Message::Around(before, after) => (before, Rest::Body(after)),
            Message::Canonical(canonical) => (Vec::new(), Rest::Canonical(canonical)),
        };
        let mut verification = Self {
            candidates,
            signatures: claim.signatures,
            rest,
            digests: claim.digests,
            otherwise,
            matched: None,
            created: claim.created,
            nonce: claim.nonce,
        };
        verification.feed(&known);
        if matches!(verification.rest, Rest::Nothing) {
            verification.settle()?;
        }
        Ok(verification)
    }

    /// Whether the body has a part in it.
    pub(crate) fn needs_body(&self) -> bool {
        !matches!(self.rest, Rest::Nothing) || !self.digests.is_empty()
    }

    /// Whether the signature is valid, whatever becomes of the body.
    pub(crate) fn is_settled(&self) -> bool {
        self.matched.is_some()
    }

    /// What the request is remembered by, once: as soon as its signature is valid, and if it has a time.
    pub(crate) fn take_identity(&mut self) -> Option<Identity> {
        let matched = self.matched.as_ref()?;
        let created = self.created.take()?;
        let bytes = self.nonce.take().unwrap_or_else(|| matched.signature.clone());
        Some(Identity { key: matched.key, bytes, created })
    }

    /// The key, as far as it is known before the body: the one that all candidates are of.
    pub(crate) fn key(&self) -> Option<usize> {
        if let Some(matched) = &self.matched {
            return Some(matched.key);
        }
        self.candidates.first().and_then(|candidate| candidate.key)
    }

    /// Sees a piece of the body.
    pub(crate) fn update(&mut self, piece: &[u8]) {
        match &mut self.rest {
            Rest::Nothing => {}
            Rest::Body(_) => self.feed(piece),
            Rest::Canonical(canonical) => canonical.payload.update(piece),
        }
        self.digests.update(piece);
    }

    /// The verdict, once the whole body was seen.
    pub(crate) fn finish(mut self) -> Result<Verified, Refusal> {
        match std::mem::replace(&mut self.rest, Rest::Nothing) {
            Rest::Nothing => {}
            Rest::Body(after) => {
                self.feed(&after);
                self.settle()?;
            }
            Rest::Canonical(canonical) => {
                self.feed(&canonical.finish());
                self.settle()?;
            }
        }
        let identity = self.take_identity();
        let matched = self.matched.ok_or(self.otherwise)?;
        if !self.digests.hold() {
            return Err(Refusal::Digest);
        }
        Ok(Verified { key: matched.key, identity })
    }

    fn feed(&mut self, bytes: &[u8]) {
        for candidate in &mut self.candidates {
            candidate.mac.update(bytes);
        }
    }

    /// Compares all MACs with all signatures, each in constant time, and all of them also after one was found.
    fn settle(&mut self) -> Result<(), Refusal> {
        for candidate in &self.candidates {
            for signature in &self.signatures {
                let same = candidate.mac.clone().verify(signature);
                if let (true, Some(key), None) = (same, candidate.key, &self.matched) {
                    self.matched = Some(Matched { key, signature: signature.clone() });
                }
            }
        }
        if self.matched.is_some() { Ok(()) } else { Err(self.otherwise) }
    }
}

impl Candidate {
    fn new(key: Option<usize>, secret: &Secret, hash: Hash, scope: Option<&Scope>) -> Self {
        Self { key, mac: secret.mac(hash, scope) }
    }
}
