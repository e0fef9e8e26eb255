//! What the SDK itself remembers of each VM.
//!
//! A module is one VM, and this is its memory. Natively several plugins share a thread; each is
//! known by its host, so that tests do not see each other.

use crate::call::Budgets;
use crate::logger::Memory;
use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

/// The memory of one VM.
#[derive(Default)]
pub(crate) struct Vm {
    pub(crate) log: Memory,
    pub(crate) retries: RefCell<Budgets>,
    values: RefCell<Vec<Rc<dyn Any>>>,
}

impl Vm {
    /// The one value of this type, made where there is none yet.
    pub(crate) fn value<T: 'static>(&self, make: impl FnOnce() -> T) -> Rc<T> {
        let known = self.values.borrow().iter().find_map(|value| Rc::clone(value).downcast().ok());
        known.unwrap_or_else(|| {
            let value = Rc::new(make());
            self.values.borrow_mut().push(Rc::<T>::clone(&value));
            value
        })
    }
}

/// The VM whose code runs now.
#[cfg(target_arch = "wasm32")]
pub(crate) fn current() -> Rc<Vm> {
    thread_local! {
        static VM: Rc<Vm> = Rc::default();
    }
    VM.with(Rc::clone)
}

/// The VM whose code runs now.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn current() -> Rc<Vm> {
    use crate::host::{Host, host};
    use std::rc::Weak;

    type Known = (Weak<dyn Host>, Rc<Vm>);
    thread_local! {
        /// A weak reference keeps a host's place in memory from being used by another one.
        static VMS: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
    }
    let host = Rc::downgrade(&host());
    VMS.try_with(|vms| {
        let mut vms = vms.borrow_mut();
        vms.retain(|(host, _)| host.strong_count() > 0);
        if let Some((_, vm)) = vms.iter().find(|(known, _)| known.ptr_eq(&host)) {
            return Rc::clone(vm);
        }
        let vm = Rc::<Vm>::default();
        vms.push((host, Rc::clone(&vm)));
        vm
    })
    .unwrap_or_default()
}
