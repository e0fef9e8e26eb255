//! Steps: a request, several at once, a passage of time, another mock, a fault.

use super::budget::Soak;
use super::earlier;
use super::expect::{Expect, Placed, count};
use super::fault::faults;
use super::files::Folder;
use super::interleave::Interleave;
use super::message::{REQUEST, behaviour, request, rules};
use super::parallel::{self, OF_PARALLEL};
use super::properties::properties;
use super::reload::{self, Reload};
use super::template::Variables;
use super::workers::worker;
use crate::sim::{Fault, Properties, Rules};
use crate::traffic::{Behaviour, Message};
use mesh_filter_runtime::document::{Entry, Kind, Node, Place, Result};
use std::time::Duration;

/// One step of a scenario, variables replaced.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Exchanges, one after the other.
    Exchanges(Box<Exchanges>),
    /// Time passes.
    Advance { span: Duration, expect: Box<Expect> },
    /// Clusters answer differently from now on; `None`: as at the beginning.
    Mock(Vec<(String, Option<Rules>)>),
    /// These go wrong from now on.
    Fault(Vec<Fault>),
    /// The filter is configured anew.
    Reload(Box<Reload>),
}

/// A request that is sent once or several times.
#[derive(Debug, Clone)]
pub(crate) struct Exchanges {
    pub(crate) repeat: usize,
    /// So many of them are not held to a budget.
    pub(crate) warm_up: usize,
    /// Under which later steps know them.
    pub(crate) name: Option<Placed<String>>,
    pub(crate) order: Order,
    /// How many the case has.
    workers: usize,
    node: Node,
    variables: Variables,
    folder: Folder,
}

/// In which order the exchanges of a step begin and end.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    /// One after the other.
    Sequence,
    /// All begin, then all end; this is expected of the step as a whole.
    Parallel { whole: Box<Expect> },
    /// On each worker one after the other, on several workers at once.
    Interleaved(Interleave),
}

/// One of the exchanges of a step.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) request: Message,
    pub(crate) properties: Properties,
    pub(crate) upstream: Option<Behaviour>,
    /// On which worker; without it they take turns.
    pub(crate) worker: Option<usize>,
    pub(crate) expect: Expect,
}

/// The keys of a step with requests.
const OF_EXCHANGES: [&str; 8] =
    ["request", "repeat", "soak", "as", "interleave", "worker", "upstream", "expect"];

impl Step {
    pub(crate) fn read(node: &Node, workers: usize, variables: &Variables, folder: &Folder) -> Result<Self> {
        let keys: Vec<&str> = node.entries()?.iter().map(|entry| entry.key.as_str()).collect();
        if keys.contains(&"advance") {
            let node = variables.expand(node)?;
            let fields = node.mapping(&["advance", "expect"])?;
            let expect = fields.optional("expect", |node| Expect::of_time(node, folder))?;
            let span = fields.required("advance")?.span()?;
            return Ok(Self::Advance { span, expect: Box::new(expect.unwrap_or_default()) });
        }
        if keys.contains(&"mock") {
            let node = variables.expand(node)?;
            let mocks = node.mapping(&["mock"])?.required("mock")?.entries()?.iter();
            return mocks.map(|entry| mock(entry, folder)).collect::<Result<_>>().map(Self::Mock);
        }
        if keys.contains(&"fault") {
            let node = variables.expand(node)?;
            return faults(node.mapping(&["fault"])?.required("fault")?, folder).map(Self::Fault);
        }
        if keys.contains(&"parallel") {
            return parallel::step(node, workers, variables, folder)
                .map(|step| Self::Exchanges(Box::new(step)));
        }
        if keys.contains(&"reload") || keys.contains(&"restart") {
            return reload::step(node, variables, folder).map(|step| Self::Reload(Box::new(step)));
        }
        let mut known = OF_EXCHANGES.to_vec();
        known.extend(["parallel", "reload", "refused", "restart", "advance", "mock", "fault"]);
        let fields = node.mapping(&known)?;
        if fields.get("request").is_none() && !keys.contains(&"request") {
            return Err(node.error(
                "a step needs one of `request`, `parallel`, `reload`, `restart`, `advance`, `mock`, `fault`",
            ));
        }
        let (repeat, warm_up) = match fields.at_most_one_of(&["repeat", "soak"])? {
            Some(("repeat", node)) => (count(&variables.expand(node)?)?, 0),
            Some((_, node)) => {
                let soak = Soak::read(&variables.expand(node)?)?;
                (soak.exchanges, soak.warm_up)
            }
            None => (1, 0),
        };
        let order = match fields.get("interleave") {
            Some(interleave) => {
                if let Some(node) = fields.get("worker") {
                    return Err(
                        node.error("`worker` does not go together with `interleave`, which names workers")
                    );
                }
                Order::Interleaved(Interleave::read(&variables.expand(interleave)?, workers)?)
            }
            None => Order::Sequence,
        };
        let exchanges = Exchanges::read(node, repeat, order, workers, variables, folder)?;
        let name = fields.optional("as", |node| earlier::name(&variables.expand(node)?))?;
        Ok(Self::Exchanges(Box::new(Exchanges { warm_up, name, ..exchanges })))
    }
}

