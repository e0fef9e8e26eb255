//! Plugins of the configuration: modules loaded once, VMs started in each worker.

use super::config::{self, Bootstrap, Code, WasmFilter};
use crate::guest::Guest;
use crate::host::{PluginSettings, VmSettings};
use crate::plugin::{FailurePolicy, PluginOptions, VmPlan};
use crate::vm::{
    CacheFolder, Capabilities, Engine, Instance, Limits, LoadError, LoadFault, LoadOptions, Module, Profile,
};
use crate::worker::{PluginId, Worker};
use std::rc::Rc;

/// A plugin cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// The engine cannot run on this machine.
    #[error(transparent)]
    Engine(#[from] crate::vm::EngineError),
    /// Its module cannot be read.
    #[error("cannot read the module `{path}`: {source}")]
    Read {
        /// Of the module.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Its module is not one that this host can run.
    #[error("cannot load plugin `{plugin}`: {source}")]
    Load {
        /// Name of the plugin.
        plugin: String,
        /// Why.
        source: LoadError,
    },
    /// It relies on what the proxy that it is meant for cannot do.
    #[error("plugin `{plugin}`: {feature} cannot be had under the profile `{profile}`")]
    NotInProfile {
        /// Name of the plugin.
        plugin: String,
        /// What it relies on.
        feature: &'static str,
        /// Name of the profile.
        profile: &'static str,
    },
    /// It did not start.
    #[error(transparent)]
    Start(#[from] crate::plugin::StartError),
}

/// The modules of a configuration, compiled.
#[derive(Debug, Clone)]
pub(super) struct Modules {
    engine: Engine,
    profile: Profile,
    loaded: Vec<Loaded>,
}

/// A module as plugins with these capabilities run it.
#[derive(Debug, Clone)]
struct Loaded {
    code: Code,
    capabilities: Capabilities,
    module: Module,
}

impl Modules {
    /// Reads and compiles the modules of all listeners, each once.
    pub(super) fn load(
        bootstrap: &Bootstrap,
        limits: Limits,
        cache: &CacheFolder,
        profile: Profile,
    ) -> Result<Self, PluginError> {
        let mut modules = Self { engine: Engine::serving_with(limits, cache)?, profile, loaded: Vec::new() };
        for filter in bootstrap.listeners.iter().flat_map(|listener| &listener.http.filters) {
            let plugin = &filter.plugin;
            fits(plugin, profile)?;
            let capabilities = capabilities(plugin);
            if modules.find(plugin).is_some() {
                continue;
            }
            let failed = |source| PluginError::Load { plugin: plugin.name.clone(), source };
            let module = match modules.loaded.iter().find(|loaded| loaded.code == plugin.vm.code) {
                Some(compiled) => compiled.module.clone(),
                None => modules.compile(plugin)?,
            };
            let module = if capabilities.is_restricted() {
                module.restricted(&modules.engine, capabilities.clone()).map_err(failed)?
            } else {
                module
            };
            modules.loaded.push(Loaded { code: plugin.vm.code.clone(), capabilities, module });
        }
        Ok(modules)
    }

    fn compile(&self, plugin: &config::Plugin) -> Result<Module, PluginError> {
        let read;
        let (bytes, name) = match &plugin.vm.code {
            Code::Inline(bytes) => (bytes.as_slice(), plugin.name.clone()),
            Code::File(path) => {
                let path_text = path.display().to_string();
                let failed = |source| PluginError::Read { path: path_text.clone(), source };
                read = std::fs::read(path).map_err(failed)?;
                (read.as_slice(), path_text)
            }
        };
        let failed = |source| PluginError::Load { plugin: plugin.name.clone(), source };
        let options =
            LoadOptions { unknown_imports: self.profile.unknown_imports(), ..LoadOptions::default() };
        if let Code::File(path) = &plugin.vm.code
            && let Ok(symbols) = std::fs::read(path.with_extension("symbols.wasm"))
        {
            let options = LoadOptions { symbols: Some(&symbols), ..options };
            match Module::load_with(&self.engine, bytes, &name, options) {
                // It only makes traps readable: without it the plugin runs as well.
                Err(LoadError { fault: fault @ LoadFault::Symbols { .. }, .. }) => {
                    tracing::warn!(module = name, "traps will have no names: {fault}");
                }
                loaded => return loaded.map_err(failed),
            }
        }
        Module::load_with(&self.engine, bytes, &name, options).map_err(failed)
    }

    /// Starts the plugins of a chain in a worker; those with equal VM settings share a VM.
    pub(super) fn start(
        &self,
        worker: &mut Worker,
        filters: &[WasmFilter],
    ) -> Result<Vec<PluginId>, crate::plugin::StartError> {
        filters.iter().map(|filter| self.start_one(worker, &filter.plugin)).collect()
    }

    fn start_one(
        &self,
        worker: &mut Worker,
        plugin: &config::Plugin,
    ) -> Result<PluginId, crate::plugin::StartError> {
        let vm = &plugin.vm;
        // The place stands for code and capabilities; Envoy tells VMs apart by the same.
        let place = self.place(plugin);
        let key = format!(
            "{place:?} {:?} {:?} {:?} {:?}",
            vm.vm_id, vm.configuration, vm.environment, vm.host_env_keys
        );
        let settings = VmSettings {
            id: vm.vm_id.clone(),
            configuration: vm.configuration.clone().into(),
            environment: environment(vm),
        };
        let options = PluginOptions {
            settings: Rc::new(PluginSettings {
                name: plugin.name.clone(),
                root_id: plugin.root_id.clone(),
                configuration: plugin.configuration.clone().into(),
            }),
            failure_policy: match plugin.failure_policy {
                config::FailurePolicy::FailOpen => FailurePolicy::Open,
                config::FailurePolicy::FailClosed => FailurePolicy::Closed,
                config::FailurePolicy::FailReload => {
                    FailurePolicy::Reload { interval: plugin.reload_backoff.base }
                }
            },
            hold_headers: plugin.allow_on_headers_stop_iteration,
        };
        let (engine, module) = (self.engine.clone(), self.find(plugin).cloned());
        let make = move |host| -> Result<Box<dyn Guest>, String> {
            let module = module.as_ref().ok_or("its module has not been loaded")?;
            let instance = Instance::new(&engine, module, host).map_err(|error| error.to_string())?;
            Ok(Box::new(instance))
        };
        worker.add_plugin(options, VmPlan { key, settings, make: Rc::new(make) })
    }

    fn find(&self, plugin: &config::Plugin) -> Option<&Module> {
        self.loaded.get(self.place(plugin)?).map(|loaded| &loaded.module)
    }

    fn place(&self, plugin: &config::Plugin) -> Option<usize> {
        let capabilities = capabilities(plugin);
        let fits = |loaded: &Loaded| loaded.code == plugin.vm.code && loaded.capabilities == capabilities;
        self.loaded.iter().position(fits)
    }
}

/// Whether the proxies of a profile can do what the configuration asks for.
fn fits(plugin: &config::Plugin, profile: Profile) -> Result<(), PluginError> {
    let reloads = plugin.failure_policy == config::FailurePolicy::FailReload;
    let feature = if plugin.allow_on_headers_stop_iteration && !profile.holds_headers() {
        "`allow_on_headers_stop_iteration`"
    } else if !plugin.allowed_capabilities.is_empty() && !profile.restricts_capabilities() {
        "`capability_restriction_config`"
    } else if reloads && !profile.reloads() {
        "`FAIL_RELOAD`"
    } else {
        return Ok(());
    };
    Err(PluginError::NotInProfile { plugin: plugin.name.clone(), feature, profile: profile.name() })
}

fn capabilities(plugin: &config::Plugin) -> Capabilities {
    Capabilities::only(plugin.allowed_capabilities.iter().cloned())
}

/// The variables that a VM sees: those of this process that it asks for, and its own.
fn environment(vm: &config::Vm) -> Vec<(String, String)> {
    let inherited = vm.host_env_keys.iter().filter_map(|key| Some((key.clone(), std::env::var(key).ok()?)));
    inherited.chain(vm.environment.iter().cloned()).collect()
}
