//! Properties of the proxy, decoded as the kinds of value that they are.
//!
//! A property is named by the segments of its path. One that does not exist now is `None`; bytes
//! that do not fit the kind are an error. Which there are:
//! <https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes>.
//!
//! ```no_run
//! # use mesh_filter::prelude::*;
//! # fn run() -> Result<()> {
//! let client = property::string(&["source", "address"])?;
//! let size = property::integer(&["request", "size"])?;
//! let route = property::string(&["xds", "route_name"])?;
//! # Ok(()) }
//! ```

use crate::host::{HostError, Status, host};
use std::time::{Duration, SystemTime};

/// A property that could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PropertyError {
    /// The proxy refused.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The bytes do not fit the kind of value that was asked for.
    #[error("property `{path}` has {size} bytes that are not {expected}")]
    Kind {
        /// The path, with dots.
        path: String,
        /// What was asked for.
        expected: &'static str,
        /// How many bytes the proxy gave.
        size: usize,
    },
}

type Result<T> = std::result::Result<T, PropertyError>;

/// The bytes of a property.
///
/// # Errors
/// When the proxy refuses for another reason than that there is no such property.
pub fn bytes(path: &[&str]) -> Result<Option<Vec<u8>>> {
    match host().get_property(path.join("\0").as_bytes()) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Status::NOT_FOUND) => Ok(None),
        Err(status) => Err(HostError::new("proxy_get_property", path.join("."), status).into()),
    }
}

/// A property that is text: names, addresses, ids, header values.
///
/// # Errors
/// When it is not UTF-8, or the proxy refuses.
pub fn string(path: &[&str]) -> Result<Option<String>> {
    decode(path, "text", |bytes| String::from_utf8(bytes.to_vec()).ok())
}

/// A property that is a whole number: sizes, codes, ports, flags.
///
/// # Errors
/// When it has not 8 bytes, or the proxy refuses.
pub fn integer(path: &[&str]) -> Result<Option<i64>> {
    decode(path, "an integer", |bytes| Some(i64::from_le_bytes(bytes.try_into().ok()?)))
}

/// A property that is a number with a fraction; numbers inside metadata are of this kind.
///
/// # Errors
/// When it has not 8 bytes, or the proxy refuses.
pub fn float(path: &[&str]) -> Result<Option<f64>> {
    decode(path, "a floating-point number", |bytes| Some(f64::from_le_bytes(bytes.try_into().ok()?)))
}

/// A property that is true or false.
///
/// # Errors
/// When it is neither, or the proxy refuses.
pub fn boolean(path: &[&str]) -> Result<Option<bool>> {
    decode(path, "a truth value", |bytes| match bytes {
        [0] => Some(false),
        [1] => Some(true),
        _ => None,
    })
}

/// A property that is a span of time.
///
/// # Errors
/// When it has not 8 bytes or is negative, or the proxy refuses.
pub fn duration(path: &[&str]) -> Result<Option<Duration>> {
    decode(path, "a duration", nanoseconds)
}

/// A property that is a moment.
///
/// # Errors
/// When it has not 8 bytes or is before 1970, or the proxy refuses.
pub fn timestamp(path: &[&str]) -> Result<Option<SystemTime>> {
    decode(path, "a moment", |bytes| SystemTime::UNIX_EPOCH.checked_add(nanoseconds(bytes)?))
}

/// Sets a property of this exchange, for access logs and other filters (in Envoy filter state,
/// with `wasm.` in front of its name).
///
/// # Errors
/// When the proxy refuses, as it does outside an exchange.
pub fn set(path: &[&str], value: impl AsRef<[u8]>) -> Result<()> {
    host()
        .set_property(path.join("\0").as_bytes(), value.as_ref())
        .map_err(|status| HostError::new("proxy_set_property", path.join("."), status).into())
}

fn decode<T>(
    path: &[&str],
    expected: &'static str,
    convert: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<Option<T>> {
    let Some(bytes) = bytes(path)? else { return Ok(None) };
    match convert(&bytes) {
        Some(value) => Ok(Some(value)),
        None => Err(PropertyError::Kind { path: path.join("."), expected, size: bytes.len() }),
    }
}

fn nanoseconds(bytes: &[u8]) -> Option<Duration> {
    let nanoseconds = i64::from_le_bytes(bytes.try_into().ok()?);
    Some(Duration::from_nanos(u64::try_from(nanoseconds).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use crate::host::{Host, install};
    use std::rc::Rc;

    #[test]
    fn each_kind_is_decoded_from_its_bytes_and_from_no_others() {
        let fake = Rc::new(Fake::default());
        let _installed = install(Rc::clone(&fake) as Rc<dyn Host>);
        let number = 1_500_000_000_i64;
        for (path, bytes) in [
            (&b"source\0address"[..], &b"10.0.0.1:80"[..]),
            (b"size", &number.to_le_bytes()),
            (b"negative", &(-1_i64).to_le_bytes()),
            (b"share", &0.5_f64.to_le_bytes()),
            (b"mtls", &[1]),
            (b"raw", &[0xff, 2]),
        ] {
            fake.properties.borrow_mut().insert(path.to_vec(), bytes.to_vec());
        }
        assert_eq!(string(&["source", "address"]).unwrap().unwrap(), "10.0.0.1:80");
        assert_eq!(integer(&["size"]).unwrap(), Some(number));
        assert_eq!(duration(&["size"]).unwrap(), Some(Duration::from_millis(1500)));
        assert_eq!(timestamp(&["size"]).unwrap(), Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1500)));
        assert_eq!(float(&["share"]).unwrap(), Some(0.5));
        assert_eq!(boolean(&["mtls"]).unwrap(), Some(true));
        assert_eq!(bytes(&["raw"]).unwrap(), Some(vec![0xff, 2]));
        assert_eq!(string(&["absent"]).unwrap(), None);
        assert_eq!(string(&["raw"]).unwrap_err().to_string(), "property `raw` has 2 bytes that are not text");
        assert!(integer(&["raw"]).is_err() && boolean(&["raw"]).is_err() && float(&["mtls"]).is_err());
        assert!(duration(&["negative"]).is_err() && timestamp(&["negative"]).is_err());
    }

    #[test]
    fn a_property_that_was_set_is_read_back() {
        let fake = Rc::new(Fake::default());
        let _installed = install(Rc::clone(&fake) as Rc<dyn Host>);
        set(&["team"], "blue").unwrap();
        assert_eq!(string(&["team"]).unwrap().unwrap(), "blue");
    }
}
