//! Standard Webhooks: `webhook-signature: v1,BASE64 v1,BASE64` over `webhook-id`, `webhook-timestamp` and the body, with points
//! between. Signatures by public keys (`v1a`) are left out.

use super::{Draft, Occasion, Place, seconds, seconds_of};
use crate::claim::{Claim, Message};
use crate::head::Head;
use crate::refusal::Refusal;
use mesh_filter_policy::Encoding;

pub(super) const HEADER: &str = "webhook-signature";
pub(super) const ID: &str = "webhook-id";
pub(super) const TIME: &str = "webhook-timestamp";

pub(super) fn claim(head: &Head<'_>) -> Result<Claim, Refusal> {
    let mut signatures = Vec::new();
    for part in head.one(HEADER)?.split(|byte| *byte == b' ').filter(|part| !part.is_empty()) {
        if let Some(encoded) = part.strip_prefix(b"v1,") {
            signatures.push(Encoding::Base64.decode(encoded).ok_or(Refusal::Malformed)?);
        }
    }
    if signatures.is_empty() {
        return Err(Refusal::Missing);
    }
    let id = head.one(ID)?;
    // Points separate what is signed: with one in its id a message could be read as another.
    if id.contains(&b'.') {
        return Err(Refusal::Malformed);
    }
    let time = head.one(TIME).map_err(|refusal| match refusal {
        Refusal::Missing => Refusal::TimeMissing,
        other => other,
    })?;
    let message = Message::Around([id, b".", time, b"."].concat(), Vec::new());
    Ok(Claim { created: Some(seconds(time).ok_or(Refusal::Malformed)?), ..Claim::new(message, signatures) })
}

pub(super) fn draft(occasion: &Occasion<'_>) -> Draft {
    let (id, time) = (format!("msg_{}", occasion.nonce), seconds_of(occasion.now));
    let message = Message::Around(format!("{id}.{time}.").into_bytes(), Vec::new());
    let mut draft = Draft::new(message, Place::new(HEADER, *b"v1,", Encoding::Base64));
    draft.headers.extend([(ID.to_owned(), id.into_bytes()), (TIME.to_owned(), time.into_bytes())]);
    draft
}
