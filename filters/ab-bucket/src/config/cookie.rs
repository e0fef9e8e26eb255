//! The cookies that the filter sets, with the attributes of RFC 6265.

use super::refuse::refuse;
use crate::cookie::SetCookie;
use mesh_filter::HeaderName;
use mesh_filter::clock::{Span, secs};
use mesh_filter_policy::Problem;
use serde::Deserialize;

/// A year: browsers keep cookies for little longer.
const YEAR: Span = Span::new(secs(365 * 24 * 60 * 60));

/// A cookie's name and attributes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CookieConfig {
    name: String,
    #[serde(default = "root")]
    path: String,
    domain: Option<String>,
    #[serde(default = "year")]
    max_age: Span,
    #[serde(default = "yes")]
    secure: bool,
    #[serde(default = "yes")]
    http_only: bool,
    #[serde(default)]
    same_site: SameSite,
    #[serde(default)]
    partitioned: bool,
}

/// With which requests of other sites browsers send a cookie. Browsers spell the words so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
enum SameSite {
    Strict,
    #[default]
    Lax,
    None,
}

fn root() -> String {
    "/".to_owned()
}

fn year() -> Span {
    YEAR
}

fn yes() -> bool {
    true
}

impl CookieConfig {
    /// The cookie without its value; cookies that browsers would refuse are refused here.
    pub(super) fn build(&self) -> Result<SetCookie, Problem> {
        if HeaderName::new(&self.name).is_err() {
            return refuse("name", "expected a name of letters, digits and a few signs (RFC 6265)");
        }
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
        if !self.path.starts_with('/') || !is_plain(&self.path) {
            return refuse("path", "expected a path that begins with `/`, without `;`");
        }
        if self.domain.as_ref().is_some_and(|domain| domain.is_empty() || !is_plain(domain)) {
            return refuse("domain", "expected a domain");
        }
        let needs_secure = [
            ("same_site", self.same_site == SameSite::None, "browsers refuse `None` without `secure`"),
            ("partitioned", self.partitioned, "browsers refuse it without `secure`"),
            ("name", self.name.starts_with("__Secure-"), "browsers refuse such a name without `secure`"),
        ];
        if let Some((place, _, text)) = needs_secure.iter().find(|(_, needs, _)| *needs && !self.secure) {
            return refuse(place, text);
        }
        if self.name.starts_with("__Host-") && !(self.secure && self.domain.is_none() && self.path == "/") {
            let text = "browsers refuse such a name unless there is `secure`, the path `/` and no `domain`";
            return refuse("name", text);
        }
        Ok(SetCookie::new(&self.name, self.attributes()))
    }

    fn attributes(&self) -> String {
        let mut attributes = format!("; Path={}", self.path);
        if let Some(domain) = &self.domain {
            attributes += &format!("; Domain={domain}");
        }
        if self.max_age.as_secs() > 0 {
            attributes += &format!("; Max-Age={}", self.max_age.as_secs());
        }
        for (there, name) in
            [(self.secure, "; Secure"), (self.http_only, "; HttpOnly"), (self.partitioned, "; Partitioned")]
        {
            if there {
                attributes += name;
            }
        }
        attributes += match self.same_site {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        };
        attributes
    }
}
