//! Foreign functions: what Envoy offers beside the ABI, by name, with a protobuf message as argument.
//!
//! There are `clear_route_cache`, `declare_property` and `set_envoy_filter_state`; `compress`,
//! `uncompress`, `sign`, `verify_signature` and CEL's `expr_*` are unknown here.

use super::Host;
use super::filter_state::{LifeSpan, Prototype};
use crate::abi::Status;
use crate::abi::protobuf::{Malformed, Value, fields};
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};

/// `WasmType.Protobuf` of `declare_property`.
const TYPE_MESSAGE: u64 = 3;

/// A function that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignFunction {
    /// Lets the route be chosen again.
    ClearRouteCache,
    /// Says what a property is like before it is set.
    DeclareProperty,
    /// Sets an object that Envoy knows.
    SetEnvoyFilterState,
}

impl Host {
    /// The foreign function with this name.
    #[must_use]
    pub fn foreign_function(&self, name: &[u8]) -> Option<ForeignFunction> {
        match name {
            b"clear_route_cache" => Some(ForeignFunction::ClearRouteCache),
            b"declare_property" => Some(ForeignFunction::DeclareProperty),
            b"set_envoy_filter_state" => Some(ForeignFunction::SetEnvoyFilterState),
            _ => None,
        }
    }

    /// `proxy_call_foreign_function`; none of the functions has a result.
    ///
    /// # Errors
    /// `BadArgument` where the argument is not its message, or the function refuses it;
    /// `NotFound` where what it names is not there.
    pub fn call_foreign_function(
        &mut self,
        function: ForeignFunction,
        argument: &[u8],
    ) -> Result<(), Status> {
        match function {
            ForeignFunction::ClearRouteCache => {
                self.clear_route_cache();
                Ok(())
            }
            ForeignFunction::DeclareProperty => {
                let (path, prototype) = declaration(argument).map_err(|_| Status::BAD_ARGUMENT)?;
                self.declare_property(path.as_bytes(), prototype)
            }
            ForeignFunction::SetEnvoyFilterState => {
                let (key, value, life_span) = assignment(argument).map_err(|_| Status::BAD_ARGUMENT)?;
                let text = native(key, value)?;
                let view = self.view().ok_or(Status::NOT_FOUND)?;
                view.exchange.borrow_mut().info.filter_state.set_native(key, text, life_span)
            }
        }
    }
}

/// `DeclarePropertyArguments`: name 1, readonly 2, type 3, schema 4, span 5.
fn declaration(argument: &[u8]) -> Result<(&str, Prototype), Malformed> {
    let (mut path, mut prototype) = ("", Prototype::default());
    for field in fields(argument)? {
        match field {
            (1, Value::Bytes(bytes)) => path = Value::text(bytes)?,
            (2, Value::Number(number)) => prototype.read_only = number != 0,
            (3, Value::Number(number)) => prototype.message = number == TYPE_MESSAGE,
            (5, Value::Number(number)) => prototype.life_span = life_span(number),
            _ => {}
        }
    }
    Ok((path, prototype))
}

/// `SetEnvoyFilterStateArguments`: path 1, value 2, span 3.
fn assignment(argument: &[u8]) -> Result<(&str, &str, LifeSpan), Malformed> {
    let (mut key, mut value, mut span) = ("", "", LifeSpan::default());
    for field in fields(argument)? {
        match field {
            (1, Value::Bytes(bytes)) => key = Value::text(bytes)?,
            (2, Value::Bytes(bytes)) => value = Value::text(bytes)?,
            (3, Value::Number(number)) => span = life_span(number),
            _ => {}
        }
    }
    Ok((key, value, span))
}

fn life_span(number: u64) -> LifeSpan {
    match number {
        1 => LifeSpan::Request,
        2 => LifeSpan::Connection,
        _ => LifeSpan::FilterChain,
    }
}

/// What one of the objects that Envoy 1.40.0 knows can be read as afterwards.
///
/// They are kept and can be read; nothing in this proxy acts on them.
fn native(key: &str, value: &str) -> Result<Option<Bytes>, Status> {
    let text = |text: String| Ok(Some(Bytes::from(text)));
    match key {
        "envoy.network.network_namespace"
        | "envoy.network.upstream_server_name"
        | "envoy.network.upstream_subject_alt_names"
        | "envoy.tcp_proxy.cluster"
        | "envoy.upstream.dynamic_host"
        | "envoy.hashable_string"
        | "envoy.string" => text(value.to_owned()),
        "envoy.network.application_protocols" => Ok(None),
        "envoy.tcp_proxy.disable_tunneling" => text((value == "true").to_string()),
        "envoy.upstream.dynamic_port" | "envoy.ratelimit.hits_addend" => {
            text(number::<u32>(value)?.to_string())
        }
        "envoy.tcp_proxy.per_connection_idle_timeout_ms" => text(number::<u64>(value)?.to_string()),
        "envoy.network.ip" => {
            let ip: IpAddr = value.parse().map_err(|_| Status::BAD_ARGUMENT)?;
            text(SocketAddr::new(ip, 0).to_string())
        }
        "envoy.network.transport_socket.original_dst_address"
        | "envoy.filters.listener.original_dst.local_ip" => {
            let _address: SocketAddr = value.parse().map_err(|_| Status::BAD_ARGUMENT)?;
            // Its parts are a map, which is always empty.
            Ok(Some(Bytes::from_static(&[0; 4])))
        }
        _ => Err(Status::NOT_FOUND),
    }
}

/// A number as Envoy reads one: spaces around it do not count.
fn number<N: std::str::FromStr>(value: &str) -> Result<N, Status> {
    value.trim_ascii().parse().map_err(|_| Status::BAD_ARGUMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_and_what_is_unknown_in_them_is_passed_over() {
        let message = b"\x0a\x01a\x0a\x01b\x10\x05\x18\x03\x28\x02\x4a\x01x";
        let prototype = Prototype { read_only: true, message: true, life_span: LifeSpan::Connection };
        assert_eq!(declaration(message), Ok(("b", prototype)));
        assert_eq!(assignment(b"\x12\x01v\x0a\x01k\x18\x09"), Ok(("k", "v", LifeSpan::FilterChain)));
        assert_eq!(assignment(b"\x0a\x01\xff"), Err(Malformed), "not UTF-8");
    }

    #[test]
    fn objects_are_checked_as_envoy_checks_them() {
        let read = |key, value| {
            native(key, value).map(|text| text.map(|text| String::from_utf8(text.into()).unwrap()))
        };
        let some = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(read("envoy.string", " a "), some(" a "));
        assert_eq!(read("envoy.upstream.dynamic_port", " 08"), some("8"));
        assert_eq!(read("envoy.upstream.dynamic_port", "4294967296"), Err(Status::BAD_ARGUMENT));
        assert_eq!(read("envoy.ratelimit.hits_addend", " +7 "), some("7"));
        assert_eq!(read("envoy.network.ip", "::1"), some("[::1]:0"));
        assert_eq!(read("envoy.tcp_proxy.disable_tunneling", "TRUE"), some("false"));
        assert_eq!(read("envoy.network.application_protocols", "h2"), Ok(None));
        assert_eq!(read("my.own", "v"), Err(Status::NOT_FOUND));
    }
}
