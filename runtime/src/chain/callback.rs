//! Calls one filter for one part of a message, and reads its answer.

use super::{Chain, Filter};
use crate::body::Body;
use crate::exchange::Side;
use crate::guest::{Callback, ContextId};
use crate::host::{Deferred, Part, Phase, View};
use crate::plugin::{Answer, FailurePolicy, Plugins};

/// A filter's answer to headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadersAnswer {
    Continue,
    StopHeaders,
    StopAll,
}

/// A filter's answer to a piece of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyAnswer {
    Continue,
    Buffer,
    Watermark,
    Drop,
}

/// How a guest call ended, as far as the chain goes on.
enum Called {
    /// With this answer; 0 where the guest does not have the callback.
    Answered(u32),
    /// The plugin is not to be called for this exchange.
    Passed,
    /// The exchange has failed.
    Failed,
}

impl Chain {
    pub(super) fn call_headers(
        &mut self,
        plugins: &mut Plugins,
        side: Side,
        place: usize,
        end: bool,
    ) -> HeadersAnswer {
        let index = self.index(side, place);
        let Some(context) = self.context(plugins, side, index) else {
            return if self.is_over(side) { HeadersAnswer::StopAll } else { HeadersAnswer::Continue };
        };
        let count =
            self.exchange.borrow().message(side).headers.as_ref().map_or(0, |headers| count(headers.len()));
        self.with_view(plugins, index, |view| {
            view.side_mut(side).headers = true;
            view.end_of_stream = end;
        });
        let callback = match side {
            Side::Request => Callback::RequestHeaders { context, count, end_of_stream: end },
            Side::Response => Callback::ResponseHeaders { context, count, end_of_stream: end },
        };
        let answer = match self.call(plugins, index, callback) {
            Called::Answered(0 | 2) | Called::Passed => HeadersAnswer::Continue,
            Called::Answered(1) if self.filters.get(index).is_some_and(|filter| filter.hold_headers) => {
                HeadersAnswer::StopHeaders
            }
            Called::Answered(_) | Called::Failed => HeadersAnswer::StopAll,
        };
        if answer == HeadersAnswer::Continue {
            self.with_view(plugins, index, |view| view.side_mut(side).headers = false);
        }
        answer
    }

    pub(super) fn call_body(
        &mut self,
        plugins: &mut Plugins,
        side: Side,
        place: usize,
        body: &mut Body,
        end: bool,
    ) -> BodyAnswer {
        let index = self.index(side, place);
        let Some(context) =
            self.filters.get(index).filter(|filter| !filter.skipped).and_then(|filter| filter.context)
        else {
            return BodyAnswer::Continue;
        };
        let buffering = self.filter(side, place).is_some_and(|filter| filter.buffering);
        let (part, size) = if buffering {
            self.progress_mut(side).streaming = false;
            self.hold(plugins, side, std::mem::take(body));
            if self.is_over(side) {
                return BodyAnswer::Drop;
            }
            (Part::Buffer, self.exchange.borrow().message(side).buffer.as_ref().map_or(0, Body::len))
        } else {
            let size = body.len();
            self.exchange.borrow_mut().message_mut(side).chunk = std::mem::take(body);
            (Part::Chunk, size)
        };
        self.with_view(plugins, index, |view| {
            view.side_mut(side).body = Some(part);
            view.end_of_stream = end;
        });
        let size = count(size);
        let callback = match side {
            Side::Request => Callback::RequestBody { context, size, end_of_stream: end },
            Side::Response => Callback::ResponseBody { context, size, end_of_stream: end },
        };
        let answer = match self.call(plugins, index, callback) {
            Called::Answered(0) | Called::Passed => BodyAnswer::Continue,
            Called::Answered(1) => BodyAnswer::Buffer,
            Called::Answered(2) => BodyAnswer::Watermark,
            Called::Answered(_) | Called::Failed => BodyAnswer::Drop,
        };
        *body = std::mem::take(&mut self.exchange.borrow_mut().message_mut(side).chunk);
        let holds = answer == BodyAnswer::Buffer;
        self.with_view(plugins, index, |view| view.side_mut(side).body = holds.then_some(Part::Buffer));
        if let Some(filter) = self.filter(side, place) {
            filter.buffering = holds;
        }
        answer
    }

    /// Whether the filter lets the trailers go on.
    pub(super) fn call_trailers(&mut self, plugins: &mut Plugins, side: Side, place: usize) -> bool {
        let index = self.index(side, place);
        let Some(context) =
            self.filters.get(index).filter(|filter| !filter.skipped).and_then(|filter| filter.context)
        else {
            return true;
        };
        let count = self
            .exchange
            .borrow()
            .message(side)
            .trailers
            .as_ref()
            .map_or(0, |trailers| count(trailers.len()));
        self.with_view(plugins, index, |view| view.side_mut(side).trailers = true);
        let callback = match side {
            Side::Request => Callback::RequestTrailers { context, count },
            Side::Response => Callback::ResponseTrailers { context, count },
        };
        let go_on = matches!(self.call(plugins, index, callback), Called::Answered(0) | Called::Passed);
        if go_on {
            self.with_view(plugins, index, |view| view.side_mut(side).trailers = false);
        }
        go_on
    }

