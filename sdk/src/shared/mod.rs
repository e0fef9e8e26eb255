//! Values that all VMs of a plugin share in one proxy.
//!
//! A proxy runs a VM per worker thread; what they must agree on goes here:
//!
//! | | for | bounded by |
//! |---|---|---|
//! | [`Cell`] | one value: a flag, a total, a key set | the filter's own keys |
//! | [`Pages`] | bytes under numbers: tables with a form of their own | the filter's own numbers |
//! | [`Slots`] | one value per client: buckets, counts, nonces | its places; the longest unused leaves first |
//! | [`Queue`] | messages between workers and plugins | what is taken out |
//!
//! Keys belong to the plugin: its name and `root_id` are put in front, because plugins without a
//! VM id of their own (in Istio all) share one namespace. They are read where a cell, a table or a
//! queue is made, so these are made in [`crate::Filter::new`] and kept.
//!
//! Values live until the last VM of the VM id goes, a restart of the proxy at the latest. A key that
//! was once written stays for as long: proxies cannot delete, so never make keys of what clients
//! send. What only one exchange needs is a local variable of [`crate::Filter::handle`]; what access
//! logs and other filters shall see of it goes into [`crate::property::set`].

mod cell;
mod error;
mod pages;
mod queue;
mod slots;
pub(crate) mod store;

#[cfg(test)]
mod tests;

pub use cell::{Cell, Version};
pub use error::SharedError;
pub use pages::Pages;
pub use queue::Queue;
pub use slots::Slots;

type Result<T> = std::result::Result<T, SharedError>;
