//! Random bytes, numbers and UUIDs, from the proxy's source, which tests seed.
//!
//! Each function asks the proxy, which asks the operating system: the bytes are fit for secrets.
//!
//! ```no_run
//! # use mesh_filter::prelude::*;
//! # fn run(request: &mut Request) -> Result<()> {
//! if random::chance(0.01)? {
//!     request.headers_mut().set("x-trace-id", random::uuid_v7()?.to_string())?;
//! }
//! # Ok(()) }
//! ```

use crate::host::{HostError, host};
use std::time::SystemTime;
/// A UUID, by the `uuid` crate.
pub use uuid::Uuid;

/// Proxies refuse to give more at once.
const MAX_AT_ONCE: usize = 65_536;
/// How often [`below`] rejects a number that would make others likelier.
const MAX_REJECTED: usize = 64;

type Result<T> = std::result::Result<T, HostError>;

/// Fills the buffer.
///
/// # Errors
/// When the proxy has no randomness.
pub fn fill(buffer: &mut [u8]) -> Result<()> {
    for part in buffer.chunks_mut(MAX_AT_ONCE) {
        host()
            .random(part)
            .map_err(|status| HostError::new("random_get", format!("{} bytes", part.len()), status))?;
    }
    Ok(())
}

/// So many bytes.
///
/// # Errors
/// When the proxy has no randomness.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// A number, each as likely as any other.
///
/// # Errors
/// When the proxy has no randomness.
pub fn number() -> Result<u64> {
    Ok(u64::from_le_bytes(bytes()?))
}

/// A number less than `bound`, each as likely as any other; 0 below 0.
///
/// # Errors
/// When the proxy has no randomness.
pub fn below(bound: u64) -> Result<u64> {
    // The high half of a product falls into `bound` ranges, of which some are one number longer:
    // their first numbers, whose low half is less than `2^64 mod bound`, are rejected.
    let uneven = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
    let mut product = 0;
    for _ in 0..MAX_REJECTED {
        product = u128::from(number()?) * u128::from(bound);
        if product & u128::from(u64::MAX) >= u128::from(uneven) {
            break;
        }
    }
    Ok(u64::try_from(product >> 64).unwrap_or(0))
}

/// True in this share of all cases: never for 0, always for 1.
///
/// # Errors
/// When the proxy has no randomness.
pub fn chance(share: f64) -> Result<bool> {
    Ok(f64::from(u32::from_le_bytes(bytes()?)) / (f64::from(u32::MAX) + 1.0) < share)
}

/// A random UUID.
///
/// # Errors
/// When the proxy has no randomness.
pub fn uuid_v4() -> Result<Uuid> {
    Ok(uuid::Builder::from_random_bytes(bytes()?).into_uuid())
}

/// A UUID of the wall clock's time, random in the rest: later ones are greater, to about a quarter
/// of a microsecond.
///
/// # Errors
/// When the proxy has no randomness.
pub fn uuid_v7() -> Result<Uuid> {
    let time = crate::clock::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut rest = bytes::<10>()?;
    // Twelve bits of the millisecond's fraction come first (RFC 9562, section 6.2, method 3).
    let fraction = u64::from(time.subsec_nanos() % 1_000_000) * 4096 / 1_000_000;
    let [.., high, low] = fraction.to_be_bytes();
    let [first, second, ..] = &mut rest;
    (*first, *second) = (high, low);
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use crate::host::{Refusing, Status, install};
    use std::rc::Rc;

    #[test]
    fn numbers_stay_below_their_bound_and_fall_everywhere() {
        let _installed = install(Rc::new(Fake::default()));
        let mut seen = [0; 6];
        for _ in 0..6000 {
            seen[usize::try_from(below(6).unwrap()).unwrap()] += 1;
        }
        assert!(seen.iter().all(|count| (800..1200).contains(count)), "{seen:?}");
        assert_eq!((below(0), below(1)), (Ok(0), Ok(0)));
        let hits = (0..4000).filter(|_| chance(0.25).unwrap()).count();
        assert!((800..1200).contains(&hits), "{hits}");
        assert_eq!((chance(0.0), chance(1.0)), (Ok(false), Ok(true)));
    }

    #[test]
    fn uuids_have_version_variant_and_time() {
        let fake = Rc::new(Fake::default());
        let _installed = install(fake.clone());
        assert_eq!((uuid_v4().unwrap().get_version_num(), uuid_v7().unwrap().get_version_num()), (4, 7));
        assert_ne!(uuid_v4().unwrap(), uuid_v4().unwrap());
        fake.now_ms.set(0x0123_4567_89ab);
        let early = uuid_v7().unwrap();
        assert!(early.to_string().starts_with("01234567-89ab-7000-"), "{early}");
        fake.now_ms.set(0x0123_4567_89ac);
        assert!(uuid_v7().unwrap() > early);
    }

    #[test]
    fn large_buffers_are_filled_in_parts_and_a_refusal_is_an_error() {
        let installed = install(Rc::new(Fake::default()));
        let mut buffer = vec![0; 150_000];
        fill(&mut buffer).unwrap();
        assert!(buffer.chunks(64).all(|part| part.iter().any(|byte| *byte != 0)));
        drop(installed);
        let _refusing = install(Rc::new(Refusing(Status::INTERNAL_FAILURE)));
        assert_eq!(
            uuid_v4().unwrap_err().to_string(),
            "hostcall `random_get` with `16 bytes` answered InternalFailure (10): the proxy could not do it, \
             or this plugin may not call it"
        );
    }

    #[test]
    fn a_proxy_that_is_not_random_does_not_hold_a_filter_up() {
        let fake = Fake::default();
        // With nothing but zeros, every number is rejected.
        fake.not_random.set(true);
        let _installed = install(Rc::new(fake));
        assert_eq!(below(3), Ok(0));
    }
}
