//! One configured plugin, the VM it runs in, and what happens when that VM fails.

use crate::guest::{Callback, ContextId, Guest, Trap};
use crate::host::{Deferred, Phase, PluginSettings, SharedHost, VmSettings};
use crate::number_map::NumberMap;
use std::rc::Rc;
use std::time::Duration;

/// What becomes of exchanges whose plugin's VM has trapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailurePolicy {
    /// They get 503.
    #[default]
    Closed,
    /// They pass without the plugin. The exchange that trapped gets 503.
    Open,
    /// They get 503 until a new exchange finds that `interval` has passed since the VM was last
    /// started, or tried to be: it gets a new VM. Envoy adds up to a half of it, at random.
    Reload {
        /// `reload_config.backoff.base_interval`.
        interval: Duration,
    },
}

impl FailurePolicy {
    /// Envoy's interval between reloads where none is configured.
    pub const DEFAULT_RELOAD_INTERVAL: Duration = Duration::from_secs(1);
}

/// Makes the guest of a new VM.
pub type MakeGuest = dyn Fn(SharedHost) -> Result<Box<dyn Guest>, String>;

/// The VM that a plugin wants, now and after each failure.
#[derive(Clone)]
pub struct VmPlan {
    /// Plugins of one worker with the same key share a VM. It must stand for all that makes VMs
    /// differ: code, `vm_id`, configuration, environment and capabilities.
    pub key: String,
    /// What the VM is told about itself.
    pub settings: VmSettings,
    /// Makes its guest.
    pub make: Rc<MakeGuest>,
}

impl std::fmt::Debug for VmPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VmPlan").field("key", &self.key).field("settings", &self.settings).finish()
    }
}

/// How a plugin takes part in chains.
#[derive(Debug, Clone)]
pub struct PluginOptions {
    /// Name, root id, configuration.
    pub settings: Rc<PluginSettings>,
    /// What becomes of exchanges after a trap.
    pub failure_policy: FailurePolicy,
    /// `allow_on_headers_stop_iteration`: a pause in a headers callback stops only the headers,
    /// so that the body is seen while they are held.
    pub hold_headers: bool,
}

/// Why a plugin did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The VM could not be made.
    #[error("cannot start the VM of plugin `{plugin}`: {reason}")]
    Instantiate {
        /// Name of the plugin.
        plugin: String,
        /// What failed.
        reason: String,
    },
    /// A start callback answered false.
    #[error("plugin `{plugin}` refused its configuration (`{callback}` returned false)")]
    Refused {
        /// Name of the plugin.
        plugin: String,
        /// The callback.
        callback: &'static str,
    },
    /// A start callback trapped.
    #[error("plugin `{plugin}` trapped in `{callback}`")]
    Trapped {
        /// Name of the plugin.
        plugin: String,
        /// The callback.
        callback: &'static str,
        /// The trap.
        #[source]
        trap: Box<Trap>,
    },
}

/// A plugin of one worker.
#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) options: PluginOptions,
    pub(crate) plan: VmPlan,
    pub(crate) vm: u64,
    pub(crate) root: ContextId,
    /// When its VM was last started, or tried to be, by the monotonic clock.
    pub(crate) loaded_ns: u64,
    /// It is not in force any more.
    pub(crate) removed: bool,
}

/// A VM of one worker; plugins with the same key share it.
pub(crate) struct Vm {
    pub(crate) key: String,
    pub(crate) host: SharedHost,
    guest: Box<dyn Guest>,
    failed: bool,
}

/// What a call into a guest gave.
pub(crate) enum Answer {
    /// It returned; `None` where the guest does not have the callback.
    Returned(Option<u32>),
    /// It trapped now.
    Trapped(Box<Trap>),
    /// Its VM had failed before.
    Dead,
}

impl Vm {
    pub(crate) fn new(key: String, host: SharedHost, guest: Box<dyn Guest>) -> Self {
        Self { key, host, guest, failed: false }
    }

    pub(crate) fn is_failed(&self) -> bool {
        self.failed
    }

    /// Whether a plugin of it has not come to its end.
    pub(crate) fn has_roots(&self) -> bool {
        self.host.borrow().roots().next().is_some()
    }

    /// Calls the guest, and takes what it asked for meanwhile.
    pub(crate) fn call(&mut self, callback: Callback, phase: Phase) -> (Answer, Vec<Deferred>) {
        if self.failed {
            return (Answer::Dead, Vec::new());
        }
        self.host.borrow_mut().enter(callback.context(), phase);
        let answer = match self.guest.call(callback) {
            Ok(result) => Answer::Returned(result),
            Err(trap) => {
                self.failed = true;
                tracing::error!(callback = callback.export(), %trap, "a plugin's VM has failed");
                Answer::Trapped(trap)
            }
        };
        (answer, self.host.borrow_mut().take_deferred())
    }
}

/// The plugins and VMs of one worker, and what guests asked for outside the exchange at hand.
#[derive(Default)]
pub(crate) struct Plugins {
    pub(crate) plugins: Vec<Plugin>,
    /// By numbers that are never used again: exchanges outlive VMs.
    pub(crate) vms: NumberMap<u64, Vm>,
    pub(crate) last_vm: u64,
    pub(crate) outbox: Vec<(u64, Deferred)>,
    /// Plugins to be stopped when no exchange is in them.
    pub(crate) retiring: Vec<usize>,
}
