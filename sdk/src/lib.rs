//! Proxy-Wasm HTTP filters as one async function.
//!
//! ```text
//!            callbacks                              awaits
//!   proxy ──────────────▶ dispatch ──▶ your filter ─────────▶ next, call, body
//!     ▲                                                          │
//!     └───────────────────────── host (hostcalls) ◀──────────────┘
//! ```
//!
//! A filter is a type that implements [`Filter`]: it is made from its typed configuration, and
//! handles an exchange in one function. `next.run(request)` gives the request to the upstream and
//! comes back with the response:
//!
//! ```no_run
//! use mesh_filter::prelude::*;
//!
//! struct Hello;
//!
//! impl Filter for Hello {
//!     type Config = ();
//!
//!     fn new((): (), _setup: &mut Setup) -> Result<Self> {
//!         Ok(Self)
//!     }
//!
//!     async fn handle(&self, request: Request, next: Next) -> Result<Response> {
//!         let mut response = next.run(request).await?;
//!         response.headers_mut().set("x-hello", "world")?;
//!         Ok(response)
//!     }
//! }
//!
//! mesh_filter::register!(Hello);
//! ```
//!
//! The crate is built as a `cdylib` for `wasm32-wasip1`; `serde` is a dependency of its own when
//! the configuration is derived. On other targets the same code runs in native tests.
//!
//! Reading order: [`Filter`], [`Request`], [`Next`], [`Response`] (what authors see), `dispatch`
//! (how a future becomes callbacks), `host` (hostcalls).
#![cfg_attr(not(target_arch = "wasm32"), forbid(unsafe_code))]

mod ended;
mod filter;
mod setup;

mod next;
mod request;
mod response;

pub mod body;
pub mod headers;

pub mod cache;
pub mod call;
pub mod clock;
pub mod flight;
pub mod grpc;
pub mod json;
pub mod metrics;
pub mod property;
pub mod random;
pub mod shared;
pub mod task;

mod config;
mod error;
#[cfg(any(test, all(feature = "heap", target_arch = "wasm32")))]
mod heap;
mod logger;
mod vm;

#[cfg_attr(target_arch = "wasm32", expect(unreachable_pub, reason = "public natively, by `testing`"))]
mod dispatch;
#[cfg_attr(target_arch = "wasm32", expect(unreachable_pub, reason = "public natively, by `testing`"))]
mod host;

#[cfg(target_arch = "wasm32")]
mod exports;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

#[cfg(test)]
mod fake;

pub use body::Chunk;
pub use call::ClusterName;
pub use config::Configuration;
pub use ended::Ended;
pub use error::{Error, Result};
pub use filter::{Failure, Filter, Phase, Recovery};
pub use headers::HeaderName;
pub use host::{HostError, Status};
pub use log;
pub use next::Next;
pub use request::{Gate, Request};
pub use response::Response;
pub use setup::Setup;

/// Everything that a filter usually needs.
pub mod prelude {
    pub use crate::clock::{millis, secs};
    pub use crate::metrics::{Counter, Gauge, Histogram};
    pub use crate::{
        Chunk, ClusterName, Ended, Error, Failure, Filter, Gate, HeaderName, Next, Phase, Recovery, Request,
        Response, Result, Setup, cache, call, clock, flight, grpc, log, log_every, property, random, shared,
        task,
    };
    pub use serde::Deserialize;
}

/// Makes a [`Filter`] the filter of this module.
///
/// Stands once, at the top level of the crate. On native targets it only checks the type.
#[macro_export]
macro_rules! register {
    ($filter:ty) => {
        const _: () = {
            #[cfg(target_arch = "wasm32")]
            #[unsafe(no_mangle)]
            extern "C" fn _initialize() {
                $crate::private::start::<$filter>();
            }

            $crate::private::check::<$filter>();
        };
    };
}

/// What `register!` expands to; not for use by hand.
#[doc(hidden)]
pub mod private {
    #[cfg(target_arch = "wasm32")]
    pub use crate::exports::start;

    pub use crate::logger::{More, due};

    /// Compiles for filters only.
    pub const fn check<F: crate::Filter>() {}
}