impl Step {
    /// How its exchanges are interleaved, if they are.
    pub(crate) fn interleave(&self) -> Option<&Interleave> {
        match self {
            Self::Exchanges(exchanges) => exchanges.interleave(),
            _ => None,
        }
    }

    /// Where its exchanges stand, if it has some.
    pub(crate) fn place(&self) -> Option<&Place> {
        match self {
            Self::Exchanges(exchanges) => Some(exchanges.place()),
            _ => None,
        }
    }

    /// Whether it looks at the callbacks of the filter.
    pub(crate) fn expects_calls(&self) -> bool {
        match self {
            Self::Advance { expect, .. } => expect.calls.is_some(),
            // It has been read once, so it can be again.
            Self::Exchanges(exchanges) => {
                exchanges.whole().is_some_and(|whole| whole.calls.is_some())
                    || exchanges.exchange(0).is_ok_and(|one| one.expect.calls.is_some())
            }
            Self::Reload(reload) => reload.expect.calls.is_some(),
            Self::Mock(_) | Self::Fault(_) => false,
        }
    }
}

impl Exchanges {
    /// How they are interleaved, if they are.
    pub(crate) fn interleave(&self) -> Option<&Interleave> {
        match &self.order {
            Order::Interleaved(interleave) => Some(interleave),
            _ => None,
        }
    }

    /// Reads what `node` says of each exchange.
    pub(super) fn read(
        node: &Node,
        repeat: usize,
        order: Order,
        workers: usize,
        variables: &Variables,
        folder: &Folder,
    ) -> Result<Self> {
        let (node, variables, folder) = (node.clone(), variables.clone(), folder.clone());
        let exchanges = Self { repeat, warm_up: 0, name: None, order, workers, node, variables, folder };
        // Whatever is wrong in it is wrong before anything runs.
        exchanges.exchange(0)?;
        Ok(exchanges)
    }

    /// What is expected of the step as a whole, where that does not stand beside what is of each exchange.
    pub(crate) fn whole(&self) -> Option<&Expect> {
        match &self.order {
            Order::Sequence | Order::Interleaved(_) => None,
            Order::Parallel { whole } => Some(whole),
        }
    }

    /// Where the step stands.
    pub(crate) fn place(&self) -> &Place {
        self.node.place()
    }

    /// The exchange with this number, from 0.
    pub(crate) fn exchange(&self, index: usize) -> Result<Exchange> {
        let node = self.variables.with_index(&self.node, index).expand(&self.node)?;
        let known =
            if matches!(self.order, Order::Parallel { .. }) { &OF_PARALLEL[..] } else { &OF_EXCHANGES };
        let fields = node.mapping(known)?;
        let request = match fields.get("request") {
            Some(node) => request(node, &self.folder)?,
            None => Message::request("localhost", "/", "GET", "http"),
        };
        let given = fields.get("request").map(|node| node.mapping(&REQUEST)).transpose()?;
        let given = given.as_ref().and_then(|fields| fields.get("properties"));
        Ok(Exchange {
            request,
            worker: fields.optional("worker", |node| worker(node, self.workers))?,
            properties: given.map(|node| properties(node, &self.folder)).transpose()?.unwrap_or_default(),
            upstream: fields.optional("upstream", |node| behaviour(node, &self.folder))?,
            expect: fields
                .optional("expect", |node| Expect::of_request(node, &self.folder))?
                .unwrap_or_default(),
        })
    }
}

fn mock(entry: &Entry, folder: &Folder) -> Result<(String, Option<Rules>)> {
    let rules = match entry.value.kind() {
        Kind::Scalar { .. } => {
            entry.value.choice(&[("default", ())])?;
            None
        }
        _ => Some(rules(&entry.value, folder)?),
    };
    Ok((entry.key.clone(), rules))
}
