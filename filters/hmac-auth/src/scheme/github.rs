//! GitHub's webhooks: `x-hub-signature-256: sha256=HEX` over the body. There is no time in it, so who has a request can send it
//! again.

use super::{Draft, Place};
use crate::claim::{Claim, Message};
use crate::head::Head;
use crate::refusal::Refusal;
use mesh_filter_policy::Encoding;

pub(super) const HEADER: &str = "x-hub-signature-256";
const PREFIX: &[u8] = b"sha256=";

pub(super) fn claim(head: &Head<'_>) -> Result<Claim, Refusal> {
    let signature = head.one(HEADER)?.strip_prefix(PREFIX).and_then(|digits| Encoding::Hex.decode(digits));
    Ok(Claim::new(Message::Around(Vec::new(), Vec::new()), vec![signature.ok_or(Refusal::Malformed)?]))
}

pub(super) fn draft() -> Draft {
    Draft::new(Message::Around(Vec::new(), Vec::new()), Place::new(HEADER, PREFIX, Encoding::Hex))
}
