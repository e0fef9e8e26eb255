//! `address.socket_address` with an IP address or a host name.

use std::net::{IpAddr, SocketAddr};

use super::Endpoint;
use super::proto::Proto;
use crate::document::{Node, Result};

/// An address that must be an IP address.
pub(super) fn socket(node: &Node) -> Result<SocketAddr> {
    let (host, port, at) = parts(node)?;
    let ip: IpAddr = host.parse().map_err(|_| {
        at.error(format!("expected an IP address, got `{host}`"))
            .with_help("host names stand in clusters of type `STRICT_DNS` or `LOGICAL_DNS`")
    })?;
    Ok(SocketAddr::new(ip, port))
}

/// An address that may be a host name.
pub(super) fn host(node: &Node) -> Result<Endpoint> {
    let (host, port, at) = parts(node)?;
    let name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if host.parse::<IpAddr>().is_err() && (!name || host.len() > 253) {
        return Err(at.error(format!("expected a host name or an IP address, got `{host}`")));
    }
    Ok(Endpoint { host, port })
}

fn parts(node: &Node) -> Result<(String, u16, &Node)> {
    let address = node.proto(&["socket_address"])?.required("socket_address")?;
    let fields = address.proto(&["address", "port_value"])?;
    let at = fields.required("address")?;
    let host = at.nonempty()?;
    let port = fields.required("port_value")?;
    let number = port.u32(0..=65535)?;
    Ok((host, u16::try_from(number).map_err(|_| port.expected("a port"))?, at))
}
