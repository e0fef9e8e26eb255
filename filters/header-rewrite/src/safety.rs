//! Which headers may be changed, and what may become of them: Envoy's `HeaderMutationRules`, and bounds.

use mesh_filter_policy::Text;

/// What belongs to the proxy that frames messages: no configuration may touch it.
const FRAMING: &[&str] =
    &["connection", "content-length", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/// What others rely on: who the client is, what a request belongs to, and by which scheme Envoy finds its route.
/// `allow_expression` allows it.
const GUARDED: &[&str] = &["te", "trailer", "x-forwarded-client-cert", "x-forwarded-proto"];
const GUARDED_PREFIX: &str = "x-b3-";

/// What may be changed.
#[derive(Debug)]
pub(crate) struct Safety {
    /// Whether `:authority`, `:method` and `:scheme` may be set as headers.
    pub(crate) allow_routing: bool,
    pub(crate) allow_envoy: bool,
    pub(crate) disallow_system: bool,
    pub(crate) disallow_all: bool,
    pub(crate) allow: Option<Text>,
    pub(crate) disallow: Option<Text>,
    /// Whether a change that is not allowed ends the exchange.
    pub(crate) is_error: bool,
    /// Bytes of the longest value.
    pub(crate) longest_value: usize,
    /// Bytes that may come to one message, names included.
    pub(crate) most_added: usize,
}

impl Safety {
    /// Why a header may not be changed; `None` where it may. Names are in lower case.
    pub(crate) fn refusal(&self, name: &str) -> Option<&'static str> {
        self.refusal_where(name, self.allow_routing)
    }

    /// The same for a pseudo header that a rule rewrites as such, which needs no `allow_all_routing`.
    pub(crate) fn explicit_refusal(&self, name: &str) -> Option<&'static str> {
        self.refusal_where(name, true)
    }

    fn refusal_where(&self, name: &str, allow_routing: bool) -> Option<&'static str> {
        let matches = |text: &Option<Text>| text.as_ref().is_some_and(|text| text.matches(name.as_bytes()));
        if FRAMING.contains(&name) {
            return Some("it frames the message, which is the proxy's part");
        }
        if matches(&self.disallow) {
            return Some("`mutation_rules.disallow_expression` matches it");
        }
        if self.disallow_system && name.starts_with(':') {
            return Some("`mutation_rules.disallow_system` is set");
        }
        if matches(&self.allow) {
            return None;
        }
        if self.disallow_all {
            return Some("`mutation_rules.disallow_all` is set");
        }
        if name.starts_with("x-envoy") && !self.allow_envoy {
            return Some("it steers the proxy, and `mutation_rules.allow_envoy` is not set");
        }
        if (name.starts_with(':') || name == "host") && !allow_routing {
            return Some(
                "`mutation_rules.allow_all_routing` is not set; `host_rewrite`, `path_rewrite` and `method_rewrite` are for that",
            );
        }
        if GUARDED.contains(&name) || name.starts_with(GUARDED_PREFIX) {
            return Some("others rely on it: only `mutation_rules.allow_expression` can allow it");
        }
        None
    }
}

/// What stands between the spaces and tabs at both ends. Line breaks are none: they make a value one that cannot be.
pub(crate) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// A value without space around it; `None` where it cannot be the value of a header (RFC 9110, section 5.5).
pub(crate) fn value(bytes: &[u8]) -> Option<&[u8]> {
    let value = trim(bytes);
    let fits = |byte: &u8| *byte == b'\t' || !byte.is_ascii_control();
    value.iter().all(fits).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_hold_nothing_that_ends_them() {
        assert_eq!(value(b" \ta b\tc \xff "), Some(&b"a b\tc \xff"[..]));
        assert_eq!(value(b""), Some(&b""[..]));
        for bytes in [&b"\r"[..], b"a\n", b"\r\n a", b"\0", b"a\x7f", b"\x1b[0m"] {
            assert_eq!(value(bytes), None, "{bytes:?}");
        }
    }
}
