//! Tests for Proxy-Wasm filters: virtual time, scenario files, native tests.
//!
//! ```text
//!   tests/*.test.yaml ── scenario ──┐
//!                                   ├──▶ sim ──▶ worker ──▶ native filter │ Wasm module
//!   tests in Rust ─────── api ──────┘     │
//!                                         └── clock, mocked clusters, upstream, journal
//! ```
//!
//! A filter author writes scenario files and plays them with [`scenarios!`], or tests in Rust
//! with [`Sim`](prelude::Sim). Neither sleeps, opens a socket or depends on the machine: time moves only when
//! a test says so, and two runs are the same. Nothing here compiles a Wasm engine unless the
//! feature `wasm` asks for it; `cargo mesh-filter test` plays the same files on built modules.
//!
//! Reading order: [`prelude`] and [`scenario`] (what tests see), [`report`], `traffic`, `grpc` and
//! `matcher` (what they are made of), `sim` (virtual time), `native` and `world` (what runs).

pub mod prelude;

pub mod api;
pub mod config_schema;
pub mod cost;
pub mod google;
pub mod matcher;
pub mod report;
pub mod scenario;

mod attribute;
mod base64;
mod cargo;
mod cuts;
#[cfg(feature = "envoy")]
mod envoy;
mod grpc;
mod lines;
mod mint;
#[cfg(feature = "wasm")]
mod module;
mod native;
mod panics;
#[cfg(feature = "proptest")]
mod property;
mod protobuf;
#[cfg(feature = "proxy-wasm-native")]
mod proxy_wasm;
mod sim;
mod statistics;
mod traffic;
#[cfg(feature = "wasm")]
mod wasm;
mod world;

pub use attribute::{TestError, TestResult};
pub use cuts::Cuts;
#[cfg(feature = "envoy")]
pub use envoy::{Envoy, EnvoyError};
#[cfg(feature = "wasm")]
pub use wasm::WasmError;
pub use world::World;

/// A test of a filter that plays natively, and on the crate's module where there is an engine for it.
///
/// The function gets a simulation and becomes a module of its name with two tests, `native` and `wasm`: a
/// filter that behaves otherwise as a module (another clock, 32 bits, a panic that ends the VM) is found out.
///
/// ```
/// use mesh_filter_test::prelude::*;
/// # use mesh_filter::prelude::*;
/// # pub struct Hello;
/// # impl mesh_filter::Filter for Hello {
/// #     type Config = ();
/// #     fn new((): (), _: &mut Setup) -> mesh_filter::Result<Self> { Ok(Self) }
/// #     async fn handle(&self, request: mesh_filter::Request, next: Next) -> mesh_filter::Result<Response> {
/// #         next.run(request).await
/// #     }
/// # }
///
/// #[mesh_filter_test::test]
/// fn requests_pass(sim: &mut Sim) -> TestResult {
///     let filter = sim.filter::<Hello>(json!(null))?;
///     filter.request(get("/cart")).expect(status(200));
///     Ok(())
/// }
///
/// #[mesh_filter_test::test(engine = "wasm", budget(fuel = 40_000, heap_growth = 0))]
/// fn it_is_cheap(sim: &mut Sim) -> TestResult {
///     sim.filter::<Hello>(json!(null))?.soak(1000, get("/cart"))
/// }
/// # fn main() {}
/// ```
///
/// The tests named `wasm` exist with the feature `wasm` of this crate alone: `cargo test` compiles no engine,
/// `cargo test --features mesh-filter-test/wasm` does, once. The module is the one that
/// `cargo mesh-filter build` makes of the crate; the CLI is looked for in PATH, unless `MESH_FILTER_CLI`
/// names it. `sim.filter::<F>(..)` then starts that module, so `F` is the filter that the crate registers.
///
/// | option | meaning |
/// |---|---|
/// | `engine = "native"`, `engine = "wasm"` | plays there only; `wasm` is shown as ignored where there is no engine |
/// | `clock = "2026-01-01T00:00:00Z"` | where the wall clock stands at first |
/// | `seed = 7` | from which random bytes come |
/// | `budget(fuel = .., hostcalls = .., memory = .., heap_growth = ..)` | what the module may use at most, see below |
///
/// A budget is for what the test does after its first ten exchanges, in which a filter fills its caches: `fuel`
/// and `hostcalls` of each exchange, `memory` of the VM in the end, and its growth from the tenth exchange on. Sizes are
/// bytes, or texts such as `"64KiB"`. All of this repeats exactly; natively nobody counts.
///
/// `#[should_panic]`, `#[ignore]` and `#[cfg(..)]` are for both tests.
pub use mesh_filter_test_macros::test;

/// A property that holds for all inputs: a test that looks for inputs with which it fails.
///
/// The parameters after the simulation are inputs, drawn from their type ([`any`]) or from what
/// `#[strategy(..)]` says; the function is called for each of `cases` (256) draws, with a new simulation. The
/// inputs with which it fails are made smaller as long as it fails, and shown. The draws are the same in every run;
/// `seed` draws others, and so does `PROPTEST_RNG_SEED`.
///
/// ```
/// use mesh_filter_test::{Cuts, prelude::*};
/// # use mesh_filter::prelude::*;
/// # pub struct Shout;
/// # impl mesh_filter::Filter for Shout {
/// #     type Config = ();
/// #     fn new((): (), _: &mut Setup) -> mesh_filter::Result<Self> { Ok(Self) }
/// #     async fn handle(&self, request: mesh_filter::Request, next: Next) -> mesh_filter::Result<Response> {
/// #         next.run(request).await
/// #     }
/// # }
///
/// #[mesh_filter_test::proptest(cases = 64)]
/// fn chunks_do_not_matter(sim: &mut Sim, #[strategy("[a-z ]{0,40}")] page: String, cuts: Cuts) -> TestResult {
///     let filter = sim.filter::<Shout>(json!(null))?;
///     filter.upstream(reply(200).chunks(cuts.of(page.clone())));
///     filter.request(get("/")).expect(body(&*page));
///     Ok(())
/// }
/// # fn main() {}
/// ```
///
/// It takes the options of [`test`](macro@test) but `budget`, and needs the feature `proptest`. Strategies are those of
/// the crate of that name, which is [`mesh_filter_test::proptest`](mod@proptest). The function returns nothing, a
/// `TestResult`, or that crate's `TestCaseResult`, for `prop_assert!` and `prop_assume!`.
///
/// [`any`]: proptest::prelude::any
#[cfg(feature = "proptest")]
pub use mesh_filter_test_macros::proptest;

#[cfg(feature = "proptest")]
#[doc(no_inline)]
pub use ::proptest;

/// The blocks of the guide, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide.md")]
mod guide {}

/// What macros expand to; not for use by hand.
#[doc(hidden)]
pub mod private {
    pub use crate::attribute::{Budget, Engine, Outcome, Setting, play};
    pub use crate::cargo::{main, play as play_files};
    #[cfg(feature = "proptest")]
    pub use crate::property::property;
    #[cfg(feature = "proptest")]
    pub use proptest::prelude::{Strategy, any};
}
