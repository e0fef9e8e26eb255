//! Starts plugins in their VMs, and again after those have failed.

use crate::abi::{LogLevel, MetricKind};
use crate::guest::{Callback, ContextId};
use crate::host::clock::nanoseconds;
use crate::host::{Deferred, GrpcAction, Host, Phase, Services};
use crate::plugin::{Answer, FailurePolicy, Plugin, PluginOptions, Plugins, StartError, Vm, VmPlan};
use bytes::Bytes;
use std::rc::Rc;

/// What is counted of VMs, by Envoy's names. The engine's name is the one that configurations have.
const VMS_ACTIVE: &str = "wasm.envoy.wasm.runtime.v8.active";
const VMS_CREATED: &str = "wasm.envoy.wasm.runtime.v8.created";

/// How a reload went, named as Envoy counts it.
const RELOADED: &str = "vm_reload_success";
const NOT_RELOADED: &str = "vm_reload_failure";
const TOO_EARLY: &str = "vm_reload_backoff";

impl Plugins {
    /// Starts a plugin in the VM that it shares, or in one of its own; returns its index.
    pub(crate) fn add(
        &mut self,
        services: &Services,
        options: PluginOptions,
        plan: VmPlan,
    ) -> Result<usize, StartError> {
        let (vm, root) = self.load(services, &options, &plan)?;
        for outcome in [RELOADED, NOT_RELOADED, TOO_EARLY] {
            count(services, &options, outcome, 0);
        }
        let loaded_ns = services.clock.monotonic_ns();
        self.plugins.push(Plugin { options, plan, vm, root, loaded_ns, removed: false });
        Ok(self.plugins.len() - 1)
    }

    /// Gives the plugin a new VM if its own has failed and its policy says so, for exchanges that
    /// begin now.
    pub(crate) fn revive(&mut self, services: &Services, index: usize) {
        let Some(plugin) = self.plugins.get_mut(index) else { return };
        let FailurePolicy::Reload { interval } = plugin.options.failure_policy else { return };
        let old = plugin.vm;
        if !self.vms.get(&old).is_none_or(Vm::is_failed) {
            return;
        }
        let now = services.clock.monotonic_ns();
        if now.saturating_sub(plugin.loaded_ns) < nanoseconds(interval) {
            return count(services, &plugin.options, TOO_EARLY, 1);
        }
        plugin.loaded_ns = now;
        let (options, plan) = (plugin.options.clone(), plugin.plan.clone());
        match self.load(services, &options, &plan) {
            Ok((vm, root)) => {
                count(services, &options, RELOADED, 1);
                if let Some(plugin) = self.plugins.get_mut(index) {
                    (plugin.vm, plugin.root) = (vm, root);
                }
                self.forget(services, old);
            }
            Err(error) => {
                count(services, &options, NOT_RELOADED, 1);
                tracing::error!(plugin = options.settings.name, "cannot reload: {error}");
            }
        }
    }

    /// The VM and root context of a plugin. Equal plugins of one VM have the same, as in Envoy.
    fn load(
        &mut self,
        services: &Services,
        options: &PluginOptions,
        plan: &VmPlan,
    ) -> Result<(u64, ContextId), StartError> {
        let alive = |(_, vm): &(&u64, &Vm)| vm.key == plan.key && !vm.is_failed();
        if let Some(number) = self.vms.iter().find(alive).map(|(number, _)| *number) {
            let equal = |plugin: &&Plugin| {
                !plugin.removed && plugin.vm == number && plugin.options.settings == options.settings
            };
            if let Some(twin) = self.plugins.iter().find(equal) {
                return Ok((number, twin.root));
            }
            return Ok((number, self.start(number, options)?));
        }
        let host = Host::new(services.clone(), plan.settings.clone());
        let guest = (plan.make)(Rc::clone(&host))
            .map_err(|reason| StartError::Instantiate { plugin: options.settings.name.clone(), reason })?;
        self.last_vm += 1;
        let number = self.last_vm;
        self.vms.insert(number, Vm::new(plan.key.clone(), host, guest));
        services.metrics.count(MetricKind::Counter, VMS_CREATED, 1);
        services.metrics.count(MetricKind::Gauge, VMS_ACTIVE, 1);
        let root = self.start(number, options);
        if root.is_err() {
            self.forget(services, number);
        }
        Ok((number, root?))
    }

    fn start(&mut self, number: u64, options: &PluginOptions) -> Result<ContextId, StartError> {
        let plugin = || options.settings.name.clone();
        let Some(vm) = self.vms.get_mut(&number) else {
            return Err(StartError::Instantiate { plugin: plugin(), reason: "the VM is gone".into() });
        };
        let size = |bytes: &Bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let root = vm.host.borrow_mut().add_root(Rc::clone(&options.settings));
        let vm_size = size(&vm.host.borrow().vm_settings().configuration);
        let steps = [
            Callback::ContextCreate { context: root, parent: 0 },
            Callback::VmStart { root, size: vm_size },
            Callback::Configure { root, size: size(&options.settings.configuration) },
        ];
        for step in steps {
            // The plugin's configuration is not there yet when its VM starts.
            let phase =
                if matches!(step, Callback::VmStart { .. }) { Phase::Running } else { Phase::Configure };
            let (answer, deferred) = vm.call(step, phase);
            self.outbox.extend(deferred.into_iter().map(|request| (number, request)));
            let callback = step.export();
            match answer {
                Answer::Returned(Some(0)) if !matches!(step, Callback::ContextCreate { .. }) => {
                    vm.host.borrow().log(LogLevel::Error, format!("`{callback}` returned false").as_bytes());
                    return Err(StartError::Refused { plugin: plugin(), callback });
                }
                Answer::Returned(_) => {}
                Answer::Trapped(trap) => {
                    return Err(StartError::Trapped { plugin: plugin(), callback, trap });
                }
                Answer::Dead => {
                    return Err(StartError::Instantiate {
                        plugin: plugin(),
                        reason: "its VM has failed".into(),
                    });
                }
            }
        }
        Ok(root)
    }

    /// Drops a VM that no plugin uses any more; exchanges that are still in it fail.
    pub(crate) fn forget(&mut self, services: &Services, number: u64) {
        if self.plugins.iter().any(|plugin| plugin.vm == number && !plugin.removed) {
            return;
        }
        let Some(vm) = self.vms.remove(&number) else { return };
        services.metrics.count(MetricKind::Gauge, VMS_ACTIVE, -1);
        let stop = |root| (number, Deferred::Tick { root, period: None });
        self.outbox.extend(vm.host.borrow().roots().map(stop));
        let reset = |token| (number, Deferred::Grpc(GrpcAction::Reset { token }));
        self.outbox.extend(vm.host.borrow().open_grpc_tokens().map(reset));
    }
}

fn count(services: &Services, options: &PluginOptions, outcome: &str, by: i64) {
    let name = options.settings.name.as_str();
    let dot = if name.is_empty() { "" } else { "." };
    services.metrics.count(MetricKind::Counter, &format!("wasm{dot}{name}.{outcome}"), by);
}

#[cfg(test)]
mod tests;
