//! How a cluster is named to the proxy: by its name, or in a message where the name looks like one.

/// The bytes that stand for a cluster in `proxy_grpc_call` and `proxy_grpc_stream`.
///
/// Proxies take these bytes for a serialised `envoy.config.core.v3.GrpcService`, and for a
/// cluster's name only where they cannot be parsed. An Envoy that gets a name which happens to be a
/// message, such as `h1`, ends its process; so those go inside a message. The others go as they
/// are, because then an unknown cluster has a status of its own.
pub(super) fn of(cluster: &str) -> Vec<u8> {
    let name = cluster.as_bytes();
    if is_message(name) { field(1, &field(1, name)) } else { name.to_vec() }
}

/// A field of bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut size = bytes.len();
    loop {
        let low = u8::try_from(size & 0x7f).unwrap_or_default();
        size >>= 7;
        out.push(if size > 0 { low | 0x80 } else { low });
        if size == 0 {
            break;
        }
    }
    out.extend_from_slice(bytes);
    out
}

/// Whether bytes could be any message of protobuf. What is not ASCII is not looked at closely: it
/// could.
fn is_message(mut bytes: &[u8]) -> bool {
    if !bytes.is_ascii() {
        return true;
    }
    let mut groups = Vec::new();
    // Every number below 128 is one byte: each byte in the place of a tag is one.
    while let [tag, rest @ ..] = bytes {
        let number = tag >> 3;
        let skipped = match (number, tag & 7) {
            (0, _) => None,
            (_, 0) => rest.get(1..),
            (_, 1) => rest.get(8..),
            (_, 2) => rest.split_first().and_then(|(size, rest)| rest.get(usize::from(*size)..)),
            (_, 3) => {
                groups.push(number);
                Some(rest)
            }
            (_, 4) if groups.pop() == Some(number) => Some(rest),
            (_, 5) => rest.get(4..),
            _ => None,
        };
        match skipped {
            Some(rest) => bytes = rest,
            None => return false,
        }
    }
    groups.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_as_they_are_unless_they_are_messages() {
        for name in ["callee", "grpc", "outbound|8080||users.default.svc.cluster.local", "user", "a", "k"] {
            assert_eq!(of(name), name.as_bytes(), "{name}");
        }
        // A number, four bytes, a group that is opened and closed.
        for name in ["h1", "users", "kl"] {
            let size = u8::try_from(name.len()).unwrap();
            assert_eq!(of(name), [&[0x0a, size + 2, 0x0a, size], name.as_bytes()].concat(), "{name}");
        }
        assert!(!is_message(b"l") && !is_message(b"kt") && !is_message(b"h"));
    }

    #[test]
    fn long_names_have_long_sizes() {
        let bytes = of(&"\u{fc}".repeat(100));
        assert_eq!(bytes[..6], [0x0a, 0xcb, 0x01, 0x0a, 0xc8, 0x01]);
        assert_eq!(bytes.len(), 206);
    }
}
