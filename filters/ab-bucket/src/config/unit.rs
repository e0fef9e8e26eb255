//! Where the ids of those come from that an experiment tells apart.

use super::CookieConfig;
use super::refuse::{problem, refuse};
use crate::seal::Seal;
use crate::unit::{Generated, PathTemplate, Peer, Source};
use mesh_filter::HeaderName;
use mesh_filter_policy::Problem;
use serde::Deserialize;
use std::rc::Rc;

/// One source; the first one that has an id counts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum UnitConfig {
    JwtClaim(String),
    Header(HeaderName),
    Cookie(String),
    QueryParameter(String),
    PathTemplate(String),
    Peer(Peer),
    Property(Vec<String>),
    Generate(CookieConfig),
}

impl UnitConfig {
    /// With a seal the filter's own ids are signed.
    pub(super) fn build(&self, seal: Option<&Rc<Seal>>) -> Result<Source, Problem> {
        Ok(match self {
            Self::JwtClaim(name) | Self::Cookie(name) | Self::QueryParameter(name) if name.is_empty() => {
                return refuse("", "expected a name");
            }
            Self::JwtClaim(name) => Source::JwtClaim(name.clone()),
            Self::Header(name) => Source::Header(name.clone()),
            Self::Cookie(name) => Source::Cookie(name.clone()),
            Self::QueryParameter(name) => Source::QueryParameter(name.clone()),
            Self::PathTemplate(template) => {
                let template = PathTemplate::new(template);
                Source::PathTemplate(template.map_err(|text| problem("path_template", text))?)
            }
            Self::Peer(peer) => Source::Peer(*peer),
            Self::Property(path) if path.is_empty() => {
                return refuse("property", "expected the segments of a path");
            }
            Self::Property(path) => Source::Property(path.clone()),
            Self::Generate(cookie) => {
                let cookie = cookie.build().map_err(|problem| problem.inside("generate"))?;
                Source::Generated(Generated::new(cookie, seal.cloned()))
            }
        })
    }
}
