//! Tests in Rust of the filter as a whole: properties that hold for all inputs, other clients of the same experiments, and the
//! schema of its configuration.

#[cfg(test)]
mod clients;
mod properties;
mod schema;
