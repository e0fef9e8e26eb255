//! For which exchanges a rule is: Envoy's `RouteMatch`, and what else filters see of requests and responses.

use crate::claims::ClaimPath;
use crate::fields::Fields;
use crate::target;
use crate::template::{Kind, Look, View};
use crate::world::World;
use mesh_filter_policy::{PathMatch, Text, ValueMatch};
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// A condition on requests: all of its parts hold.
#[derive(Debug, Default)]
pub(crate) struct RequestMatch {
    pub(crate) path: Option<PathMatch>,
    /// Whether groups of its expression are asked for.
    pub(crate) captures: bool,
    /// These methods; any where there are none.
    pub(crate) methods: Vec<String>,
    pub(crate) headers: Vec<ValueMatch>,
    pub(crate) parameters: Vec<ValueMatch>,
    pub(crate) cookies: Vec<ValueMatch>,
    pub(crate) claims: Vec<ClaimMatch>,
    /// The client is in one of these; anywhere where there are none.
    pub(crate) remote_ip: Vec<Range>,
    pub(crate) fraction: Option<Fraction>,
}

/// A condition on responses.
#[derive(Debug, Default)]
pub(crate) struct ResponseMatch {
    /// Any where there are none.
    pub(crate) statuses: Vec<RangeInclusive<u16>>,
    pub(crate) headers: Vec<ValueMatch>,
}

/// A condition on a claim.
#[derive(Debug)]
pub(crate) struct ClaimMatch {
    pub(crate) path: ClaimPath,
    /// What one of its values is like; without it any will do.
    pub(crate) value: Option<Text>,
    pub(crate) invert: bool,
}

/// Addresses that begin with the same bits.
#[derive(Debug)]
pub(crate) struct Range {
    start: IpAddr,
    bits: u32,
}

/// A share of requests, by chance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fraction {
    pub(crate) numerator: u64,
    pub(crate) denominator: u64,
}

impl RequestMatch {
    /// The groups of the path's expression, if the request fulfils the condition.
    pub(crate) fn matches(&self, fields: &dyn Fields, look: Look<'_>) -> Option<Vec<Option<String>>> {
        let captures = match &self.path {
            Some(path) => self.matches_path(path, target::split(fields.first(":path")?).0)?,
            None => Vec::new(),
        };
        let view = View { fields, look };
        let holds = (self.methods.is_empty() || self.has_method(fields))
            && self.headers.iter().all(|header| header.holds(fields.values(header.name()).into_iter()))
            && self.parameters.iter().all(|parameter| holds(parameter, view.parameters(parameter.name())))
            && self.cookies.iter().all(|cookie| holds(cookie, view.cookies(cookie.name()).collect()))
            && self.claims.iter().all(|claim| claim.holds(&view))
            && (self.remote_ip.is_empty() || self.is_from(look.world))
            // Last: chance is asked only where the rest holds.
            && self.fraction.is_none_or(|fraction| fraction.holds(look.world));
        holds.then_some(captures)
    }

    fn has_method(&self, fields: &dyn Fields) -> bool {
        let method = fields.first(":method").unwrap_or_default();
        self.methods.iter().any(|one| one.as_bytes() == method)
    }

    fn matches_path(&self, condition: &PathMatch, path: &[u8]) -> Option<Vec<Option<String>>> {
        match condition.expression().filter(|_| self.captures) {
            None => condition.matches(path).then(Vec::new),
            Some(expression) => {
                let captures = expression.captures(std::str::from_utf8(path).ok()?)?;
                Some(captures.iter().map(|group| group.map(|group| group.as_str().to_owned())).collect())
            }
        }
    }

    fn is_from(&self, world: &dyn World) -> bool {
        let host = world.property("source\0address").and_then(|address| Kind::Host.text(&address));
        let address = host.and_then(|host| std::str::from_utf8(&host).ok()?.parse().ok());
        address.is_some_and(|address| self.remote_ip.iter().any(|range| range.contains(address)))
    }
}

fn holds(condition: &ValueMatch, values: Vec<Vec<u8>>) -> bool {
    condition.holds(values.iter().map(Vec::as_slice))
}

impl ResponseMatch {
    /// Whether a response fulfils it.
    pub(crate) fn matches(&self, fields: &dyn Fields) -> bool {
        let is_status = || {
            let status =
                fields.first(":status").and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
            status.is_some_and(|status| self.statuses.iter().any(|range| range.contains(&status)))
        };
        (self.statuses.is_empty() || is_status())
            && self.headers.iter().all(|header| header.holds(fields.values(header.name()).into_iter()))
    }

    /// Whether every response fulfils it.
    pub(crate) fn is_any(&self) -> bool {
        self.statuses.is_empty() && self.headers.is_empty()
    }
}

impl ClaimMatch {
    fn holds(&self, view: &View<'_>) -> bool {
        let values = view.look.claims.values(&self.path, view.fields, view.look.world).unwrap_or_default();
        let fits = |value: &Vec<u8>| self.value.as_ref().is_none_or(|text| text.matches(value));
        values.iter().any(fits) != self.invert
    }
}

impl Range {
    /// The addresses that share the first bits with this one.
    pub(crate) fn new(start: IpAddr, bits: u32) -> Option<Self> {
        let most = if start.is_ipv4() { 32 } else { 128 };
        // One family only: an IPv4 address is written as such.
        (bits <= most && start.to_canonical() == start).then_some(Self { start, bits })
    }

    fn contains(&self, address: IpAddr) -> bool {
        /// The address as a number, its first bits first.
        fn number(address: IpAddr) -> (u128, bool) {
            match address.to_canonical() {
                IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, true),
                IpAddr::V6(address) => (address.to_bits(), false),
            }
        }
        let ((start, four), (address, other)) = (number(self.start), number(address));
        let differ = (start ^ address).checked_shr(128 - self.bits).unwrap_or(0);
        four == other && differ == 0
    }
}

impl Fraction {
    fn holds(self, world: &dyn World) -> bool {
        world.below(self.denominator).is_some_and(|number| number < self.numerator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_share_their_first_bits() {
        let contains = |start: &str, bits, address: &str| {
            Range::new(start.parse().unwrap(), bits).unwrap().contains(address.parse().unwrap())
        };
        assert!(contains("10.0.0.0", 8, "10.255.0.1") && !contains("10.0.0.0", 8, "11.0.0.0"));
        assert!(contains("10.0.0.1", 32, "10.0.0.1") && !contains("10.0.0.1", 32, "10.0.0.0"));
        assert!(contains("0.0.0.0", 0, "1.2.3.4") && !contains("0.0.0.0", 0, "::1"));
        assert!(contains("2001:db8::", 32, "2001:db8:1::1") && !contains("2001:db8::", 32, "2001:db9::"));
        assert!(contains("::1", 128, "::1") && contains("10.0.0.0", 8, "::ffff:10.0.0.1"));
        assert!(Range::new("10.0.0.0".parse().unwrap(), 33).is_none());
    }
}
