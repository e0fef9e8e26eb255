//! Property paths: split and joined again, read and written in an exchange and outside of one.

use std::rc::Rc;

use mesh_filter_runtime::abi::Status;
use mesh_filter_runtime::abi::path::{join, segments};
use mesh_filter_runtime::guest::{Callback, Guest, Trap};
use mesh_filter_runtime::host::SharedHost;

use super::exchange::exchange;

pub(crate) fn run(bytes: &[u8]) {
    let split = segments(bytes);
    assert!(split.iter().all(|segment| !segment.contains(&0)));
    let joined = join(&split);
    assert_eq!(joined, bytes.strip_suffix(&[0]).unwrap_or(bytes));

    let path = Rc::new(bytes.to_vec());
    let _said = exchange(&[], Rc::new(move |host| Ok(Box::new(Reader { host, path: Rc::clone(&path) }))));
}

const VALUE: &[u8] = b"value";

/// A native filter that reads its path in every callback, and then writes there.
struct Reader {
    host: SharedHost,
    path: Rc<Vec<u8>>,
}

impl Guest for Reader {
    fn call(&mut self, _callback: Callback) -> Result<Option<u32>, Box<Trap>> {
        let host = self.host.borrow_mut();
        let missing = host.property(&self.path) == Err(Status::NOT_FOUND);
        let written = host.set_property(&self.path, VALUE);
        if missing
            && written.is_ok()
            && let Ok(value) = host.property(&self.path)
        {
            assert_eq!(value, VALUE);
        }
        // Start callbacks must answer true; that is also `Continue` with 1 for headers: a pause.
        Ok(Some(1))
    }
}
