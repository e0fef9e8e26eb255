//! The tokens that one request presents, found when a requirement asks for them.

use crate::config::MultipleTokens;
use crate::provider::{Provider, Unproven, Verified};
use crate::refusal::Refusal;
use crate::rules::{Invalid, Tokens, Wait};
use mesh_filter::Request;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::time::Duration;

/// More tokens than this nobody has, who does not want signatures to be checked for nothing.
const MOST_TOKENS: usize = 4;

/// A request as requirements see it.
pub(crate) struct Presented<'r> {
    providers: &'r [Provider],
    multiple: MultipleTokens,
    now: Cell<Duration>,
    request: &'r Request,
    found: Vec<OnceCell<Vec<Found<'r>>>>,
    /// For what it has waited: never twice for the same.
    waited: RefCell<Vec<Wait>>,
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
        Self { providers, multiple, now: Cell::new(now), request, found, waited: RefCell::default() }
    }

    /// Waits for keys.
    pub(crate) async fn wait(&self, wait: Wait, clock: impl Fn() -> Duration) {
        self.waited.borrow_mut().push(wait);
        if let Some(provider) = self.providers.get(wait.provider) {
            provider.fetch(wait.newer).await;
        }
        self.now.set(clock());
    }

    /// What becomes of a token that cannot be judged as it is: it waits, once.
    fn invalid(&self, provider: usize, unproven: Unproven) -> Invalid {
        let (newer, otherwise) = match unproven {
            Unproven::Refused(refusal) => return refusal.into(),
            Unproven::NoKeys => (false, Refusal::NoKeys),
            Unproven::OldKeys => (true, Refusal::KeyUnknown),
        };
        let wait = Wait { provider, newer };
        if self.waited.borrow().contains(&wait) { otherwise.into() } else { Invalid::Waiting(wait) }
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

    fn verify(&self, index: usize, audiences: Option<&[String]>) -> Result<Vec<Valid>, Invalid> {
        let found = self.find(index);
        let places: usize = found.iter().map(|found| found.locations.len()).sum();
        if found.len() > MOST_TOKENS || (self.multiple == MultipleTokens::Reject && places > 1) {
            return Err(Refusal::TooMany.into());
        }
        let (Some(provider), false) = (self.providers.get(index), found.is_empty()) else {
            return Err(Refusal::Missing.into());
        };
        let verify = |found: &Found<'_>| {
            let verified = provider.verify(&found.token, self.now.get(), audiences);
            let verified = verified.map_err(|unproven| self.invalid(index, unproven))?;
            let payload = match provider.payload_header {
                Some(_) => found.token.split(|byte| *byte == b'.').nth(1).unwrap_or_default().to_vec(),
                None => Vec::new(),
            };
            Ok(Valid { provider: index, verified, locations: found.locations.clone(), payload })
        };
        found.iter().map(verify).collect()
    }
}
