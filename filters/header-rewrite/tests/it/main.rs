//! Tests of the filter as a whole.

mod properties;
mod schema;
