//! Which variant a user gets: always the same one.

use crate::config::{Config, Variant};
use mesh_filter::{Error, Result};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

/// The variants, and how users are put into them.
#[derive(Debug)]
pub(crate) struct Split {
    /// What hashes begin with.
    seed: SipHasher13,
    /// All but the last, each with the sum of the weights up to it and with it.
    variants: Vec<(u64, Variant)>,
    last: Variant,
    total: u64,
}

impl Split {
    /// # Errors
    /// When nobody would get any variant, or two have the same name.
    pub(crate) fn new(config: Config) -> Result<Self> {
        let mut seed = SipHasher13::new();
        for part in [&config.experiment, &config.salt] {
            seed.write_u64(part.len() as u64);
            seed.write(part.as_bytes());
        }
        let mut total = 0;
        let mut variants: Vec<(u64, Variant)> = Vec::new();
        for variant in config.variants {
            if variants.iter().any(|(_, other)| other.name == variant.name) {
                return Err(Error::new(format!("at `variants`: two variants are named `{}`", variant.name)));
            }
            if variant.path_prefix.as_ref().is_some_and(|prefix| !prefix.starts_with('/')) {
                return Err(Error::new(format!(
                    "at `variants`: the `path_prefix` of `{}` does not begin with `/`",
                    variant.name
                )));
            }
            total += u64::from(variant.weight);
            variants.push((total, variant));
        }
        match variants.pop() {
            Some((_, last)) if total > 0 => Ok(Self { seed, variants, last, total }),
            _ => Err(Error::new("at `variants`: expected one with a `weight` above 0")),
        }
    }

    /// The variant of a user. Where weights move from one variant to the next, only users of the
    /// one that shrinks change, if the sum of all weights stays.
    pub(crate) fn variant(&self, user: &[u8]) -> &Variant {
        let mut hasher = self.seed;
        hasher.write(user);
        let place = (u128::from(hasher.finish()) * u128::from(self.total)) >> 64;
        let index = self.variants.partition_point(|(end, _)| u128::from(*end) <= place);
        self.variants.get(index).map_or(&self.last, |(_, variant)| variant)
    }
}
