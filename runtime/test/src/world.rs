//! What runs the filter under test: the test program itself, or a module in a Wasm engine.

use mesh_filter_runtime::guest::Guest;
use mesh_filter_runtime::host::SharedHost;
use mesh_filter_runtime::plugin::MakeGuest;
use std::rc::Rc;

/// The environment variable that chooses cases in native runs, by a part of their name.
pub(crate) const FILTER_VARIABLE: &str = "MESH_FILTER_SCENARIO";

/// Makes fresh VMs of one filter.
pub struct World {
    name: &'static str,
    make: Rc<MakeGuest>,
}

impl World {
    pub(crate) fn new(
        name: &'static str,
        make: impl Fn(SharedHost) -> Result<Box<dyn Guest>, String> + 'static,
    ) -> Self {
        Self { name, make: Rc::new(make) }
    }

    /// `native` or `wasm`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How to play one case alone.
    pub(crate) fn rerun(&self, file: &str, case: &str) -> String {
        let quoted = format!("'{}'", case.replace('\'', "'\\''"));
        match self.name {
            "native" => format!("{FILTER_VARIABLE}={quoted} cargo test scenarios"),
            _ => format!("cargo mesh-filter test {file} --filter {quoted}"),
        }
    }

    pub(crate) fn maker(&self) -> Rc<MakeGuest> {
        Rc::clone(&self.make)
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("World").field(&self.name).finish()
    }
}
