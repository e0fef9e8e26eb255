//! A table of fixed size, with a value for each of the clients that were seen last.

use super::{Result, SharedError, store};
use crate::clock;
use crate::json;
use crate::random;
use serde::Serialize;
use serde::de::DeserializeOwned;
use siphasher::sip128::{Hasher128, SipHasher24};
use std::cell::Cell;
use std::hash::Hasher;
use std::marker::PhantomData;
use std::time::Duration;

/// Places that share a key, and among which a client finds its own.
const WAYS: u32 = 4;
/// Bytes of a value as JSON at most; with its overhead it bounds the memory of a place.
const MAX_VALUE: usize = 1 << 10;
/// Bytes of a place before its value: fingerprint, time, size of the value.
const HEAD: usize = 8 + 8 + 4;

/// A value for each client, in a table whose size does not depend on the clients.
///
/// A client is any bytes: an address, a key, a user. What is kept of it is a fingerprint of 64 bits,
/// by a hash (SipHash-2-4) with a random key that the workers share, so that nobody outside can
/// choose clients that fall on each other.
///
/// Four places make a group, which is one key of the proxy, at most 4 KiB. A client whose group is
/// full takes the place of the one that was updated longest ago, which then begins anew: a value can
/// be `None` again at any time. So make a table several times larger than the clients of the time
/// that counts, and watch [`Slots::evicted`].
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// # fn run(client: &str) -> Result<bool> {
/// let seen = shared::Slots::new("seen", 4096)?.forget_after(secs(60));
/// let count: u32 = seen.update(client, |count| count.unwrap_or(0) + 1)?;
/// Ok(count <= 100)
/// # }
/// ```
#[derive(Debug)]
pub struct Slots<T> {
    name: String,
    groups: u64,
    secret: [u8; 16],
    forget_after: Option<Duration>,
    evicted: Cell<u64>,
    kind: PhantomData<fn() -> T>,
}

/// One client in a group.
struct Place<'a> {
    fingerprint: u64,
    touched_ms: u64,
    value: &'a [u8],
}

impl<T: Serialize + DeserializeOwned> Slots<T> {
    /// A table of this plugin with at least so many places.
    ///
    /// Tables of one name must have the same size in all workers, as they have if it comes from the
    /// configuration; another size means other groups, in which clients begin anew.
    ///
    /// # Errors
    /// When the proxy refuses shared data or random bytes.
    pub fn new(name: &str, places: u32) -> Result<Self> {
        let name = store::name(name);
        let secret = secret(&format!("{name}/secret"))?;
        let groups = u64::from(places.div_ceil(WAYS).max(1));
        Ok(Self { name, groups, secret, forget_after: None, evicted: Cell::new(0), kind: PhantomData })
    }

    /// Values that were not updated for so long count as not there.
    #[must_use]
    pub fn forget_after(self, unused: Duration) -> Self {
        Self { forget_after: Some(unused), ..self }
    }

    /// A client's value; `None` for clients that are new, forgotten or evicted.
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn get(&self, client: impl AsRef<[u8]>) -> Result<Option<T>> {
        let (key, fingerprint) = self.find(client.as_ref());
        let (bytes, _) = store::read(&key)?;
        Ok(self
            .places(bytes.as_deref())
            .iter()
            .find(|place| place.fingerprint == fingerprint)
            .and_then(parse))
    }

    /// Makes a client's new value out of the old one, and answers the new one.
    ///
    /// No other write comes between: where one did, `change` runs again on the newer value. What
    /// another version of the filter left in another form counts as not there.
    ///
    /// # Errors
    /// When the proxy refuses, the value is larger than 1 KiB as JSON, or others write all the time.
    pub fn update(&self, client: impl AsRef<[u8]>, mut change: impl FnMut(Option<T>) -> T) -> Result<T> {
        let (key, fingerprint) = self.find(client.as_ref());
        let touched_ms = now_ms();
        let (new, evicted) = store::update(&key, |bytes| {
            let mut places = self.places(bytes.as_deref());
            let own = places.iter().position(|place| place.fingerprint == fingerprint);
            let new = change(own.map(|own| places.swap_remove(own)).as_ref().and_then(parse));
            let value = self.value(&new)?;
            // The one updated last stands last.
            places.sort_by_key(|place| place.touched_ms);
            let evicted = places.len() >= WAYS as usize;
            if evicted {
                places.remove(0);
            }
            places.push(Place { fingerprint, touched_ms, value: &value });
            Ok((encode(&places), (new, evicted)))
        })?;
        self.evicted.set(self.evicted.get() + u64::from(evicted));
        Ok(new)
    }

    /// How many clients this VM has evicted before they were forgotten: the table is too small
    /// for as many clients, or somebody makes them up.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted.get()
    }

    /// The key of a client's group, and its fingerprint there.
    fn find(&self, client: &[u8]) -> (String, u64) {
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        hasher.write(client);
        let hash = hasher.finish128();
        (format!("{}/{}", self.name, hash.h1 % self.groups), hash.h2)
    }

    /// What is not forgotten.
    fn places<'a>(&self, bytes: Option<&'a [u8]>) -> Vec<Place<'a>> {
        let mut places = decode(bytes.unwrap_or_default());
        if let Some(forget_after) = self.forget_after {
            let now_ms = now_ms();
            let fresh = |age_ms| Duration::from_millis(age_ms) < forget_after;
            places.retain(|place| fresh(now_ms.saturating_sub(place.touched_ms)));
        }
        places
    }

    fn value(&self, value: &T) -> Result<Vec<u8>> {
        let bytes =
            json::write(value).map_err(|source| SharedError::Type { key: self.name.clone(), source })?;
        match bytes.len() {
            size if size > MAX_VALUE => {
                Err(SharedError::TooLarge { key: self.name.clone(), size, limit: MAX_VALUE })
            }
            _ => Ok(bytes.into_bytes()),
        }
    }
}

fn now_ms() -> u64 {
    u64::try_from(clock::monotonic().since_start().as_millis()).unwrap_or(u64::MAX)
}

/// The random key that all workers use: that of the first who made one.
fn secret(key: &str) -> Result<[u8; 16]> {
    let fresh = random::bytes::<16>()?;
    store::update(key, |old| {
        let secret = old.as_deref().and_then(|bytes| bytes.try_into().ok()).unwrap_or(fresh);
        Ok((secret.to_vec(), secret))
    })
}

fn parse<T: DeserializeOwned>(place: &Place<'_>) -> Option<T> {
    json::read(place.value).ok()
}

/// The places of a group; those that cannot be read are not there.
fn decode(mut bytes: &[u8]) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(HEAD) {
        let (Some(fingerprint), Some(touched_ms)) = (number(head, 0), number(head, 8)) else { break };
        let size = head.get(16..).and_then(|size| size.try_into().ok()).map(u32::from_le_bytes);
        let Some(size) = size.and_then(|size| usize::try_from(size).ok()) else { break };
        let Some((value, rest)) = rest.split_at_checked(size) else { break };
        places.push(Place { fingerprint, touched_ms, value });
        bytes = rest;
    }
    places
}

fn number(bytes: &[u8], start: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(start..start + 8)?.try_into().ok()?))
}

fn encode(places: &[Place<'_>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(places.iter().map(|place| HEAD + place.value.len()).sum());
    for place in places {
        bytes.extend_from_slice(&place.fingerprint.to_le_bytes());
        bytes.extend_from_slice(&place.touched_ms.to_le_bytes());
        // Values have at most `MAX_VALUE` bytes.
        bytes.extend_from_slice(&u32::try_from(place.value.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(place.value);
    }
    bytes
}
