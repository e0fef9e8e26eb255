//! What templates and conditions ask the proxy for, beside headers.

use mesh_filter::{clock, property, random};
use std::time::{Duration, UNIX_EPOCH};

/// The proxy as templates and conditions see it.
pub(crate) trait World {
    /// The bytes of a property; its path has NUL bytes between its segments.
    fn property(&self, path: &str) -> Option<Vec<u8>>;

    /// The items of a property that is a list of text.
    fn items(&self, path: &str) -> Option<Vec<Vec<u8>>>;

    /// When the request came, since 1970.
    fn start(&self) -> Duration;

    /// A UUID that was not there before.
    fn unique_id(&self) -> Option<String>;

    /// A number below this one, each as likely as any other.
    fn below(&self, bound: u64) -> Option<u64>;
}

/// The proxy of the exchange that runs.
pub(crate) struct Proxy;

impl World for Proxy {
    fn property(&self, path: &str) -> Option<Vec<u8>> {
        read(path)
    }

    fn items(&self, path: &str) -> Option<Vec<Vec<u8>>> {
        let items: Vec<String> = read(path)?;
        Some(items.into_iter().map(String::into_bytes).collect())
    }

    fn start(&self) -> Duration {
        let time = property::request().time().ok().flatten().unwrap_or_else(clock::now);
        time.duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn unique_id(&self) -> Option<String> {
        random::uuid_v4().ok().map(|id| id.to_string())
    }

    fn below(&self, bound: u64) -> Option<u64> {
        random::below(bound).ok()
    }
}

fn read<T: property::Value>(path: &str) -> Option<T> {
    let path: Vec<&str> = path.split('\0').collect();
    property::read(&path).ok().flatten()
}
