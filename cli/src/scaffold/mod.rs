//! New filter crates: the templates, and where their dependencies come from.

pub(crate) mod name;
pub(crate) mod sdk;
pub(crate) mod template;
