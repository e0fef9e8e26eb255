//! Verifies requests that are signed with shared secrets (HMAC), and signs those to upstreams.
//!
//! ```text
//!   config ── build ──► policy: keys, rules, sign
//!                          │
//!   request ── sanitize ── rules ── scheme ──► claim ── verify ──► nonces ── passing ── sign ──► upstream
//!              (header     (which   (reads     (key, time,   │    (over all (consumer)  │
//!               of ours)    scheme)  headers)   signature,   │     workers)             └─ scheme ── draft
//!                                               what it      │
//!                                               covers)      body, piece by piece
//!                                                  │
//!                                                  ▼
//!                                               refusal
//! ```
//!
//! A scheme is a pure function from a head to a claim; one place judges claims. What the head alone decides is decided before it
//! leaves. Where the body has a part in it, the head leaves and the body waits (`gate`), or both wait (`hold`).
//!
//! Reading order: `config` (what can be said), `claim`, `scheme`, `verify`, `nonces`, `refusal`, `sign`.

mod claim;
mod config;
mod digest;
mod head;
mod keys;
mod mac;
mod metrics;
mod nonces;
mod refusal;
mod scheme;
mod sign;
mod structured;
mod verify;

pub use config::Config;

use config::{Policy, Unmatched};
use head::Head;
use mesh_filter::body::BodyError;
use mesh_filter::prelude::*;
use mesh_filter_policy::Moment;
use metrics::Metrics;
use refusal::Refusal;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use verify::{Identity, Nonce, Verification, Verified, Verify};

/// The filter.
pub struct HmacAuth(Rc<Inner>);

struct Inner {
    policy: Policy,
    metrics: Metrics,
}

impl Filter for HmacAuth {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        let metrics = Metrics::new(setup, config.stat_prefix.as_deref())?;
        Ok(Self(Rc::new(Inner { policy: config.build(setup)?, metrics })))
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let inner = &self.0;
        let is_grpc = request.headers().is_grpc();
        inner.policy.owned.remove_from(&mut request)?;
        let rule = inner.policy.rules.iter().position(|rule| rule.matches.matches(&request));
        let verdict = match inner.judge(&mut request, rule).await? {
            Ok(verdict) => verdict,
            Err(refusal) => match inner.refuse(refusal, rule, is_grpc)? {
                Some(reply) => return Ok(reply),
                None => None,
            },
        };
        if let Some(sign) = inner.policy.sign.iter().find(|sign| sign.matches.matches(&request)) {
            if let Err(refusal) = sign.sign(&mut request, &inner.policy.keys, Moment::now()).await? {
                inner.metrics.refuse(refusal, false);
                return Ok(refusal.response(&inner.policy.manner, &[], is_grpc)?);
            }
            inner.metrics.signed.increment(1);
        }
        let response = next.run(request).await?;
        if verdict.is_some_and(|verdict| !verdict.get())
            && let Some(reply) = inner.refuse(Refusal::Unchecked, rule, is_grpc)?
        {
            return Ok(reply);
        }
        Ok(response)
    }
}

