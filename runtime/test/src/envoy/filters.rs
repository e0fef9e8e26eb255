//! The filters of a case on Envoy: how they are started, configured anew, and get new VMs.
//!
//! Envoy keeps a plugin whose configuration is the same, and a VM whose id, configuration and code are the same.

use super::config::Filter;
use super::stage::EnvoyStage;
use crate::scenario::stage::StartFailure;
use crate::sim::Setup;
use std::path::{Path, PathBuf};

/// The section of a module by which its code is told from the same code before a restart.
const SECTION: &str = "mesh-filter restart";

impl EnvoyStage<'_> {
    /// Starts another filter, behind those that there are.
    pub(super) fn add(&mut self, setup: &Setup, module: &Path) -> Result<(), StartFailure> {
        let started = self.attempt(|stage| {
            if !stage.begun {
                stage.begin()?;
                stage.set_clusters()?;
            }
            // Others cannot see its shared data: no case has the VM id of another.
            let vm_id = format!("{}#{}", setup.vm_id, stage.run);
            stage.reader.vm.clone_from(&vm_id);
            let filter = Filter { setup: setup.clone(), module: module.to_owned(), vm_id };
            let configured = stage.configure(stage.filters.len(), &filter)?;
            stage.filters.push(filter);
            Ok(configured)
        });
        self.refusal(started)
    }

    /// Configures the case's own filter anew, in its VM or in a new one.
    pub(super) fn replace_own(&mut self, setup: &Setup, new_vm: bool) -> Result<(), StartFailure> {
        let replaced = self.attempt(|stage| {
            stage.settle()?;
            let own = stage.own;
            let mut filter = stage.filters.get(own).ok_or("there is no filter to configure anew")?.clone();
            filter.setup.configuration.clone_from(&setup.configuration);
            if new_vm {
                stage.restarts += 1;
                filter.module = renewed(&stage.played.module, stage.restarts)?;
            }
            let configured = stage.configure(own, &filter)?;
            if let Some(place) = stage.filters.get_mut(own).filter(|_| configured.is_ok()) {
                *place = filter;
            }
            Ok(configured)
        });
        self.refusal(replaced)
    }

    fn configure(&mut self, slot: usize, filter: &Filter) -> Result<Result<(), String>, String> {
        let process = self.host.process.as_mut().ok_or("Envoy does not run")?;
        let configured = process.configure(&self.played.envoy.program.folder, slot, Some(filter));
        // A filter that is refused has only been tried on the main thread.
        self.every_thread = !matches!(configured, Ok(Ok(())));
        let configured = configured?;
        let settled = self.settle_changes();
        self.every_thread = false;
        settled.map(|()| configured)
    }

    fn refusal(&self, configured: Result<Result<(), String>, String>) -> Result<(), StartFailure> {
        match configured {
            Ok(configured) => configured.map_err(StartFailure::Refused),
            Err(problem) => Err(StartFailure::Broken(self.told(problem))),
        }
    }
}

/// The same module with other bytes, so that Envoy makes a new VM for it although its id, which shared data
/// belongs to, is the same.
fn renewed(module: &Path, restarts: usize) -> Result<PathBuf, String> {
    let path = module.with_extension(format!("restart-{restarts}.wasm"));
    if !path.is_file() {
        let failed = |error| format!("copying the module for a new VM: {error}");
        let mut bytes = std::fs::read(module).map_err(failed)?;
        bytes.extend(custom_section(SECTION, &restarts.to_string()));
        std::fs::write(&path, bytes).map_err(failed)?;
    }
    Ok(path)
}

/// A section that engines skip. Name and content are together shorter than 128 bytes.
fn custom_section(name: &str, content: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).unwrap_or(0);
    let mut section = vec![0, 1 + length(name) + length(content), length(name)];
    section.extend_from_slice(name.as_bytes());
    section.extend_from_slice(content.as_bytes());
    section
}
