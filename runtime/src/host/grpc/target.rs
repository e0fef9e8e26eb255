//! Where a gRPC callout goes to: a serialised `envoy.config.core.v3.GrpcService`, or a cluster's name.

use crate::abi::Status;
use crate::abi::protobuf::{Malformed, Value, fields};
use crate::host::Clusters;
use bytes::Bytes;

/// Longest message that is taken from an upstream where the target does not say less.
///
/// As much as of an HTTP callout's response; Envoy has no limit of its own.
const MAX_MESSAGE: u32 = 32 << 20;

/// A target that is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) cluster: String,
    /// Instead of the cluster's name.
    pub(super) authority: Option<String>,
    pub(super) max_message: u32,
    pub(super) skip_envoy_headers: bool,
    /// Sent before the plugin's own metadata.
    pub(super) metadata: Vec<(Bytes, Bytes)>,
}

impl Target {
    /// Reads a target. Some names of clusters are messages too: Envoy takes them for messages, so
    /// they cannot be called by name.
    ///
    /// # Errors
    /// `ParseFailure` where it is neither a message nor a cluster's name; `BadArgument` for
    /// services without `envoy_grpc` (Google's client is not there, and Envoy crashes where
    /// none is named).
    pub(super) fn read(bytes: &[u8], clusters: &dyn Clusters) -> Result<Self, Status> {
        if let Ok(target) = service(bytes) {
            return target.ok_or(Status::BAD_ARGUMENT);
        }
        let name = std::str::from_utf8(bytes).map_err(|_| Status::PARSE_FAILURE)?;
        if clusters.knows(name) { Ok(Self::cluster(name.to_owned())) } else { Err(Status::PARSE_FAILURE) }
    }

    fn cluster(cluster: String) -> Self {
        Self {
            cluster,
            authority: None,
            max_message: MAX_MESSAGE,
            skip_envoy_headers: false,
            metadata: Vec::new(),
        }
    }
}

/// `GrpcService`: envoy_grpc 1, google_grpc 2, initial_metadata 5. Time limits come with the call.
fn service(bytes: &[u8]) -> Result<Option<Target>, Malformed> {
    let (mut target, mut metadata) = (None, Vec::new());
    for field in fields(bytes)? {
        match field {
            (1, Value::Bytes(bytes)) => {
                let target = target.get_or_insert_with(|| Target::cluster(String::new()));
                envoy(bytes, target)?;
            }
            (2, Value::Bytes(bytes)) => {
                google(bytes)?;
                target = None;
            }
            (3, Value::Bytes(bytes)) => drop(fields(bytes)?),
            (5, Value::Bytes(bytes)) => metadata.push(header(bytes)?),
            _ => {}
        }
    }
    Ok(target.map(|target| Target { metadata, ..target }))
}

/// `EnvoyGrpc`: cluster_name 1, authority 2, max_receive_message_length 4, skip_envoy_headers 5.
fn envoy(bytes: &[u8], target: &mut Target) -> Result<(), Malformed> {
    for field in fields(bytes)? {
        match field {
            (1, Value::Bytes(bytes)) => target.cluster = Value::text(bytes)?.to_owned(),
            (2, Value::Bytes(bytes)) => {
                target.authority = Some(Value::text(bytes)?.to_owned()).filter(|text| !text.is_empty());
            }
            (4, Value::Bytes(bytes)) => {
                let number = fields(bytes)?.into_iter().find_map(|field| match field {
                    (1, Value::Number(number)) => Some(number),
                    _ => None,
                });
                let number = u32::try_from(number.unwrap_or(0)).unwrap_or(u32::MAX);
                // 0 is no limit in Envoy.
                target.max_message = if number == 0 { MAX_MESSAGE } else { number.min(MAX_MESSAGE) };
            }
            (5, Value::Number(number)) => target.skip_envoy_headers = number != 0,
            _ => {}
        }
    }
    Ok(())
}

/// `GoogleGrpc`, as far as it tells messages from names: target_uri 1, credentials 2 and 3.
fn google(bytes: &[u8]) -> Result<(), Malformed> {
    for field in fields(bytes)? {
        match field {
            (1 | 4 | 5, Value::Bytes(bytes)) => drop(Value::text(bytes)?),
            (2 | 3, Value::Bytes(bytes)) => drop(fields(bytes)?),
            _ => {}
        }
    }
    Ok(())
}

/// `HeaderValue`: key 1, value 2, raw_value 3.
fn header(bytes: &[u8]) -> Result<(Bytes, Bytes), Malformed> {
    let (mut key, mut value) = (Bytes::new(), Bytes::new());
    for field in fields(bytes)? {
        match field {
            (1, Value::Bytes(bytes)) => key = Bytes::copy_from_slice(Value::text(bytes)?.as_bytes()),
            (2, Value::Bytes(bytes)) => value = Bytes::copy_from_slice(Value::text(bytes)?.as_bytes()),
            (3, Value::Bytes(bytes)) => value = Bytes::copy_from_slice(bytes),
            _ => {}
        }
    }
    Ok((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Only(&'static str);

    impl Clusters for Only {
        fn knows(&self, name: &str) -> bool {
            name == self.0
        }
    }

    #[test]
    fn a_target_is_a_message_or_a_cluster() {
        let read = |bytes: &[u8]| Target::read(bytes, &Only("callee"));
        assert_eq!(read(b"callee").unwrap().cluster, "callee");
        assert_eq!(read(b"nowhere"), Err(Status::PARSE_FAILURE));
        // Whether the cluster of a message is there is seen when it is called.
        let target = read(b"\x0a\x0d\x0a\x02up\x12\x01a\x22\x02\x08\x03\x28\x01\x2a\x06\x0a\x01k\x12\x01v");
        let expected = Target {
            cluster: "up".to_owned(),
            authority: Some("a".to_owned()),
            max_message: 3,
            skip_envoy_headers: true,
            metadata: vec![("k".into(), "v".into())],
        };
        assert_eq!(target, Ok(expected));
        // What has no target in it, `h1` as a name among them, and what is for Google's client.
        for bytes in [&b""[..], b"h1", b"\x12\x03\x0a\x01x"] {
            assert_eq!(read(bytes), Err(Status::BAD_ARGUMENT));
        }
    }
}
