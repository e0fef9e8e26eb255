//! AWS Signature Version 4 in the `authorization` header.

mod canonical;

use super::{DigestRule, Draft, Occasion, Place};
use crate::claim::{Canonical, Claim, Message, Scope};
use crate::digest::Digests;
use crate::head::Head;
use crate::mac::{Hash, Hasher, sha256};
use crate::refusal::Refusal;
use mesh_filter_policy::{Encoding, Moment};

const ALGORITHM: &[u8] = b"AWS4-HMAC-SHA256";
const UNSIGNED: &[u8] = b"UNSIGNED-PAYLOAD";
const PAYLOAD: &str = "x-amz-content-sha256";
const DATE: &str = "x-amz-date";
const TOKEN: &str = "x-amz-security-token";

/// Which signatures are looked at, and how they are made.
pub(crate) struct SigV4 {
    pub(crate) region: String,
    pub(crate) service: String,
    /// Whether the path is put in order and encoded twice, as all services but S3 want it.
    pub(crate) normalize: bool,
    /// Headers that have to be covered; where it signs, those that are covered if they are there.
    pub(crate) headers: Vec<String>,
    pub(crate) digest: DigestRule,
    /// Where it signs: what stands for the key in the request, and the token of a session.
    pub(crate) access_key_id: Option<String>,
    pub(crate) session_token: Option<Vec<u8>>,
}

/// What stands in `authorization`.
struct Authorization<'a> {
    key_id: &'a [u8],
    scope: Scope,
    signed: Vec<&'a [u8]>,
    signature: Vec<u8>,
}

impl SigV4 {
    pub(super) fn claim(&self, head: &Head<'_>) -> Result<Claim, Refusal> {
        let authorization = Authorization::read(head.one("authorization")?)?;
        let Authorization { key_id, scope, signed, signature } = authorization;
        if scope.region != self.region.as_bytes() || scope.service != self.service.as_bytes() {
            return Err(Refusal::KeyUnknown);
        }
        let date = head.one(DATE).map_err(|refusal| match refusal {
            Refusal::Missing => Refusal::TimeMissing,
            other => other,
        })?;
        let created = Moment::from_basic(date).ok_or(Refusal::Malformed)?;
        if date.get(..8) != Some(&scope.date) {
            return Err(Refusal::Malformed);
        }
        let signs = |name: &str| signed.contains(&name.as_bytes());
        let all_of_aws = head.fields.iter().all(|(name, _)| !name.starts_with("x-amz-") || signs(name));
        if !signs("host") || !all_of_aws || !self.headers.iter().all(|name| signs(name)) {
            return Err(Refusal::Component);
        }
        let names: Option<Vec<&str>> = signed.iter().map(|name| std::str::from_utf8(name).ok()).collect();
        let names = names.ok_or(Refusal::Malformed)?;
        let request = canonical::request(head, &names, self.normalize)?;
        let preamble = preamble(date, &scope);
        let stated = head.all(PAYLOAD).next().map(|_| head.one(PAYLOAD)).transpose()?;
        let (message, digests) = match stated {
            Some(UNSIGNED) => {
                let refused = match self.digest {
                    DigestRule::Required => true,
                    DigestRule::WithBody => head.has_body,
                    DigestRule::IfPresent | DigestRule::Ignored => false,
                };
                if refused {
                    return Err(Refusal::Payload);
                }
                (whole(preamble, request, UNSIGNED), Digests::default())
            }
            // Chunks that are signed one by one (`STREAMING-..`) are no digest either.
            Some(stated) => {
                let digests = match self.digest {
                    DigestRule::Ignored => Digests::default(),
                    _ => Digests::sha256_hex(stated).map_err(|_| Refusal::DigestUnsupported)?,
                };
                (whole(preamble, request, stated), digests)
            }
            None => {
                let payload = Hasher::sha256();
                (Message::Canonical(Canonical { preamble, request, payload }), Digests::default())
            }
        };
        Ok(Claim {
            key_id: Some(key_id.to_vec()),
            created: Some(created),
            scope: Some(scope),
            digests,
            ..Claim::new(message, vec![signature])
        })
    }

