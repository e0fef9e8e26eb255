//! Where keys are fetched from, and how often.

use mesh_filter::ClusterName;
use std::ops::Range;
use std::time::Duration;

/// A server with keys.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) cluster: ClusterName,
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) timeout: Duration,
    pub(crate) retries: u32,
    pub(crate) backoff: Range<Duration>,
    /// How long keys are used before they are fetched again.
    pub(crate) cache_duration: Duration,
    /// For how long after that they are used where they cannot be.
    pub(crate) stale_if_error: Duration,
    /// How old keys must be to be fetched again for a name that is not among them; `None`: they never are for that.
    pub(crate) unknown_kid_interval: Option<Duration>,
}

impl Source {
    /// Authority and path of an absolute URI of HTTP.
    pub(crate) fn parts(uri: &str) -> Option<(String, String)> {
        let rest = uri.strip_prefix("https://").or_else(|| uri.strip_prefix("http://"))?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let fits = |byte: u8| byte.is_ascii_graphic();
        let is_sound =
            !authority.is_empty() && !authority.contains('@') && !path.contains('#') && uri.bytes().all(fits);
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        is_sound.then(|| (authority.to_owned(), path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_has_a_host_and_a_path() {
        let parts = |uri: &str| Source::parts(uri).map(|(authority, path)| format!("{authority} {path}"));
        assert_eq!(parts("https://a.example:8443/keys?v=1").as_deref(), Some("a.example:8443 /keys?v=1"));
        assert_eq!(parts("http://a.example").as_deref(), Some("a.example /"));
        assert_eq!(parts("http://a.example?x").as_deref(), Some("a.example /?x"));
        for uri in [
            "",
            "a.example/keys",
            "ftp://a/b",
            "https://",
            "https:///keys",
            "https://a/#b",
            "https://a/ b",
            "https://u@a/",
        ] {
            assert_eq!(parts(uri), None, "{uri}");
        }
    }
}
