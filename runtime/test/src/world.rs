//! What runs the filter under test: the test program itself, or a module in a Wasm engine.

use crate::scenario::stage::Stage;
use crate::sim::{Setup, SimStage};
use mesh_filter_runtime::guest::Guest;
use mesh_filter_runtime::host::SharedHost;
use mesh_filter_runtime::plugin::{FailurePolicy, MakeGuest};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// The environment variable that chooses cases in native runs, by a part of their name.
pub(crate) const FILTER_VARIABLE: &str = "MESH_FILTER_SCENARIO";

/// As [`MakeGuest`], for all threads that play cases.
type Make = dyn Fn(SharedHost) -> Result<Box<dyn Guest>, String> + Send + Sync;

/// Makes a world, or says why it cannot be made.
type Serving = dyn Fn() -> Result<World, String> + Send + Sync;

/// Makes fresh VMs of one filter.
#[derive(Clone)]
pub struct World {
    kind: Kind,
    /// What reports call it.
    label: String,
    make: Arc<Make>,
    limits: Option<ProfileLimits>,
    /// Bytes of the module; `None` where there is none.
    module_size: Option<u64>,
    /// Makes the same world of an engine that serves, which counts nothing and is as fast as in a proxy.
    serving: Option<Arc<Serving>>,
    /// Other filters of chains, by the name that scenario files have for them.
    others: BTreeMap<String, World>,
    /// The Envoy that plays its cases, in place of the simulator.
    #[cfg(feature = "envoy")]
    played: Option<crate::envoy::Played>,
}

/// What runs a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Native,
    #[cfg_attr(not(feature = "wasm"), expect(dead_code, reason = "modules need the feature"))]
    Wasm,
    Envoy,
}

/// What the proxies of a profile cannot be told to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProfileLimits {
    pub(crate) name: &'static str,
    pub(crate) holds_headers: bool,
    pub(crate) reloads: bool,
}

impl World {
    pub(crate) fn new(
        kind: Kind,
        make: impl Fn(SharedHost) -> Result<Box<dyn Guest>, String> + Send + Sync + 'static,
    ) -> Self {
        let label = match kind {
            Kind::Native => "native",
            Kind::Wasm => "wasm",
            Kind::Envoy => "envoy",
        };
        Self {
            kind,
            label: label.to_owned(),
            make: Arc::new(make),
            limits: None,
            module_size: None,
            serving: None,
            others: BTreeMap::new(),
            #[cfg(feature = "envoy")]
            played: None,
        }
    }

    /// The same, where settings may be refused.
    #[cfg_attr(not(feature = "wasm"), expect(dead_code, reason = "profiles are those of modules"))]
    pub(crate) fn limited(self, limits: ProfileLimits) -> Self {
        Self { limits: Some(limits), ..self }
    }

    /// The same, of a module with so many bytes.
    #[cfg_attr(not(feature = "wasm"), expect(dead_code, reason = "modules need the feature"))]
    pub(crate) fn of_module(self, bytes: usize) -> Self {
        Self { module_size: u64::try_from(bytes).ok(), ..self }
    }

    /// The same, with what makes it of an engine that serves.
    #[cfg_attr(not(feature = "wasm"), expect(dead_code, reason = "modules need the feature"))]
    pub(crate) fn served_by(self, make: impl Fn() -> Result<World, String> + Send + Sync + 'static) -> Self {
        Self { serving: Some(Arc::new(make)), ..self }
    }

    /// The same filters in an engine that serves, for those who measure CPU time; the error says why there is none.
    pub(crate) fn serving(&self) -> Result<World, String> {
        let make = self.serving.as_ref().ok_or("only modules are measured")?;
        let mut world = make()?;
        for (name, other) in &self.others {
            world = world.with_filter(name, other.serving()?);
        }
        Ok(world)
    }

    /// Bytes of the module; `None` where there is none.
    pub(crate) fn module_size(&self) -> Option<u64> {
        self.module_size
    }

    /// The same, where chains of scenario files may have another filter by this name.
    #[must_use]
    pub fn with_filter(mut self, name: &str, other: World) -> Self {
        self.others.insert(name.to_owned(), other);
        self
    }

    /// Another filter of a chain; the error says how it can be had.
    pub(crate) fn other(&self, name: &str) -> Result<&World, String> {
        let how = match self.kind {
            Kind::Native => format!(
                "a test target plays the filters that it names: `scenarios!(\"..\", MyFilter, \"{name}\" => Other)`"
            ),
            _ => "it has not been built".to_owned(),
        };
        self.others.get(name).ok_or_else(|| format!("there is no filter `{name}` for the chain: {how}"))
    }

    /// A world whose cases this Envoy plays.
    #[cfg(feature = "envoy")]
    pub(crate) fn on_envoy(played: crate::envoy::Played) -> Self {
        let only_scenarios = |_: SharedHost| Err("Envoy plays scenario files only".to_owned());
        Self { played: Some(played), ..Self::new(Kind::Envoy, only_scenarios) }
    }

    /// What its cases are played with, if an Envoy plays them.
    #[cfg(feature = "envoy")]
    pub(crate) fn played(&self) -> Option<&crate::envoy::Played> {
        self.played.as_ref()
    }

    /// This one, where hostcalls are written down on demand only. Envoy's log always has them.
    pub(crate) fn untraced(&self) -> Option<&Self> {
        (self.kind != Kind::Envoy).then_some(self)
    }

    /// Why a filter cannot be set up so; `None` where it can.
    pub(crate) fn refusal(&self, setup: &Setup) -> Option<String> {
        let limits = self.limits?;
        let reloads = matches!(setup.failure_policy, FailurePolicy::Reload { .. });
        let setting = if setup.hold_headers && !limits.holds_headers {
            "hold_headers"
        } else if reloads && !limits.reloads {
            "failure_policy: reload"
        } else {
            return None;
        };
        Some(format!("`{setting}` cannot be had under the profile `{}`", limits.name))
    }

    /// `native`, `wasm`, `envoy`, or what it was labelled.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.label
    }

    /// The same, called otherwise in reports: `--engine` takes it.
    #[must_use]
    pub fn labelled(self, label: &str) -> Self {
        Self { label: label.to_owned(), ..self }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// A fresh proxy for one run of a case; `traced` where hostcalls shall be written down.
    pub(crate) fn stage<'a>(&'a self, setup: &Setup, traced: bool) -> Box<dyn Stage + 'a> {
        #[cfg(feature = "envoy")]
        if let Some(played) = &self.played {
            return Box::new(crate::envoy::EnvoyStage::new(self, played, setup));
        }
        Box::new(SimStage::new(self, setup, traced))
    }

    /// How to play one case alone.
    pub(crate) fn rerun(&self, file: &str, case: &str) -> String {
        let quoted = format!("'{}'", case.replace('\'', "'\\''"));
        match self.kind {
            Kind::Native => format!("{FILTER_VARIABLE}={quoted} cargo test scenarios"),
            _ => {
                let option = match self.kind {
                    Kind::Envoy => Some(format!(" --engine {}", self.label)),
                    _ => self.limits.map(|limits| format!(" --profile {}", limits.name)),
                };
                format!("cargo mesh-filter test {file} --filter {quoted}{}", option.unwrap_or_default())
            }
        }
    }

    pub(crate) fn maker(&self) -> Rc<MakeGuest> {
        let make = Arc::clone(&self.make);
        Rc::new(move |host| make(host))
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("World").field(&self.name()).finish()
    }
}
