//! What commands say about an image that they have sent somewhere.

use serde::Serialize;

use super::digest::Digest;
use super::reference::Reference;
use super::transfer::Copied;
use crate::output;

/// An image that is in its place.
#[derive(Debug, Serialize)]
pub(crate) struct Delivery {
    reference: String,
    digest: Digest,
    /// To what it refers.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Digest>,
    sent_blobs: usize,
    sent_bytes: u64,
    kept_blobs: usize,
    /// What refers to it and came along, signatures not counted.
    referrers: usize,
    /// What is listed as a referrer of it, and is not there or is none.
    stale_referrers: Vec<Digest>,
}

impl Delivery {
    /// Of the image of this digest, to this place.
    pub(crate) fn new(to: &Reference, digest: Digest, copied: Copied) -> Self {
        let Copied { sent, bytes, kept, referrers, stale } = copied;
        Self {
            reference: to.to_string(),
            digest,
            subject: None,
            sent_blobs: sent,
            sent_bytes: bytes,
            kept_blobs: kept,
            referrers,
            stale_referrers: stale,
        }
    }

    /// One that refers to this.
    #[must_use]
    pub(crate) fn about(self, subject: Digest) -> Self {
        Self { subject: Some(subject), ..self }
    }

    /// In words.
    pub(crate) fn text(&self) -> String {
        let Self {
            reference,
            digest,
            subject,
            sent_blobs,
            sent_bytes,
            kept_blobs,
            referrers,
            stale_referrers,
        } = self;
        let sent = output::bytes(usize::try_from(*sent_bytes).unwrap_or(usize::MAX));
        let mut text = format!("{reference}\n  digest  {digest}\n");
        if let Some(subject) = subject {
            text.push_str(&format!("  about   {subject}\n"));
        }
        text.push_str(&format!("  sent    {sent_blobs} blobs ({sent}), {kept_blobs} were there\n"));
        if *referrers > 0 {
            text.push_str(&format!("  with    {referrers} that refer to it\n"));
        }
        for digest in stale_referrers {
            text.push_str(&format!("  without {digest}: listed as a referrer, and none\n"));
        }
        text
    }
}
