//! Properties that a test gives, and those that plugins set, exchange by exchange.

use bytes::Bytes;
use mesh_filter_runtime::abi::{Status, path};
use mesh_filter_runtime::host::GivenProperties;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

/// Values by path, its segments joined by dots; `None` where the proxy shall not have it.
pub(crate) type Properties = BTreeMap<String, Option<Bytes>>;

/// First segments of paths that a proxy knows outside of exchanges too.
const KNOWN_EVERYWHERE: [&str; 5] = ["xds", "node", "plugin_name", "plugin_root_id", "plugin_vm_id"];

/// The properties of a worker's exchanges.
#[derive(Debug, Default)]
pub(super) struct PropertyBook {
    common: RefCell<Properties>,
    exchanges: RefCell<HashMap<u64, Page>>,
}

#[derive(Debug, Default)]
struct Page {
    given: Properties,
    set: BTreeMap<String, Vec<u8>>,
}

impl PropertyBook {
    /// What holds for all exchanges, and where the path allows it outside of them.
    pub(super) fn give(&self, properties: &Properties) {
        self.common.borrow_mut().extend(properties.clone());
    }

    /// An exchange begins, with these properties of its own.
    pub(super) fn open(&self, exchange: u64, own: Properties) {
        let mut given = self.common.borrow().clone();
        given.extend(own);
        self.exchanges.borrow_mut().insert(exchange, Page { given, set: BTreeMap::new() });
    }

    /// An exchange is over; what plugins have set.
    pub(super) fn close(&self, exchange: u64) -> BTreeMap<String, Vec<u8>> {
        self.exchanges.borrow_mut().remove(&exchange).map(|page| page.set).unwrap_or_default()
    }
}

impl GivenProperties for PropertyBook {
    fn property(&self, exchange: Option<u64>, path: &[u8]) -> Option<Result<Bytes, Status>> {
        let find = |given: &Properties| {
            // Most tests give none.
            if given.is_empty() { None } else { given.get(&dotted(path)).cloned() }
        };
        let found = match exchange {
            Some(exchange) => find(&self.exchanges.borrow().get(&exchange)?.given)?,
            None => {
                let first = path::segments(path).first().map(|first| String::from_utf8_lossy(first));
                let known = first.is_some_and(|first| KNOWN_EVERYWHERE.contains(&&*first));
                find(&self.common.borrow()).filter(|_| known)?
            }
        };
        Some(found.ok_or(Status::NOT_FOUND))
    }

    fn was_set(&self, exchange: u64, path: &[u8], value: &[u8]) {
        if let Some(page) = self.exchanges.borrow_mut().get_mut(&exchange) {
            let path = dotted(path);
            // From now on the plugin reads its own value.
            page.given.remove(&path);
            page.set.insert(path, value.to_vec());
        }
    }
}

fn dotted(path: &[u8]) -> String {
    let segments = path::segments(path);
    segments.iter().map(|segment| String::from_utf8_lossy(segment)).collect::<Vec<_>>().join(".")
}
