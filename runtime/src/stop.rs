//! Stops plugins whose configuration is not in force any more, once no exchange is in them.

use crate::guest::{Callback, ContextId};
use crate::host::{Deferred, GrpcAction, Phase, Services};
use crate::plugin::{Answer, Plugins, Vm};

impl Plugins {
    /// Lets a plugin come to its end: `on_done` of its root, then `on_delete`, which waits for
    /// `proxy_done` where `on_done` answers false. Its VM goes with the last plugin in it.
    pub(crate) fn stop(&mut self, services: &Services, index: usize) {
        let Some(plugin) = self.plugins.get_mut(index).filter(|plugin| !plugin.removed) else { return };
        plugin.removed = true;
        let (number, root) = (plugin.vm, plugin.root);
        // Equal plugins have one root.
        if self.plugins.iter().any(|plugin| !plugin.removed && (plugin.vm, plugin.root) == (number, root)) {
            return;
        }
        let Some(vm) = self.vms.get_mut(&number) else { return };
        vm.host.borrow_mut().expect_done(root);
        let (answer, deferred) = vm.call(Callback::Done { context: root }, Phase::Running);
        self.outbox.extend(deferred.into_iter().map(|request| (number, request)));
        if !matches!(answer, Answer::Returned(Some(0))) {
            self.delete_root(services, number, root);
        }
    }

    /// The end of a root that is done.
    pub(crate) fn delete_root(&mut self, services: &Services, number: u64, root: ContextId) {
        let Some(vm) = self.vms.get_mut(&number) else { return };
        // It may have said that it is done twice: by its answer and by `proxy_done`.
        if !vm.host.borrow().has_root(root) {
            return;
        }
        let (_, deferred) = vm.call(Callback::Delete { context: root }, Phase::Running);
        self.outbox.extend(deferred.into_iter().map(|request| (number, request)));
        self.outbox.push((number, Deferred::Tick { root, period: None }));
        let calls = vm.host.borrow_mut().cancel_grpc_of(root);
        self.outbox
            .extend(calls.into_iter().map(|token| (number, Deferred::Grpc(GrpcAction::Reset { token }))));
        vm.host.borrow_mut().remove_context(root);
        if !self.vms.get(&number).is_some_and(Vm::has_roots) {
            self.forget(services, number);
        }
    }
}