    pub(super) fn draft(&self, head: &Head<'_>, occasion: &Occasion<'_>) -> Result<Draft, Refusal> {
        let date = occasion.now.basic().into_bytes();
        let scope = Scope {
            date: date.get(..8).unwrap_or_default().to_vec(),
            region: self.region.clone().into_bytes(),
            service: self.service.clone().into_bytes(),
        };
        let payload = match (occasion.payload, head.has_body) {
            (Some(payload), _) => Encoding::Hex.encode(payload),
            (None, true) => UNSIGNED.to_vec(),
            (None, false) => Encoding::Hex.encode(&sha256(b"")),
        };
        let mut headers = vec![(DATE.to_owned(), date.clone()), (PAYLOAD.to_owned(), payload.clone())];
        headers.extend(self.session_token.iter().map(|token| (TOKEN.to_owned(), token.clone())));
        let mut head = head.clone();
        head.fields.retain(|(name, _)| !headers.iter().any(|(own, _)| own == name));
        head.fields.extend(headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())));
        let is_signed = |name: &str| {
            name == "content-type" || name.starts_with("x-amz-") || self.headers.iter().any(|own| own == name)
        };
        let mut names = vec!["host"];
        for name in head.fields.iter().map(|(name, _)| *name).filter(|name| is_signed(name)) {
            if let Err(place) = names.binary_search(&name) {
                names.insert(place, name);
            }
        }
        let request = canonical::request(&head, &names, self.normalize)?;
        let key_id = self.access_key_id.as_deref().unwrap_or(occasion.key_id);
        let scope_text = scope_text(&scope);
        let before = [
            ALGORITHM,
            b" Credential=",
            key_id.as_bytes(),
            b"/",
            &scope_text,
            b", SignedHeaders=",
            names.join(";").as_bytes(),
            b", Signature=",
        ]
        .concat();
        let message = whole(preamble(&date, &scope), request, &payload);
        let place = Place::new("authorization", before, Encoding::Hex);
        Ok(Draft { message, hash: Hash::Sha256, scope: Some(scope), headers, place })
    }
}

impl<'a> Authorization<'a> {
    fn read(value: &'a [u8]) -> Result<Self, Refusal> {
        // Another scheme's credentials are no signature.
        let rest =
            value.strip_prefix(ALGORITHM).filter(|rest| rest.starts_with(b" ")).ok_or(Refusal::Missing)?;
        let (mut credential, mut signed, mut signature) = (None, None, None);
        for part in rest.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            let equals = part.iter().position(|byte| *byte == b'=').ok_or(Refusal::Malformed)?;
            let (name, value) = part.split_at(equals);
            let slot = match name {
                b"Credential" => &mut credential,
                b"SignedHeaders" => &mut signed,
                b"Signature" => &mut signature,
                _ => return Err(Refusal::Malformed),
            };
            if slot.replace(value.get(1..).unwrap_or_default()).is_some() {
                return Err(Refusal::Malformed);
            }
        }
        let (Some(credential), Some(signed), Some(signature)) = (credential, signed, signature) else {
            return Err(Refusal::Malformed);
        };
        // The key's name may have slashes itself.
        let mut parts = credential.rsplitn(5, |byte| *byte == b'/');
        let [Some(b"aws4_request"), Some(service), Some(region), Some(date), Some(key_id)] =
            [(); 5].map(|()| parts.next())
        else {
            return Err(Refusal::Malformed);
        };
        let signed: Vec<&[u8]> = signed.split(|byte| *byte == b';').collect();
        // In order, and none twice.
        if !signed.is_sorted_by(|one, other| one < other) {
            return Err(Refusal::Malformed);
        }
        let signature = Encoding::Hex.decode(signature).ok_or(Refusal::Malformed)?;
        let scope = Scope { date: date.to_vec(), region: region.to_vec(), service: service.to_vec() };
        Ok(Self { key_id, scope, signed, signature })
    }
}

/// What is signed where the body's hash is stated.
fn whole(preamble: Vec<u8>, request: Vec<u8>, payload: &[u8]) -> Message {
    Message::Head(Canonical::string_to_sign(preamble, request, payload))
}

fn scope_text(scope: &Scope) -> Vec<u8> {
    [scope.date.as_slice(), &scope.region, &scope.service, b"aws4_request"].join(&b'/')
}

/// The string to sign up to the hash of the canonical request.
fn preamble(date: &[u8], scope: &Scope) -> Vec<u8> {
    [ALGORITHM, date, &scope_text(scope), b""].join(&b'\n')
}

#[cfg(test)]
mod tests;
