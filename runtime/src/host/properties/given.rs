//! Properties that a test gives in the proxy's place.

use crate::abi::Status;
use bytes::Bytes;

/// Gives properties that this host would not have, and hears of those that plugins set.
pub trait GivenProperties {
    /// What stands at this path, whose segments are separated by zeros; `None` lets the host say it.
    ///
    /// `exchange` is the exchange's number in its worker, `None` outside of exchanges.
    fn property(&self, exchange: Option<u64>, path: &[u8]) -> Option<Result<Bytes, Status>>;

    /// A plugin has set this property of the exchange.
    fn was_set(&self, exchange: u64, path: &[u8], value: &[u8]);
}
