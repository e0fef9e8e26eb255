//! Reads YAML 1.2 and JSON documents into nodes that know where they stand.
//!
//! Configuration, scenario files and plugin settings are read through here, so that every error
//! names file, line, column and path. Scalars are kept as text and typed by whoever reads them:
//! `no`, `1.10` and `0123` are never guessed at.
//!
//! Not here: merge keys (`<<`) and tags, which are refused. Several documents in one file are read by
//! [`Document::load_all`] only.
//!
//! ```
//! use mesh_filter_runtime::document::Document;
//!
//! let document = Document::parse("limits.yaml", "retries: 3\nwait: 0.25s\n").unwrap();
//! let fields = document.root().mapping(&["retries", "wait"]).unwrap();
//! assert_eq!(fields.required("retries").unwrap().integer(0..=10).unwrap(), 3);
//!
//! let wrong = Document::parse("limits.yaml", "retires: 3\n").unwrap();
//! let error = wrong.root().mapping(&["retries", "wait"]).unwrap_err();
//! assert_eq!(error.to_string(), "limits.yaml:1:1: retires: unknown field `retires`");
//! assert_eq!(error.help(), Some("did you mean `retries`? known here: `retries`, `wait`"));
//! ```

mod duration;
mod error;
mod events;
mod fields;
mod json;
mod load;
mod node;
mod place;
mod scalar;
mod suggest;
mod yaml;

pub use duration::{format_duration, parse_duration, parse_span};
pub use error::Error;
pub use fields::Fields;
pub use load::{Document, MAX_BYTES, MAX_DEPTH, MAX_NODES};
pub use node::{Entry, Kind, Node};
pub use place::Place;
pub use suggest::suggest;
pub use yaml::Yaml;

/// What reading a document or a part of it gives.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests;