impl Inner {
    /// Says whether the request may pass. Where its signature is about a body that has not come yet, the body will wait for the
    /// verdict, and the answer tells whether there is one.
    async fn judge(
        self: &Rc<Self>,
        request: &mut Request,
        rule: Option<usize>,
    ) -> Result<Result<Option<Rc<Cell<bool>>>, Refusal>> {
        let verify = match rule.and_then(|rule| self.policy.rules.get(rule)) {
            Some(rule) => rule.verify.as_ref().map(|verify| (verify, rule.shadow)),
            None if self.policy.unmatched == Unmatched::Deny => return Ok(Err(Refusal::NoRule)),
            None => None,
        };
        let Some((verify, shadow)) = verify else {
            self.metrics.anonymous.increment(1);
            return Ok(Ok(None));
        };
        let now = Moment::now();
        let head = Head::of(request);
        let begun = verify.scheme.claim(&head).and_then(|claim| {
            Verification::begin(claim, verify, &self.policy.keys, &self.policy.stand_in, now)
        });
        let mut verification = match begun {
            Ok(verification) => verification,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if head.has_body && verification.needs_body() {
            let limit = u64::try_from(verify.max_body).unwrap_or(u64::MAX);
            if head.content_length().is_some_and(|length| length > limit) {
                return Ok(Err(Refusal::BodyTooLarge));
            }
            if !verify.hold {
                // A head that is signed leaves once, whatever becomes of its body.
                if let Some(identity) = verification.take_identity()
                    && let Err(refusal) = self.remember(verify, &identity, now)
                {
                    return Ok(Err(refusal));
                }
                self.carry(request, verify, verification.key().filter(|_| !shadow))?;
                return Ok(Ok(self.gate(request, verification, rule, now)));
            }
            match request.watch_body(verify.max_body, |piece| verification.update(piece)).await {
                Err(BodyError::TooLarge { .. }) => return Ok(Err(Refusal::BodyTooLarge)),
                watched => watched?,
            }
        }
        match self.conclude(verification, verify, now) {
            Ok(key) => {
                self.carry(request, verify, Some(key))?;
                Ok(Ok(None))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Lets the head go and keeps the body until the verdict. Answers where it will be told, unless the head's signature is
    /// valid already: then only the body is in doubt.
    fn gate(
        self: &Rc<Self>,
        request: &mut Request,
        verification: Verification,
        rule: Option<usize>,
        now: Moment,
    ) -> Option<Rc<Cell<bool>>> {
        let is_grpc = request.headers().is_grpc();
        let limit = rule.and_then(|rule| self.verify(rule)).map_or(0, |verify| verify.max_body);
        let verdict = (!verification.is_settled()).then(|| Rc::new(Cell::new(false)));
        let told = verdict.clone();
        let watching = Rc::new(RefCell::new(verification));
        let deciding = Rc::clone(&watching);
        let inner = Rc::clone(self);
        let look = move |piece: &[u8]| watching.borrow_mut().update(piece);
        request.gate_watched(limit, look, async move |watched| {
            // Nobody looks any more.
            let concluded =
                match (watched, Rc::try_unwrap(deciding), rule.and_then(|rule| inner.verify(rule))) {
                    (Ok(()), Ok(verification), Some(verify)) => {
                        inner.conclude(verification.into_inner(), verify, now).map(drop)
                    }
                    (Err(BodyError::TooLarge { .. }), ..) => Err(Refusal::BodyTooLarge),
                    (Err(error), ..) => return Err(error.into()),
                    _ => Err(Refusal::Unchecked),
                };
            if let Some(told) = told {
                told.set(true);
            }
            match concluded.map_or_else(|refusal| inner.refuse(refusal, rule, is_grpc), |()| Ok(None))? {
                Some(reply) => Ok(Gate::Reply(reply)),
                None => Ok(Gate::Open),
            }
        });
        verdict
    }

    /// The verdict over a request that was seen as a whole: the place of the key that signed it.
    fn conclude(&self, verification: Verification, verify: &Verify, now: Moment) -> Result<usize, Refusal> {
        let Verified { key, identity } = verification.finish()?;
        if let Some(identity) = identity {
            self.remember(verify, &identity, now)?;
        }
        self.metrics.allowed.increment(1);
        Ok(key)
    }

    /// Refuses what was received before, where the rule says so.
    fn remember(&self, verify: &Verify, identity: &Identity, now: Moment) -> Result<(), Refusal> {
        match (&self.policy.nonces, self.policy.keys.get(identity.key)) {
            (Some(nonces), Some(key)) if verify.nonce != Nonce::Off => {
                nonces.accept(&key.id, &identity.bytes, identity.created, now)
            }
            _ => Ok(()),
        }
    }

    /// What a request carries on that passes: the consumer's name, and no signature where it is hidden.
    fn carry(&self, request: &mut Request, verify: &Verify, key: Option<usize>) -> Result<()> {
        let consumer = key.and_then(|key| self.policy.keys.get(key)).map(|key| &key.consumer);
        if let (Some(header), Some(consumer)) = (&self.policy.consumer_header, consumer) {
            request.headers_mut().set(header, consumer)?;
        }
        verify.hidden.iter().try_for_each(|name| request.headers_mut().remove(name))?;
        Ok(())
    }

    fn verify(&self, rule: usize) -> Option<&Verify> {
        self.policy.rules.get(rule)?.verify.as_ref()
    }

    /// Counts a refusal. The reply, unless refusals are only counted.
    fn refuse(&self, refusal: Refusal, rule: Option<usize>, is_grpc: bool) -> Result<Option<Response>> {
        let rule = rule.and_then(|rule| self.policy.rules.get(rule));
        let shadow = rule.map_or(self.policy.shadow, |rule| rule.shadow);
        self.metrics.refuse(refusal, shadow);
        if shadow {
            log::debug!("not refused: {refusal}");
            return Ok(None);
        }
        log::debug!("refused: {refusal}");
        let demand = rule.map_or(&[][..], |rule| rule.demand.as_slice());
        Ok(Some(refusal.response(&self.policy.manner, demand, is_grpc)?))
    }
}

mesh_filter::register!(HmacAuth);
