//! Meshes, as far as files, registries and processes are concerned; what they mean is the crate `mesh-filter-mesh`.

mod fetch;
pub(crate) mod image_facts;
pub(crate) mod lint;
pub(crate) mod local;
pub(crate) mod options;
pub(crate) mod plan;
pub(crate) mod rendered;
mod settings;
mod source;
