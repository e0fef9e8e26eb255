//! Ids that the filter makes up for clients that have none, and gives them as a cookie.

use crate::cookie::SetCookie;
use crate::seal::Seal;
use mesh_filter::Request;
use std::rc::Rc;

/// What signatures of ids are for.
const PURPOSE: &str = "unit";

/// The cookie of made-up ids.
pub(crate) struct Generated {
    cookie: SetCookie,
    /// With it only ids count that this filter has made.
    seal: Option<Rc<Seal>>,
}

impl Generated {
    pub(crate) fn new(cookie: SetCookie, seal: Option<Rc<Seal>>) -> Self {
        Self { cookie, seal }
    }

    pub(crate) fn cookie(&self) -> &SetCookie {
        &self.cookie
    }

    /// The id that the client brings.
    pub(crate) fn id(&self, request: &Request) -> Option<String> {
        let value = request.headers().cookie(self.cookie.name())?.as_str().ok()?;
        match &self.seal {
            Some(seal) => seal.open(PURPOSE, value).map(str::to_owned),
            None => Some(value.to_owned()),
        }
    }

    /// The header that gives an id to its client.
    pub(crate) fn set_cookie(&self, id: &str) -> Option<String> {
        match &self.seal {
            Some(seal) => self.cookie.with(&seal.seal(PURPOSE, id)),
            None => self.cookie.with(id),
        }
    }
}
