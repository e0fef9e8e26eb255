//! What a case needs that not every world has, so that elsewhere it is not played but reported.

use super::fault;
use super::step::Step;
use super::suite::{Case, Suite};
use crate::sim::Properties;
use crate::world::{Kind, World};
use bytes::Bytes;
use mesh_filter_runtime::document::{Node, Result};
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// Something that only some worlds have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    /// What asks for it, as the file writes it.
    what: String,
    of: Requirement,
}

/// What is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// The simulator, which plays `native` and `wasm`.
    Simulator,
    /// A built module in the engine, because nothing else counts fuel or has memory of its own.
    Module,
}

impl Need {
    /// `what` needs it.
    pub(crate) fn new(what: impl Into<String>, of: Requirement) -> Self {
        Self { what: what.into(), of }
    }

    /// Why a world does not have it; `None` where it does.
    fn lacking(&self, world: Kind) -> Option<String> {
        let Self { what, of } = self;
        match (of, world) {
            (Requirement::Simulator, Kind::Envoy) => Some(format!("{what} needs the simulator")),
            (Requirement::Module, Kind::Native | Kind::Envoy) => {
                Some(format!("{what} needs the engine of `wasm`"))
            }
            (Requirement::Simulator, _) | (Requirement::Module, Kind::Wasm) => None,
        }
    }
}

/// Reads `requires`.
pub(super) fn requires(node: &Node) -> Result<Need> {
    let choices = [("sim", Requirement::Simulator), ("wasm", Requirement::Module)];
    let of = node.choice(&choices)?;
    let name = node.string()?;
    Ok(Need::new(format!("`requires: {name}`"), of))
}

impl Suite {
    /// Why the case of this name cannot be played in a world; `None` where it can.
    pub(crate) fn not_portable(&self, name: &str, world: &World) -> Option<String> {
        self.cases.iter().find(|case| case.name == name)?.not_portable(world)
    }
}

impl Case {
    /// Why it cannot be played in a world; `None` where it can.
    pub(super) fn not_portable(&self, world: &World) -> Option<String> {
        self.needs().iter().find_map(|need| need.lacking(world.kind()))
    }

    fn needs(&self) -> Vec<Need> {
        let mut needs: Vec<Need> = self.settings.requires.iter().cloned().collect();
        fault::needs("`faults`", &self.settings.faults, &mut needs);
        if !self.settings.shared_data.is_empty() {
            needs.push(Need::new("`shared_data`", Requirement::Simulator));
        }
        needs.extend(untold(&self.settings.properties));
        self.steps.iter().for_each(|step| step.needs(&mut needs));
        needs
    }
}

impl Step {
    fn needs(&self, needs: &mut Vec<Need>) {
        match self {
            Self::Fault(faults) => fault::needs("`fault`", faults, needs),
            Self::Advance { expect, .. } => expect.needs(needs),
            Self::Exchanges(exchanges) => {
                if exchanges.interleave().is_some() {
                    needs.push(Need::new("`interleave`", Requirement::Simulator));
                }
                if let Some(whole) = exchanges.whole() {
                    whole.needs(needs);
                }
                // It has been read once, so it can be again.
                if let Ok(exchange) = exchanges.exchange(0) {
                    exchange.expect.needs(needs);
                    needs.extend(untold(&exchange.properties));
                }
            }
            Self::Reload(reload) => reload.expect.needs(needs),
            Self::Mock(_) => {}
        }
    }
}

/// The properties that a client can tell: where it comes from, and whom it wanted to reach.
pub(crate) const ADDRESSES: [&str; 2] = ["source.address", "destination.address"];

/// An address as a property has it.
pub(crate) fn address(value: &[u8]) -> Option<SocketAddr> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// The need for a property that Envoy cannot be told; both addresses are of one family.
fn untold(properties: &Properties) -> Option<Need> {
    let told = |path: &str, value: &Option<Bytes>| {
        ADDRESSES.contains(&path) && value.as_ref().is_some_and(|value| address(value).is_some())
    };
    let other = properties.iter().find(|(path, value)| !told(path, value)).map(|(path, _)| path.clone());
    let families = properties.values().flatten().filter_map(|value| address(value)).map(|it| it.is_ipv6());
    let mixed = families.collect::<BTreeSet<_>>().len() > 1;
    let mixed = mixed.then(|| "destination.address".to_owned());
    other.or(mixed).map(|path| Need::new(format!("the property `{path}`"), Requirement::Simulator))
}

impl super::expect::Expect {
    fn needs(&self, needs: &mut Vec<Need>) {
        if !self.shared_data.is_empty() {
            needs.push(Need::new("`shared_data`", Requirement::Simulator));
        }
        if !self.set_properties.is_empty() {
            needs.push(Need::new("`set_properties`", Requirement::Simulator));
        }
        if self.calls.is_some() {
            needs.push(Need::new("`calls`", Requirement::Simulator));
        }
        if self.budget.is_some() {
            needs.push(Need::new("`budget`", Requirement::Module));
        }
    }
}
