//! Bytes under a key, read and replaced without losing what others write at the same time.

use super::{Result, SharedError};
use crate::host::{HostError, Status, host};
use crate::property;

/// How often [`update`] tries again when other workers write at the same time.
pub(super) const MAX_TRIES: usize = 100;
/// A version that no value has. Proxies ignore the version of a key that does not exist yet, so
/// that a write with this one creates the key or fails; 0 would write whatever is there.
const CREATE: u32 = u32::MAX;
/// The version with which a write never fails.
pub(super) const ANY: u32 = 0;

/// The name under which the proxy keeps something of this plugin.
pub(crate) fn name(own: &str) -> String {
    // A proxy that does not tell its plugins' names does not run several by them either.
    let plugin = property::plugin();
    let name = plugin.name().ok().flatten().unwrap_or_default();
    let root_id = plugin.root_id().ok().flatten().unwrap_or_default();
    format!("mesh-filter/{name}/{root_id}/{own}")
}

/// The bytes under a key, `None` where there are none, and the version with which to replace them.
pub(crate) fn read(key: &str) -> Result<(Option<Vec<u8>>, u32)> {
    match host().get_shared_data(key) {
        // Keys cannot be deleted: an empty value stands for none.
        Ok((bytes, version)) => Ok((Some(bytes).filter(|bytes| !bytes.is_empty()), version)),
        Err(Status::NOT_FOUND) => Ok((None, CREATE)),
        Err(status) => Err(HostError::new("proxy_get_shared_data", key, status).into()),
    }
}

/// Writes unless somebody else has written since this version; answers whether it did.
pub(crate) fn write(key: &str, bytes: &[u8], version: u32) -> Result<bool> {
    match host().set_shared_data(key, bytes, version) {
        Ok(()) => Ok(true),
        Err(Status::CAS_MISMATCH) => Ok(false),
        Err(status) => Err(HostError::new("proxy_set_shared_data", key, status).into()),
    }
}

/// Makes new bytes out of the old ones, again and again until nobody else wrote in between.
pub(super) fn update<R>(
    key: &str,
    mut change: impl FnMut(Option<Vec<u8>>) -> Result<(Vec<u8>, R)>,
) -> Result<R> {
    for _ in 0..MAX_TRIES {
        let (old, version) = read(key)?;
        let (new, answer) = change(old)?;
        if write(key, &new, version)? {
            return Ok(answer);
        }
    }
    Err(SharedError::Contended { key: key.to_owned(), tries: MAX_TRIES })
}
