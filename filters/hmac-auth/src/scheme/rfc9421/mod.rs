//! HTTP Message Signatures (RFC 9421) with `hmac-sha256`.

mod base;
mod component;

pub(crate) use component::Component;

use super::{DigestRule, Draft, Occasion, Place};
use crate::claim::{Claim, Message};
use crate::digest::{Digests, content_digest};
use crate::head::Head;
use crate::refusal::Refusal;
use crate::structured::{Bare, Item, Member, Parameters, dictionary};
use mesh_filter_policy::{Encoding, Moment};

const ALGORITHM: &str = "hmac-sha256";

/// Which signatures are looked at, and how they are made.
pub(crate) struct Rfc9421 {
    /// What has to be covered; what is covered, where it signs.
    pub(crate) components: Vec<Component>,
    /// The label of the signature; without it any.
    pub(crate) label: Option<String>,
    /// Its `tag`; without it any.
    pub(crate) tag: Option<String>,
    pub(crate) digest: DigestRule,
    /// Where it signs: how long the signature counts, in seconds.
    pub(crate) lifetime: Option<i64>,
    /// Where it signs: whether signatures have a nonce.
    pub(crate) nonce: bool,
}

/// A signature as it stands in the two fields.
struct Found {
    signature: Vec<u8>,
    components: Vec<Component>,
    parameters: Parameters,
}

impl Rfc9421 {
    pub(super) fn claim(&self, head: &Head<'_>) -> Result<Claim, Refusal> {
        let Found { signature, components, parameters } = self.find(head)?;
        let text = |name: &str| match parameter(&parameters, name) {
            None => Ok(None),
            Some(Bare::Text(text)) => Ok(Some(text.as_bytes().to_vec())),
            Some(_) => Err(Refusal::Malformed),
        };
        let moment = |name: &str| match parameter(&parameters, name) {
            None => Ok(None),
            Some(Bare::Integer(seconds)) => Moment::from_secs(*seconds).ok_or(Refusal::Malformed).map(Some),
            Some(_) => Err(Refusal::Malformed),
        };
        if text("alg")?.is_some_and(|algorithm| algorithm != ALGORITHM.as_bytes()) {
            return Err(Refusal::Algorithm);
        }
        if self.components.iter().any(|needed| !components.contains(needed)) {
            return Err(Refusal::Component);
        }
        let message = base::signature_base(head, &components, &parameters)?;
        Ok(Claim {
            key_id: text("keyid")?,
            created: moment("created")?,
            expires: moment("expires")?,
            nonce: text("nonce")?,
            digests: self.digests(head, &components)?,
            ..Claim::new(Message::Head(message), vec![signature])
        })
    }

    /// The signature that is meant: the first with the label and the tag that are asked for.
    fn find(&self, head: &Head<'_>) -> Result<Found, Refusal> {
        let field = |name| head.joined(name, b", ").ok_or(Refusal::Missing);
        let inputs = dictionary(&field("signature-input")?).ok_or(Refusal::Malformed)?;
        let signatures = dictionary(&field("signature")?).ok_or(Refusal::Malformed)?;
        if inputs.is_empty() {
            return Err(Refusal::Missing);
        }
        for (label, input) in inputs {
            let Member::Inner(items, parameters) = input else { return Err(Refusal::Malformed) };
            let has_tag = self.tag.as_ref().is_none_or(
                |tag| matches!(parameter(&parameters, "tag"), Some(Bare::Text(known)) if known == tag),
            );
            if self.label.as_ref().is_some_and(|wanted| *wanted != label) || !has_tag {
                continue;
            }
            let own = signatures.iter().find(|(known, _)| *known == label).map(|(_, member)| member);
            let Some(Member::Item(Item { value: Bare::Bytes(signature), .. })) = own else {
                return Err(Refusal::Malformed);
            };
            let components: Result<Vec<_>, _> = items.into_iter().map(Component::of).collect();
            return Ok(Found { signature: signature.clone(), components: unique(components?)?, parameters });
        }
        Err(Refusal::Label)
    }

