//! Looking into a compiled module without running it.

pub(crate) mod check;
pub(crate) mod names;
pub(crate) mod read;
pub(crate) mod size;
