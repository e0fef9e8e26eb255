//! Tests in Rust of the filter as a whole: properties that hold for all inputs, and the schema of its configuration.

mod properties;
mod schema;