    /// The digests that the signature covers.
    fn digests(&self, head: &Head<'_>, components: &[Component]) -> Result<Digests, Refusal> {
        let covered = components.iter().filter(|component| component.is_field("content-digest"));
        let covered: Vec<&Component> = covered.collect();
        let needed = match self.digest {
            DigestRule::Ignored => return Ok(Digests::default()),
            DigestRule::Required => true,
            DigestRule::WithBody => head.has_body,
            DigestRule::IfPresent => false,
        };
        if covered.is_empty() {
            return if needed { Err(Refusal::DigestMissing) } else { Ok(Digests::default()) };
        }
        let value = head.joined("content-digest", b", ").ok_or(Refusal::ComponentUnknown)?;
        // A signature may cover one member of it, and then says nothing of the others.
        let members: Option<Vec<&str>> = covered.iter().map(|component| component.member()).collect();
        Digests::stated(&value, members.as_deref())
    }

    /// What `accept-signature` demands (section 5.1).
    pub(crate) fn demand(&self, digest: bool) -> String {
        let mut value = self.label.as_deref().unwrap_or("sig").as_bytes().to_vec();
        value.push(b'=');
        let mut components: Vec<Item> = self.components.iter().map(Component::item).collect();
        let digests = Component::field("content-digest");
        if digest && !self.components.contains(&digests) {
            components.push(digests.item());
        }
        let mut parameters: Parameters =
            vec![("created".into(), Bare::Bool(true)), ("alg".into(), Bare::Text(ALGORITHM.into()))];
        parameters.extend(self.tag.iter().map(|tag| ("tag".to_owned(), Bare::Text(tag.clone()))));
        crate::structured::write_inner(&components, &parameters, &mut value);
        String::from_utf8_lossy(&value).into_owned()
    }

    pub(super) fn draft(&self, head: &Head<'_>, occasion: &Occasion<'_>) -> Result<Draft, Refusal> {
        let seconds = occasion.now.millis() / 1000;
        let mut parameters: Parameters = vec![("created".into(), Bare::Integer(seconds))];
        if let Some(lifetime) = self.lifetime {
            parameters.push(("expires".into(), Bare::Integer(seconds.saturating_add(lifetime))));
        }
        if self.nonce {
            parameters.push(("nonce".into(), Bare::Text(occasion.nonce.to_owned())));
        }
        parameters.push(("keyid".into(), Bare::Text(occasion.key_id.to_owned())));
        parameters.push(("alg".into(), Bare::Text(ALGORITHM.into())));
        parameters.extend(self.tag.iter().map(|tag| ("tag".to_owned(), Bare::Text(tag.clone()))));
        let mut components = self.components.clone();
        let mut headers = Vec::new();
        let mut head = head.clone();
        let digest = occasion.payload.map(|payload| content_digest("sha-256", payload));
        if let Some(digest) = &digest {
            head.fields.retain(|(name, _)| *name != "content-digest");
            head.fields.push(("content-digest", digest));
            let covered = Component::field("content-digest");
            if !components.contains(&covered) {
                components.push(covered);
            }
            headers.push(("content-digest".to_owned(), digest.clone()));
        }
        let message = base::signature_base(&head, &components, &parameters)?;
        let label = self.label.as_deref().unwrap_or("sig");
        let mut input = format!("{label}=").into_bytes();
        let items: Vec<Item> = components.iter().map(Component::item).collect();
        crate::structured::write_inner(&items, &parameters, &mut input);
        headers.push(("signature-input".to_owned(), input));
        let place = Place { after: b":", ..Place::new("signature", format!("{label}=:"), Encoding::Base64) };
        Ok(Draft { headers, ..Draft::new(Message::Head(message), place) })
    }
}

/// A parameter of this name.
fn parameter<'p>(parameters: &'p Parameters, name: &str) -> Option<&'p Bare> {
    parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// Section 2.5: a component that stands twice makes the whole signature void.
fn unique(components: Vec<Component>) -> Result<Vec<Component>, Refusal> {
    let twice = components
        .iter()
        .enumerate()
        .any(|(index, one)| components.iter().skip(index + 1).any(|other| one.is_same(other)));
    if twice { Err(Refusal::Malformed) } else { Ok(components) }
}

#[cfg(test)]
mod tests;
