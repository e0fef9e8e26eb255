//! The client's address: where it is taken from, networks of it, and ranges.

use mesh_filter::prelude::*;
use std::cell::OnceCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where the client's address is taken from.
#[derive(Debug, Default)]
pub(crate) enum ClientAddress {
    /// What the proxy takes for the client's address.
    #[default]
    Connection,
    /// The address in `x-forwarded-for` that has so many others behind it.
    Forwarded(usize),
    /// The value of a header, which a proxy before this one sets.
    Header(HeaderName),
}

/// The address of one request's client, which is looked for once.
#[derive(Debug)]
pub(crate) struct Addresses<'r> {
    from: &'r ClientAddress,
    found: OnceCell<Option<IpAddr>>,
}

impl<'r> Addresses<'r> {
    pub(crate) fn new(from: &'r ClientAddress) -> Self {
        Self { from, found: OnceCell::new() }
    }

    /// The address. Where a header does not have it, it is that of the connection: no header makes it nobody's.
    pub(crate) fn client(&self, request: &Request) -> Option<IpAddr> {
        *self.found.get_or_init(|| {
            let told = match self.from {
                ClientAddress::Connection => None,
                ClientAddress::Forwarded(hops) => forwarded(request, *hops),
                ClientAddress::Header(name) => {
                    let mut values = request.headers().get_all(name);
                    let value = values.next().filter(|_| values.next().is_none());
                    value.and_then(|value| parse(value.as_bytes()))
                }
            };
            told.or_else(|| property::source().address().ok()??.ip()).map(|ip| ip.to_canonical())
        })
    }
}

fn forwarded(request: &Request, hops: usize) -> Option<IpAddr> {
    let values = request.headers().get_all("x-forwarded-for").map(|value| value.as_bytes());
    let addresses: Vec<&[u8]> = values.flat_map(|value| value.split(|byte| *byte == b',')).collect();
    parse(addresses.into_iter().rev().nth(hops)?)
}

fn parse(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

/// The network of an address, as Envoy writes it: `10.1.0.0/16`.
pub(crate) fn masked(ip: IpAddr, v4: u8, v6: u8) -> String {
    match ip {
        IpAddr::V4(ip) => format!("{}/{v4}", Ipv4Addr::from(u32::from(ip) & mask32(v4))),
        IpAddr::V6(ip) => format!("{}/{v6}", Ipv6Addr::from(u128::from(ip) & mask128(v6))),
    }
}

fn mask32(bits: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0)
}

fn mask128(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0)
}

/// A range of addresses: `10.0.0.0/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    network: IpAddr,
    bits: u8,
}

impl Range {
    /// `None` where the text is none, or where bits beyond the network are set.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let network: IpAddr = address.parse().ok()?;
        let most = if network.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok()).filter(|bits| *bits <= most)?;
        let range = Self { network, bits };
        range.contains(network).then_some(range)
    }

    pub(crate) fn contains(self, ip: IpAddr) -> bool {
        match (self.network, ip) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => u32::from(ip) & mask32(self.bits) == u32::from(network),
            (IpAddr::V6(network), IpAddr::V6(ip)) => {
                u128::from(ip) & mask128(self.bits) == u128::from(network)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_are_written_as_envoy_writes_them() {
        for (address, v4, v6, network) in [
            ("10.1.2.3", 16, 64, "10.1.0.0/16"),
            ("10.1.2.3", 32, 64, "10.1.2.3/32"),
            ("10.1.2.3", 0, 64, "0.0.0.0/0"),
            ("2001:db8:1:2:3:4:5:6", 32, 64, "2001:db8:1:2::/64"),
            ("2001:db8::1", 32, 128, "2001:db8::1/128"),
            ("2001:db8::1", 32, 0, "::/0"),
        ] {
            assert_eq!(masked(ip(address), v4, v6), network);
        }
    }

    #[test]
    fn a_range_has_its_addresses_and_no_others() {
        let range = |text| Range::new(text).unwrap();
        assert!(
            range("10.0.0.0/8").contains(ip("10.255.0.1")) && !range("10.0.0.0/8").contains(ip("11.0.0.1"))
        );
        assert!(range("10.0.0.1").contains(ip("10.0.0.1")) && !range("10.0.0.1").contains(ip("10.0.0.2")));
        assert!(range("::/0").contains(ip("2001:db8::1")) && !range("::/0").contains(ip("10.0.0.1")));
        assert!(range("2001:db8::/32").contains(ip("2001:db8::1")));
        for wrong in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0", "::/129", "", "a/8"] {
            assert_eq!(Range::new(wrong), None, "{wrong}");
        }
    }
}
