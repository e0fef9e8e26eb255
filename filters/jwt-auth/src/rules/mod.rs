//! Rules: which requests need which tokens.

mod requirement;
mod route;
mod text;

pub(crate) use requirement::{Allowance, Invalid, Outcome, Requirement, Tokens, Wait};
pub(crate) use route::{Named, PathMatch, RouteMatch};
pub(crate) use text::{Text, TextMatch};

use crate::claims::Authorization;

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
