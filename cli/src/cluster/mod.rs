//! Clusters, through the user's own `kubectl`: it has every way of signing in that the user has.
//!
//! ```text
//!   file ──► wanted (image verified and pinned, checked) ──► server-side apply      live object ──► history
//! ```

pub(crate) mod kubectl;
pub(crate) mod objects;
pub(crate) mod proxies;
pub(crate) mod wanted;

/// Who owns the fields that are deployed, in server-side apply.
pub(crate) const MANAGER: &str = "mesh-filter";
/// The label of what was deployed.
pub(crate) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
