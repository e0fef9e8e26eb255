//! Which release of which product something is for.

use std::fmt;
use std::str::FromStr;

/// A product that runs plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// Istio.
    Istio,
    /// Envoy Gateway.
    EnvoyGateway,
    /// Envoy by itself.
    Envoy,
}

impl Product {
    /// All products.
    pub const ALL: &[Self] = &[Self::Istio, Self::EnvoyGateway, Self::Envoy];

    /// The name in `--target`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Istio => "istio",
            Self::EnvoyGateway => "envoy-gateway",
            Self::Envoy => "envoy",
        }
    }
}

/// A minor release, such as 1.29. Patch releases do not differ in what is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
}

/// A product in a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The product.
    pub product: Product,
    /// Its release.
    pub version: Version,
}

/// A text that names no target or version.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoTarget {
    /// Not `PRODUCT=VERSION`, or an unknown product.
    #[error("`{0}` is no target: expected `istio=1.29`, `envoy-gateway=1.9` or `envoy=1.40`")]
    Target(String),
    /// Not two or three numbers.
    #[error("`{0}` is no version: expected one such as `1.29`")]
    Version(String),
}

impl Version {
    /// The release of these two numbers.
    #[must_use]
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

impl FromStr for Version {
    type Err = NoTarget;

    /// Reads `1.29`, `1.29.3` or `v1.29`; what follows the second number is not kept.
    fn from_str(text: &str) -> Result<Self, NoTarget> {
        let error = || NoTarget::Version(text.to_owned());
        let mut numbers = text.strip_prefix('v').unwrap_or(text).split('.');
        let mut number = || numbers.next().and_then(|number| number.parse().ok()).ok_or_else(error);
        let version = Self { major: number()?, minor: number()? };
        match numbers.next().is_none_or(|patch| patch.starts_with(|c: char| c.is_ascii_digit())) {
            true => Ok(version),
            false => Err(error()),
        }
    }
}

impl FromStr for Target {
    type Err = NoTarget;

    fn from_str(text: &str) -> Result<Self, NoTarget> {
        let error = || NoTarget::Target(text.to_owned());
        let (product, version) = text.split_once('=').ok_or_else(error)?;
        let product = Product::ALL.iter().find(|known| known.name() == product).ok_or_else(error)?;
        Ok(Self { product: *product, version: version.parse()? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.product.name(), self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_they_are_written() {
        for text in ["istio=1.29", "envoy-gateway=1.9", "envoy=1.40"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        assert_eq!("istio=v1.30.0-rc.1".parse::<Target>().unwrap().version, Version::new(1, 30));
        for wrong in ["istio", "linkerd=2.1", "istio=1", "istio=one.two", "istio=1.2.x"] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
        assert!(Version::new(1, 9) < Version::new(1, 30));
    }
}
