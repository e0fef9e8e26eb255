//! Values of other services that a filter keeps: key sets, flags, deny lists.
//!
//! [`Refreshed`] loads one in the background and again every so often, so that exchanges find it
//! there and wait for nobody.

mod refresh;
mod refreshed;

pub use refresh::Refresh;
pub use refreshed::Refreshed;
