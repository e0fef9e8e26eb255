//! Where a module's code bytes go: by group, by crate, by function.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::names::{self, Group};
use super::read::Module;

/// One line of a size table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Share {
    /// Group, crate or function.
    pub(crate) name: String,
    /// How many functions.
    pub(crate) functions: usize,
    /// Bytes of their bodies.
    pub(crate) bytes: usize,
}

/// All size tables of a module, largest first.
#[derive(Debug, Serialize)]
pub(crate) struct Sizes {
    /// By what the code does.
    pub(crate) groups: Vec<Share>,
    /// By Rust crate or Go package.
    pub(crate) crates: Vec<Share>,
    /// Single functions.
    pub(crate) functions: Vec<Share>,
}

/// Adds up code sizes; `names` may come from a side file.
pub(crate) fn measure(module: &Module, names: &BTreeMap<u32, String>) -> Sizes {
    let exported: BTreeMap<u32, &str> =
        module.exports.iter().filter_map(|export| Some((export.function?, export.name.as_str()))).collect();
    let exports: BTreeSet<u32> = exported.keys().copied().collect();
    let mut groups = Table::default();
    let mut crates = Table::default();
    let mut functions = Table::default();
    for (index, bytes) in &module.bodies {
        let known = names.get(index).map(String::as_str).or_else(|| exported.get(index).copied());
        let Some(name) = known.map(names::demangle) else {
            groups.add(Group::Unnamed.title(), *bytes);
            functions.add(&format!("function {index}"), *bytes);
            continue;
        };
        let owner = names::owner(&name);
        let group = Group::of(&name, owner.as_deref(), exports.contains(index));
        groups.add(group.title(), *bytes);
        crates.add(owner.as_deref().unwrap_or(group.title()), *bytes);
        functions.add(&name, *bytes);
    }
    Sizes { groups: groups.sorted(), crates: crates.sorted(), functions: functions.sorted() }
}

#[derive(Debug, Default)]
struct Table(BTreeMap<String, (usize, usize)>);

impl Table {
    fn add(&mut self, name: &str, bytes: usize) {
        let (functions, sum) = self.0.entry(name.to_owned()).or_default();
        *functions += 1;
        *sum += bytes;
    }

    fn sorted(self) -> Vec<Share> {
        let mut shares: Vec<_> =
            self.0.into_iter().map(|(name, (functions, bytes))| Share { name, functions, bytes }).collect();
        shares.sort_by(|one, other| other.bytes.cmp(&one.bytes).then_with(|| one.name.cmp(&other.name)));
        shares
    }
}
