//! Tests in Rust of the filter as a whole: properties that hold for all inputs, what the fuzz targets do, and the schema
//! of its configuration.

#[cfg(test)]
mod fuzz;
mod properties;
mod schema;
