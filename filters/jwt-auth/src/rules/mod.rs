//! Rules: which requests need which tokens.

mod requirement;

pub(crate) use requirement::{Allowance, Invalid, Outcome, Requirement, Tokens, Wait};

use crate::claims::Authorization;
use mesh_filter_policy::RouteMatch;

/// A rule: the requests that it is for, and what they need.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) matches: RouteMatch,
    /// Nothing where these requests are public.
    pub(crate) requires: Option<Requirement>,
    /// What valid tokens must say.
    pub(crate) authorization: Option<Authorization>,
    /// Whether refusals are only counted.
    pub(crate) shadow: bool,
}
