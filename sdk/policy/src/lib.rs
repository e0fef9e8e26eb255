//! What the configurations of many filters have in common, with Envoy's names: conditions on requests and on text, values by
//! name, shadow mode, headers that only the filter sets, secrets, moments, and mistakes with their place.
//!
//! ```text
//!   JSON ── serde ──► TextConfig, MatchConfig, Named, Enforcement
//!                        │ build: what cannot be meant is a Problem with its place
//!                        ▼
//!                     Text, RouteMatch, Owned ──► asked for each request
//! ```
//!
//! Reading refuses unknown fields and wrong types; `build` refuses what cannot be meant. Of the host only its clock and the environment
//! are asked.

mod encoding;
mod enforcement;
mod matcher;
mod metrics;
mod moment;
mod named;
mod owned;
mod problem;
mod route;
mod secret;
mod text;

pub use encoding::Encoding;
pub use enforcement::Enforcement;
pub use matcher::{
    HeaderMatchConfig, MatchConfig, ParameterMatchConfig, PathFields, RegexConfig, TextConfig, build_all,
    check_methods,
};
pub use metrics::metrics_prefix;
pub use moment::{Civil, Moment};
pub use named::Named;
pub use owned::Owned;
pub use problem::Problem;
pub use route::{PathMatch, RouteMatch, ValueMatch};
pub use secret::{SecretConfig, SecretEncoding};
#[cfg(feature = "regex")]
pub use text::expression;
pub use text::{Text, TextMatch};
