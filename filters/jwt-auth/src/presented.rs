//! The tokens that one request presents, found when a requirement asks for them.

use crate::config::MultipleTokens;
use crate::provider::{Provider, Verified};
use crate::refusal::Refusal;
use crate::rules::Tokens;
use mesh_filter::Request;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::time::Duration;

/// More tokens than this nobody has, who does not want signatures to be checked for nothing.
const MOST_TOKENS: usize = 4;

/// A request as requirements see it.
pub(crate) struct Presented<'r> {
    providers: &'r [Provider],
    multiple: MultipleTokens,
    now: Duration,
    request: &'r Request,
    found: Vec<OnceCell<Vec<Found<'r>>>>,
}

/// A token, and where it stands among the provider's locations.
#[derive(Debug)]
struct Found<'r> {
    token: Cow<'r, [u8]>,
    locations: Vec<usize>,
}

/// A valid token of a provider.
#[derive(Debug)]
pub(crate) struct Valid {
    pub(crate) provider: usize,
    pub(crate) verified: Verified,
    pub(crate) locations: Vec<usize>,
    /// The payload as it stands in the token.
    pub(crate) payload: Vec<u8>,
}

impl<'r> Presented<'r> {
    pub(crate) fn new(
        request: &'r Request,
        providers: &'r [Provider],
        multiple: MultipleTokens,
        now: Duration,
    ) -> Self {
        let found = providers.iter().map(|_| OnceCell::new()).collect();
        Self { providers, multiple, now, request, found }
    }

    /// The tokens where a provider looks, each of them once.
    fn find(&self, provider: usize) -> &[Found<'r>] {
        let (Some(found), Some(provider)) = (self.found.get(provider), self.providers.get(provider)) else {
            return &[];
        };
        found.get_or_init(|| {
            let mut all: Vec<Found<'r>> = Vec::new();
            for (index, location) in provider.locations.iter().enumerate() {
                for token in location.tokens(self.request) {
                    match all.iter_mut().find(|found| found.token == token) {
                        Some(found) if found.locations.last() == Some(&index) => {}
                        Some(found) => found.locations.push(index),
                        None => all.push(Found { token, locations: vec![index] }),
                    }
                }
            }
            all
        })
    }
}

impl Tokens for Presented<'_> {
    type Valid = Valid;

    fn has_any(&self, provider: usize) -> bool {
        !self.find(provider).is_empty()
    }

    fn verify(&self, index: usize, audiences: Option<&[String]>) -> Result<Vec<Valid>, Refusal> {
        let found = self.find(index);
        let places: usize = found.iter().map(|found| found.locations.len()).sum();
        if found.len() > MOST_TOKENS || (self.multiple == MultipleTokens::Reject && places > 1) {
            return Err(Refusal::TooMany);
        }
        let (Some(provider), false) = (self.providers.get(index), found.is_empty()) else {
            return Err(Refusal::Missing);
        };
        let verify = |found: &Found<'_>| {
            let verified = provider.verify(&found.token, self.now, audiences)?;
            let payload = match provider.payload_header {
                Some(_) => found.token.split(|byte| *byte == b'.').nth(1).unwrap_or_default().to_vec(),
                None => Vec::new(),
            };
            Ok(Valid { provider: index, verified, locations: found.locations.clone(), payload })
        };
        found.iter().map(verify).collect()
    }
}
