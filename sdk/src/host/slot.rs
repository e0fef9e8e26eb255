//! The host of native targets: whatever the test harness has put in place on this thread.

use super::{BufferKind, GrpcMethod, Host, LogLevel, MapKind, MetricKind, Pairs, Side, Status};
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    static HOST: RefCell<Option<Rc<dyn Host>>> = const { RefCell::new(None) };
}

/// Puts a host in place on this thread until the guard is dropped.
///
/// Guards nest: each gives the host before it back.
#[must_use = "the host leaves when the guard is dropped"]
pub fn install(host: Rc<dyn Host>) -> Installed {
    Installed { before: HOST.with(|slot| slot.replace(Some(host))) }
}

/// Keeps a host in place; see [`install`].
pub struct Installed {
    before: Option<Rc<dyn Host>>,
}

impl Drop for Installed {
    fn drop(&mut self) {
        let before = self.before.take();
        // The slot is gone when the thread ends; then there is nothing to give back.
        drop(HOST.try_with(|slot| slot.replace(before)));
    }
}

/// The host in place, or one that refuses everything.
pub(crate) fn host() -> Rc<dyn Host> {
    HOST.try_with(|slot| slot.borrow().clone())
        .ok()
        .flatten()
        .unwrap_or_else(|| Rc::new(Refusing(Status::UNIMPLEMENTED)))
}

/// Answers everything with one status. It stands where no harness is: pure parts of a filter may be
/// tested without one.
pub(crate) struct Refusing(pub(crate) Status);

impl Host for Refusing {
    fn log(&self, _: LogLevel, _: &[u8]) -> Result<(), Status> {
        Err(self.0)
    }

    fn get_log_level(&self) -> Result<u32, Status> {
        Err(self.0)
    }

    fn get_current_time_nanoseconds(&self) -> Result<u64, Status> {
        Err(self.0)
    }

    fn monotonic_nanoseconds(&self) -> u64 {
        0
    }

    fn random(&self, _: &mut [u8]) -> Result<(), Status> {
        Err(self.0)
    }

    fn environment_variable(&self, _: &str) -> Option<String> {
        None
    }

    fn get_property(&self, _: &[u8]) -> Result<Vec<u8>, Status> {
        Err(self.0)
    }

    fn set_property(&self, _: &[u8], _: &[u8]) -> Result<(), Status> {
        Err(self.0)
    }

    fn get_header_map_pairs(&self, _: MapKind) -> Result<Pairs, Status> {
        Err(self.0)
    }

    fn replace_header_map_value(&self, _: MapKind, _: &str, _: &[u8]) -> Result<(), Status> {
        Err(self.0)
    }

    fn add_header_map_value(&self, _: MapKind, _: &str, _: &[u8]) -> Result<(), Status> {
        Err(self.0)
    }

    fn remove_header_map_value(&self, _: MapKind, _: &str) -> Result<(), Status> {
        Err(self.0)
    }

    fn get_buffer_bytes(&self, _: BufferKind, _: usize, _: usize) -> Result<Vec<u8>, Status> {
        Err(self.0)
    }

    fn set_buffer_bytes(&self, _: BufferKind, _: usize, _: usize, _: &[u8]) -> Result<(), Status> {
        Err(self.0)
    }

    fn send_local_response(
        &self,
        _: u16,
        _: &str,
        _: &[u8],
        _: &[(&str, &[u8])],
        _: Option<u32>,
    ) -> Result<(), Status> {
        Err(self.0)
    }

    fn continue_stream(&self, _: Side) -> Result<(), Status> {
        Err(self.0)
    }

    fn close_stream(&self, _: Side) -> Result<(), Status> {
        Err(self.0)
    }

    fn get_shared_data(&self, _: &str) -> Result<(Vec<u8>, u32), Status> {
        Err(self.0)
    }

    fn set_shared_data(&self, _: &str, _: &[u8], _: u32) -> Result<(), Status> {
        Err(self.0)
    }

    fn register_shared_queue(&self, _: &str) -> Result<u32, Status> {
        Err(self.0)
    }

    fn resolve_shared_queue(&self, _: &str, _: &str) -> Result<u32, Status> {
        Err(self.0)
    }

    fn enqueue_shared_queue(&self, _: u32, _: &[u8]) -> Result<(), Status> {
        Err(self.0)
    }

    fn dequeue_shared_queue(&self, _: u32) -> Result<Vec<u8>, Status> {
        Err(self.0)
    }

    fn http_call(
        &self,
        _: &str,
        _: &[(&str, &[u8])],
        _: &[u8],
        _: &[(&str, &[u8])],
        _: u32,
    ) -> Result<u32, Status> {
        Err(self.0)
    }

    fn grpc_call(&self, _: &GrpcMethod<'_>, _: &[(&str, &[u8])], _: &[u8], _: u32) -> Result<u32, Status> {
        Err(self.0)
    }

    fn grpc_stream(&self, _: &GrpcMethod<'_>, _: &[(&str, &[u8])]) -> Result<u32, Status> {
        Err(self.0)
    }

    fn grpc_send(&self, _: u32, _: &[u8], _: bool) -> Result<(), Status> {
        Err(self.0)
    }

    fn grpc_close(&self, _: u32) -> Result<(), Status> {
        Err(self.0)
    }

    fn grpc_cancel(&self, _: u32) -> Result<(), Status> {
        Err(self.0)
    }

    fn get_status(&self) -> Result<(u32, Vec<u8>), Status> {
        Err(self.0)
    }

    fn set_tick_period_milliseconds(&self, _: u32) -> Result<(), Status> {
        Err(self.0)
    }

    fn define_metric(&self, _: MetricKind, _: &str) -> Result<u32, Status> {
        Err(self.0)
    }

    fn increment_metric(&self, _: u32, _: i64) -> Result<(), Status> {
        Err(self.0)
    }

    fn record_metric(&self, _: u32, _: u64) -> Result<(), Status> {
        Err(self.0)
    }

    fn get_metric(&self, _: u32) -> Result<u64, Status> {
        Err(self.0)
    }

    fn set_effective_context(&self, _: u32) -> Result<(), Status> {
        Err(self.0)
    }
}
