//! Signs requests to upstreams.

use crate::claim::Message;
use crate::head::Head;
use crate::keys::Key;
use crate::mac::Hasher;
use crate::refusal::Refusal;
use crate::scheme::{Draft, Occasion, Scheme};
use mesh_filter::body::BodyError;
use mesh_filter::{Request, Result, random};
use mesh_filter_policy::{Encoding, Moment, RouteMatch};

/// The requests that are signed, and how.
pub(crate) struct Sign {
    pub(crate) matches: RouteMatch,
    pub(crate) scheme: Scheme,
    /// The key's place.
    pub(crate) key: usize,
    /// Whether the body is signed, too.
    pub(crate) body: bool,
    pub(crate) max_body: usize,
}

impl Sign {
    /// Puts a signature into the request, in place of any that is there.
    pub(crate) async fn sign(
        &self,
        request: &mut Request,
        keys: &[Key],
        now: Moment,
    ) -> Result<Result<(), Refusal>> {
        let key = keys.get(self.key);
        let Some((key, secret)) = key.and_then(|key| Some((key, key.signing(now)?))) else {
            return Ok(Err(Refusal::Unsignable));
        };
        for header in self.scheme.headers() {
            request.headers_mut().remove(header)?;
        }
        let payload = match self.body && !self.scheme.signs_body() && request.has_body() {
            false => None,
            true => {
                let mut hasher = Hasher::sha256();
                match request.watch_body(self.max_body, |piece| hasher.update(piece)).await {
                    Err(BodyError::TooLarge { .. }) => return Ok(Err(Refusal::BodyTooLarge)),
                    watched => watched?,
                }
                Some(hasher.finish())
            }
        };
        let nonce = String::from_utf8(Encoding::Hex.encode(&random::bytes::<16>()?)).unwrap_or_default();
        let occasion = Occasion { key_id: &key.id, now, nonce: &nonce, payload: payload.as_deref() };
        let Draft { message, hash, scope, headers, place } =
            match self.scheme.draft(&Head::of(request), &occasion) {
                Ok(draft) => draft,
                Err(_) => return Ok(Err(Refusal::Unsignable)),
            };
        let mut mac = secret.mac(hash, scope.as_ref());
        match message {
            Message::Head(bytes) => mac.update(&bytes),
            Message::Around(before, after) => {
                mac.update(&before);
                match request.watch_body(self.max_body, |piece| mac.update(piece)).await {
                    Err(BodyError::TooLarge { .. }) => return Ok(Err(Refusal::BodyTooLarge)),
                    watched => watched?,
                }
                mac.update(&after);
            }
            Message::Canonical(canonical) => mac.update(&canonical.finish()),
        }
        for (name, value) in headers {
            request.headers_mut().set(name, value)?;
        }
        request.headers_mut().set(&place.header, place.value(&mac.finish()))?;
        Ok(Ok(()))
    }
}
