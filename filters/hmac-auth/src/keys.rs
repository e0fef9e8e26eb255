//! Keys: secrets by name, each with the time in which it counts.

use crate::claim::Scope;
use crate::mac::{Hash, Mac};
use mesh_filter_policy::Moment;
use std::cell::RefCell;

/// Somebody who signs.
pub(crate) struct Key {
    /// As requests name it.
    pub(crate) id: String,
    /// What the service is told of it.
    pub(crate) consumer: String,
    pub(crate) secrets: Vec<Secret>,
}

/// A secret. It has no `Debug`, so that it cannot get into a log.
pub(crate) struct Secret {
    bytes: Vec<u8>,
    /// What most schemes begin with, so that it is not made anew for each request.
    sha256: Mac,
    /// The key that was made of it last, which is that of the day.
    derived: RefCell<Option<(Scope, Mac)>>,
    not_before: Option<Moment>,
    not_after: Option<Moment>,
    /// Whether it signs requests to upstreams, too.
    pub(crate) signs: bool,
}

impl Secret {
    pub(crate) fn new(
        bytes: Vec<u8>,
        not_before: Option<Moment>,
        not_after: Option<Moment>,
        signs: bool,
    ) -> Self {
        let sha256 = Mac::new(Hash::Sha256, &bytes);
        Self { bytes, sha256, derived: RefCell::new(None), not_before, not_after, signs }
    }

    /// Whether it counts at a moment: from `not_before` on, until `not_after`, which is the first moment at which it does not.
    pub(crate) fn is_valid(&self, now: Moment) -> bool {
        self.not_before.is_none_or(|start| start <= now) && self.not_after.is_none_or(|end| now < end)
    }

    /// A MAC by the key that is made of this secret. All requests of a day have the same one.
    fn derived(&self, hash: Hash, scope: &Scope) -> Mac {
        if let Some((known, mac)) = &*self.derived.borrow()
            && known == scope
        {
            return mac.clone();
        }
        let mac = Mac::new(hash, &scope.derive(&self.bytes));
        self.derived.replace(Some((scope.clone(), mac.clone())));
        mac
    }

    /// A MAC by this secret, or by the key that is made of it.
    pub(crate) fn mac(&self, hash: Hash, scope: Option<&Scope>) -> Mac {
        match (scope, hash) {
            (Some(scope), _) => self.derived(hash, scope),
            (None, Hash::Sha256) => self.sha256.clone(),
            (None, _) => Mac::new(hash, &self.bytes),
        }
    }
}

impl Key {
    /// The secret that signs at a moment: of those that count the one that began last.
    pub(crate) fn signing(&self, now: Moment) -> Option<&Secret> {
        let usable = self.secrets.iter().filter(|secret| secret.signs && secret.is_valid(now));
        // Of several that began together the first one: `max_by_key` would take the last.
        usable.rev().max_by_key(|secret| secret.not_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &[u8], not_before: Option<i64>, not_after: Option<i64>) -> Secret {
        let moment = |millis: Option<i64>| millis.and_then(Moment::from_millis);
        Secret::new(name.to_vec(), moment(not_before), moment(not_after), true)
    }

    #[test]
    fn a_secret_counts_from_its_first_millisecond_to_the_one_before_its_end() {
        let secret = secret(b"a", Some(1000), Some(2000));
        let valid = |millis| secret.is_valid(Moment::from_millis(millis).unwrap());
        assert_eq!([999, 1000, 1999, 2000].map(valid), [false, true, true, false]);
    }

    #[test]
    fn each_day_region_and_service_has_a_key_of_its_own() {
        let secret = secret(b"a", None, None);
        let scope = |date: &[u8], region: &[u8]| Scope {
            date: date.to_vec(),
            region: region.to_vec(),
            service: b"s".to_vec(),
        };
        let mac = |scope: &Scope| secret.mac(Hash::Sha256, Some(scope)).finish();
        let scopes = [scope(b"1", b"r"), scope(b"2", b"r"), scope(b"1", b"q")];
        let first = scopes.each_ref().map(mac);
        assert_eq!(scopes.each_ref().map(mac), first);
        assert!(first[0] != first[1] && first[0] != first[2] && first[1] != first[2]);
    }

    #[test]
    fn the_secret_that_began_last_signs() {
        let key = Key {
            id: "k".into(),
            consumer: "k".into(),
            secrets: vec![
                secret(b"first", None, None),
                secret(b"other", None, None),
                secret(b"new", Some(1000), None),
            ],
        };
        let name =
            |millis| key.signing(Moment::from_millis(millis).unwrap()).map(|secret| secret.bytes.clone());
        assert_eq!(name(999).as_deref(), Some(&b"first"[..]));
        assert_eq!(name(1000).as_deref(), Some(&b"new"[..]));
    }
}