    /// The exchange is over: `on_log` for all filters, then `on_done` and `on_delete`.
    pub(crate) fn finish(&mut self, plugins: &mut Plugins) {
        self.dead = true;
        for index in 0..self.filters.len() {
            if let Some(context) = self.context(plugins, Side::Request, index) {
                self.with_view(plugins, index, |view| view.logging = true);
                self.call(plugins, index, Callback::Log { context });
                self.with_view(plugins, index, |view| view.logging = false);
            }
        }
        for index in 0..self.filters.len() {
            if let Some(context) = self.filters.get_mut(index).and_then(|filter| filter.context.take()) {
                self.call(plugins, index, Callback::Done { context });
                self.call(plugins, index, Callback::Delete { context });
                if let Some(vm) = self.filters.get(index).and_then(|filter| plugins.vms.get(&filter.vm)) {
                    vm.host.borrow_mut().remove_context(context);
                }
            }
        }
    }

    /// Ends what a paused filter could see of a side's body, because that side goes on. Headers and
    /// trailers that were held stay open to it, as in Envoy, unless `continue_stream` has closed them.
    pub(super) fn close_body(&mut self, plugins: &mut Plugins, side: Side, place: usize) {
        let index = self.index(side, place);
        self.with_view(plugins, index, |view| view.side_mut(side).body = None);
    }

    /// Does what guests asked for: for this exchange now, the rest is left to the worker.
    pub(super) fn apply(&mut self, plugins: &mut Plugins, vm: u64, deferred: Vec<Deferred>) {
        for request in deferred {
            let own = match &request {
                Deferred::Continue { context, .. }
                | Deferred::Close { context }
                | Deferred::Reply { context, .. } => self.position_of(vm, *context),
                _ => None,
            };
            match (own, request) {
                (Some(index), Deferred::Continue { side, .. }) => self.resume(plugins, side, index),
                (Some(_), Deferred::Close { .. }) => self.reset(),
                (Some(_), Deferred::Reply { reply, .. }) => self.reply(plugins, reply),
                (_, request) => plugins.outbox.push((vm, request)),
            }
        }
    }

    /// The filter's context in this exchange, created when the request reaches the filter.
    fn context(&mut self, plugins: &mut Plugins, side: Side, index: usize) -> Option<ContextId> {
        let Filter { vm, root, context, skipped, .. } = self.filters.get(index)?;
        if *skipped {
            return None;
        }
        if context.is_some() || side == Side::Response {
            return *context;
        }
        let root = *root;
        let Some(vm) = plugins.vms.get(vm).filter(|vm| !vm.is_failed()) else {
            self.fail(plugins, index);
            return None;
        };
        let view = View::closed(self.exchange.clone(), root);
        let context = vm.host.borrow_mut().add_stream(view);
        self.filters.get_mut(index)?.context = Some(context);
        match self.call(plugins, index, Callback::ContextCreate { context, parent: root }) {
            Called::Answered(_) => Some(context),
            Called::Passed | Called::Failed => None,
        }
    }

    fn call(&mut self, plugins: &mut Plugins, index: usize, callback: Callback) -> Called {
        let Some(filter) = self.filters.get(index) else { return Called::Passed };
        if filter.skipped {
            return Called::Passed;
        }
        let number = filter.vm;
        // A VM that is gone had failed, too.
        let Some(vm) = plugins.vms.get_mut(&number) else { return self.fail(plugins, index) };
        let (answer, deferred) = vm.call(callback, Phase::Running);
        match answer {
            Answer::Returned(result) => {
                self.apply(plugins, number, deferred);
                Called::Answered(result.unwrap_or(0))
            }
            Answer::Trapped(_) => {
                if let Some(filter) = self.filters.get_mut(index) {
                    filter.skipped = true;
                }
                self.fail_exchange(plugins);
                Called::Failed
            }
            Answer::Dead => self.fail(plugins, index),
        }
    }

    /// The filter's VM has failed before: what its policy says.
    fn fail(&mut self, plugins: &mut Plugins, index: usize) -> Called {
        let Some(filter) = self.filters.get_mut(index) else { return Called::Passed };
        filter.skipped = true;
        let policy = plugins.plugins.get(filter.plugin).map(|plugin| plugin.options.failure_policy);
        if policy == Some(FailurePolicy::Open) {
            return Called::Passed;
        }
        self.fail_exchange(plugins);
        Called::Failed
    }

    fn with_view(&mut self, plugins: &mut Plugins, index: usize, change: impl FnOnce(&mut View)) {
        let Some(filter) = self.filters.get(index) else { return };
        let (Some(context), Some(vm)) = (filter.context, plugins.vms.get(&filter.vm)) else { return };
        if let Some(view) = vm.host.borrow_mut().view_mut(context) {
            change(view);
        }
    }
}

fn count(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
