//! Slack's requests: `x-slack-signature: v0=HEX` over `v0`, the time of `x-slack-request-timestamp` and the body, with colons between.

use super::{Draft, Occasion, Place, seconds, seconds_of};
use crate::claim::{Claim, Message};
use crate::head::Head;
use crate::refusal::Refusal;
use mesh_filter_policy::Encoding;

pub(super) const HEADER: &str = "x-slack-signature";
pub(super) const TIME: &str = "x-slack-request-timestamp";
const PREFIX: &[u8] = b"v0=";

pub(super) fn claim(head: &Head<'_>) -> Result<Claim, Refusal> {
    let signature = head.one(HEADER)?.strip_prefix(PREFIX).and_then(|digits| Encoding::Hex.decode(digits));
    let signature = signature.ok_or(Refusal::Malformed)?;
    let time = head.one(TIME).map_err(|refusal| match refusal {
        Refusal::Missing => Refusal::TimeMissing,
        other => other,
    })?;
    let message = Message::Around([b"v0:", time, b":"].concat(), Vec::new());
    Ok(Claim {
        created: Some(seconds(time).ok_or(Refusal::Malformed)?),
        ..Claim::new(message, vec![signature])
    })
}

pub(super) fn draft(occasion: &Occasion<'_>) -> Draft {
    let time = seconds_of(occasion.now);
    let message = Message::Around(format!("v0:{time}:").into_bytes(), Vec::new());
    let mut draft = Draft::new(message, Place::new(HEADER, PREFIX, Encoding::Hex));
    draft.headers.push((TIME.to_owned(), time.into_bytes()));
    draft
}
