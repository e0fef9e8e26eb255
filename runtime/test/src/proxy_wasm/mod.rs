//! Runs plugins of the `proxy-wasm` crate in the test program itself, as they are.
//!
//! That crate declares its hostcalls as functions that somebody defines when a program is linked. For a module
//! that is the proxy; here it is `symbols`, for any test program that depends on this crate with
//! the feature `proxy-wasm-native`. The crate keeps a plugin's contexts in a variable of the thread, so each VM is
//! a thread of its own (`vm`), which runs only while the test waits for it: `symbols` takes a hostcall's
//! arguments out of memory (`memory`), `vm` carries it over to the test's thread, `calls` does it there. `callbacks` is the
//! way back.

mod callbacks;
mod calls;
mod memory;
mod symbols;
mod vm;

use crate::world::{Kind, World};
use vm::Vm;

impl World {
    /// A plugin of the `proxy-wasm` crate as ordinary Rust; what [`proxy_wasm!`](crate::proxy_wasm) expands to.
    ///
    /// `initialize` is what `proxy_wasm::main!` makes of its block.
    #[must_use]
    pub fn proxy_wasm(initialize: extern "C" fn()) -> Self {
        Self::new(Kind::Native, move |host| Ok(Box::new(Vm::start(initialize, host)?)))
    }
}
