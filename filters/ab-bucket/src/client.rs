//! The client's address, as the proxy knows it, and blocks of addresses.
//!
//! The address of the connection is read as text: the standard library's sockets have 4 KiB of a module.

use mesh_filter::property;
use std::net::IpAddr;

/// The IP address of the connection's client, or the one that the proxy trusts to be its.
pub(crate) fn client_ip() -> Option<String> {
    let address: String = property::read(&["source", "address"]).ok()??;
    ip(&address).map(str::to_owned)
}

/// The IP address of `10.0.0.1:80` or `[2001:db8::1]:80`.
fn ip(address: &str) -> Option<&str> {
    let (ip, _port) = address.rsplit_once(':')?;
    match ip.strip_prefix('[') {
        Some(ip) => ip.strip_suffix(']'),
        None => Some(ip).filter(|ip| !ip.is_empty()),
    }
}

/// A block of addresses, as in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// IPv4 addresses are those that IPv6 maps them to.
    start: u128,
    /// How many of its 128 bits count.
    bits: u32,
}

impl Block {
    /// Reads `10.0.0.0/8` or `2001:db8::/32`; an address alone is a block of one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((_, length)) if length.starts_with('+') => return None,
            Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let length = u32::from(length.unwrap_or(all));
        let all = u32::from(all);
        (length <= all).then(|| Self { start: number(address), bits: 128 - all + length })
    }

    /// Whether an address is in it.
    pub(crate) fn contains(self, address: &str) -> bool {
        let Ok(address) = address.parse() else { return false };
        (self.start ^ number(address)).checked_shr(128 - self.bits).unwrap_or(0) == 0
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_behind_it() {
        for (address, expected) in [
            ("10.0.0.1:80", Some("10.0.0.1")),
            ("[2001:db8::1]:80", Some("2001:db8::1")),
            ("/run/socket", None),
            (":80", None),
            ("", None),
        ] {
            assert_eq!(ip(address), expected, "{address}");
        }
    }

    #[test]
    fn a_block_has_the_addresses_that_begin_like_it() {
        for (block, address, contains) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "10.0.0.1", true),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8::1/128", "2001:db8::1", true),
            ("10.0.0.0/8", "/run/socket", false),
        ] {
            assert_eq!(Block::parse(block).unwrap().contains(address), contains, "{block} {address}");
        }
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for text in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/a", "a/8"]
        {
            assert_eq!(Block::parse(text), None, "{text}");
        }
    }
}
