//! Scenario files: requests, what upstream and client see, and what else happens, as YAML.
//!
//! A file is read and checked as a whole ([`load`]) before anything runs; [`Suite::run`] then
//! plays each case in a fresh VM and compares. `docs/scenarios.md` describes the format. Reading
//! order: `suite` (the file), `template`, `step`, `message`, `grpc`, `protobuf`, `expect`, `matchers`,
//! `golden`, `body`, `chunking`, `fault`, `properties`, `workers` (its parts), `stage` and `portable` (what worlds can do), `run` and
//! `check` (what happens), `batch` (many files at once).

mod arithmetic;
mod batch;
mod body;
pub(crate) mod budget;
mod calls;
mod chain;
mod check;
mod chunking;
mod distribution;
mod earlier;
mod expect;
mod fault;
mod field;
mod files;
mod golden;
mod grpc;
mod include;
mod interleave;
mod jwt;
mod matchers;
mod measure;
mod message;
mod parallel;
pub(crate) mod portable;
mod properties;
mod protobuf;
mod record;
mod reload;
mod run;
mod seen;
mod sequence;
mod size;
pub(crate) mod stage;
mod step;
mod suite;
mod template;
mod time;
mod workers;

pub use batch::{Batch, Options};
pub(crate) use budget::WARM_UP;
pub(crate) use golden::BLESS_VARIABLE;
pub(crate) use size::shown;
pub use suite::{Reading, Suite, load, load_with, parse, parse_with};
pub(crate) use time::parse as moment;

/// The JSON Schema of scenario files, for editors: `cargo mesh-filter test --schema` prints it.
pub const SCHEMA: &str = include_str!("../../schema/mesh-filter.test.v1.json");
