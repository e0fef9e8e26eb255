//! Test files of Google's Service Extensions: `tests.textpb`, in protobuf's text format or as YAML.
//!
//! A file is read and checked as a whole ([`load`]) before anything runs. It tests a plugin phase by
//! phase, without a proxy around it: `docs/google-tests.md` says what that means. Reading order: `suite`
//! (the file), `input`, `expectation`, `re2` (its parts), `tree` and `fields` (what both forms are read into),
//! `textpb`, `token`, `cursor`, `escape` (the text format), `yaml`, `http1`, `files`, then `driver`, `play`
//! and `check` (what happens), `repeat` (many times, for benchmarks), `import`, `import_message` and
//! `notation` (the same as scenarios).

mod check;
mod cursor;
mod driver;
mod escape;
mod expectation;
mod fields;
mod files;
mod http1;
mod import;
mod import_message;
mod input;
mod notation;
mod play;
mod re2;
mod repeat;
mod suite;
mod textpb;
mod token;
mod tree;
mod yaml;

pub use play::{Logs, Played, Subject};
pub use repeat::Repeat;
pub use suite::{Suite, is_test_file, is_textpb, load, parse};

#[cfg(test)]
mod tests;
