//! Messages between the workers of a plugin, and between plugins.

use super::{Result, SharedError, store};
use crate::dispatch::look;
use crate::host::{HostError, Status, host};

/// A queue of messages, first in, first out.
///
/// Anybody who opens it may put messages in; each is taken out once. It is *registered* by the one
/// that waits for them: the proxy wakes the VM that registered it last, and no other. Workers that
/// each need their own messages register a queue each, under a name that they tell each other.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// # fn new(setup: &mut Setup) -> Result<()> {
/// let events = shared::Queue::register("events")?;
/// setup.spawn(async move {
///     loop {
///         let event = events.next().await?;
///         log::info!("{}", String::from_utf8_lossy(&event));
///     }
/// });
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Queue {
    token: u32,
    name: String,
}

impl Queue {
    /// This plugin's queue of a name, with this VM as the one to be woken. It is made, or taken
    /// over with what is in it.
    ///
    /// The last VM that registers is woken. In Envoy that may be the one of the main thread, where each plugin runs as
    /// well: whoever takes the messages must do so on whichever thread it is.
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn register(name: &str) -> Result<Self> {
        Self::register_across_plugins(store::name(name))
    }

    /// A queue that other plugins can open too; see [`Queue::register`].
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn register_across_plugins(name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        match host().register_shared_queue(&name) {
            Ok(token) => Ok(Self { token, name }),
            Err(status) => Err(HostError::new("proxy_register_shared_queue", name, status).into()),
        }
    }

    /// This plugin's queue of a name; `None` until somebody registers it.
    ///
    /// # Errors
    /// When the proxy refuses for another reason.
    pub fn open(name: &str) -> Result<Option<Self>> {
        Self::open_across_plugins("", store::name(name))
    }

    /// A queue that another plugin has registered, of a VM id (empty: the own one); `None` until it
    /// is registered.
    ///
    /// # Errors
    /// When the proxy refuses for another reason.
    pub fn open_across_plugins(vm_id: &str, name: impl Into<String>) -> Result<Option<Self>> {
        let name = name.into();
        match host().resolve_shared_queue(vm_id, &name) {
            Ok(token) => Ok(Some(Self { token, name })),
            Err(Status::NOT_FOUND) => Ok(None),
            Err(status) => Err(HostError::new("proxy_resolve_shared_queue", name, status).into()),
        }
    }

    /// Puts a message at the end.
    ///
    /// # Errors
    /// When the proxy refuses, as it does when queues hold too much.
    pub fn push(&self, message: impl AsRef<[u8]>) -> Result<()> {
        let pushed = host().enqueue_shared_queue(self.token, message.as_ref());
        pushed.map_err(|status| HostError::new("proxy_enqueue_shared_queue", &*self.name, status).into())
    }

    /// Takes the message at the front; `None` where there is none.
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn take(&self) -> Result<Option<Vec<u8>>> {
        match host().dequeue_shared_queue(self.token) {
            Ok(message) => Ok(Some(message)),
            Err(Status::EMPTY) => Ok(None),
            Err(status) => Err(HostError::new("proxy_dequeue_shared_queue", &*self.name, status).into()),
        }
    }

    /// Takes the message at the front, and waits for one where there is none.
    ///
    /// Only the VM that registered the queue is woken; others look whenever they are woken by
    /// something else. A message is taken when the future gets it: one that is dropped takes none.
    ///
    /// # Errors
    /// When the proxy refuses, or outside of a filter.
    pub async fn next(&self) -> Result<Vec<u8>> {
        match look(self.token, || self.take().transpose()).await {
            Some(message) => message,
            None => Err(SharedError::NotWaiting { name: self.name.clone() }),
        }
    }
}
