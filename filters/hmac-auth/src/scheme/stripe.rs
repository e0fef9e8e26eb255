//! Stripe's webhooks: `stripe-signature: t=SECONDS,v1=HEX,v1=HEX` over the time, a point and the body. Other versions are left
//! out, as Stripe wants it.

use super::{Draft, Occasion, Place, seconds, seconds_of};
use crate::claim::{Claim, Message};
use crate::head::Head;
use crate::refusal::Refusal;
use mesh_filter_policy::Encoding;

pub(super) const HEADER: &str = "stripe-signature";

pub(super) fn claim(head: &Head<'_>) -> Result<Claim, Refusal> {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in head.one(HEADER)?.split(|byte| *byte == b',') {
        match part.trim_ascii().split_at_checked(2) {
            Some((b"t=", digits)) if time.is_none() => time = Some(digits),
            Some((b"t=", _)) => return Err(Refusal::Malformed),
            Some((b"v1", [b'=', digits @ ..])) => {
                signatures.push(Encoding::Hex.decode(digits).ok_or(Refusal::Malformed)?);
            }
            _ => {}
        }
    }
    let time = time.ok_or(Refusal::TimeMissing)?;
    if signatures.is_empty() {
        return Err(Refusal::Missing);
    }
    let message = Message::Around([time, b"."].concat(), Vec::new());
    Ok(Claim { created: Some(seconds(time).ok_or(Refusal::Malformed)?), ..Claim::new(message, signatures) })
}

pub(super) fn draft(occasion: &Occasion<'_>) -> Draft {
    let time = seconds_of(occasion.now);
    let message = Message::Around(format!("{time}.").into_bytes(), Vec::new());
    Draft::new(message, Place::new(HEADER, format!("t={time},v1="), Encoding::Hex))
}
