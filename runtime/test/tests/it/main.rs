//! The harness with real filters: scenario files that hold, that are broken, that fail; the Rust API.

mod api;
mod attribute;
mod broken;
mod compared;
mod docs;
mod failing;
mod golden;
mod google;
mod include;
mod probe;
mod reports;
mod scenarios_of;
mod schema;
mod tally;
mod workers;
mod worlds;

mesh_filter_test::scenarios!("tests/scenarios/*.test.yaml", crate::probe::Probe);
