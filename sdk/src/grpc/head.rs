//! What calls and streams begin with: a method, metadata, limits, all checked before the proxy is asked.

use super::error::InvalidGrpc;
use super::open::Open;
use super::{GrpcError, Rpc, metadata, target};
use crate::dispatch::current;
use crate::host::{GrpcMethod, Status};
use std::time::Duration;

/// Longest message that is taken unless [`super::Call::max_message`] says otherwise: 4 MiB, as in
/// other implementations of gRPC.
pub const MAX_MESSAGE: usize = 4 << 20;

/// A call or stream that is being put together.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) rpc: Rpc,
    pub(super) timeout: Option<Duration>,
    pub(super) max_message: usize,
    metadata: Vec<(String, Vec<u8>)>,
    /// The first thing that was wrong; told when it is made.
    invalid: Option<InvalidGrpc>,
}

/// The hostcall that begins it.
pub(super) type Begin<'a> = &'a dyn Fn(&GrpcMethod<'_>, &[(&str, &[u8])], u32) -> Result<u32, Status>;

impl Head {
    pub(super) fn new(rpc: Rpc) -> Self {
        Self { rpc, timeout: None, max_message: MAX_MESSAGE, metadata: Vec::new(), invalid: None }
    }

    pub(super) fn metadata(&mut self, name: &str, value: &[u8]) {
        match metadata::field(name, value) {
            Ok(field) => self.metadata.push(field),
            Err(error) => {
                self.invalid.get_or_insert(error);
            }
        }
    }

    /// Begins it as the future that runs now.
    pub(super) fn begin(&self, unary: bool, begin: Begin<'_>) -> Result<Open, GrpcError> {
        let rpc = || self.rpc.clone();
        let timeout_ms = self.check().map_err(|source| GrpcError::Invalid { rpc: rpc(), source })?;
        let target = target::of(self.rpc.cluster().as_str());
        let method = GrpcMethod { target: &target, service: self.rpc.service(), method: self.rpc.method() };
        let metadata: Vec<_> =
            self.metadata.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        match begin(&method, &metadata, timeout_ms) {
            Ok(token) => Open::register(token, unary, self.max_message)
                .ok_or_else(|| GrpcError::Invalid { rpc: rpc(), source: InvalidGrpc::Outside }),
            Err(Status::PARSE_FAILURE) => Err(GrpcError::UnknownCluster { rpc: rpc() }),
            Err(status) => Err(GrpcError::NotStarted { rpc: rpc(), status }),
        }
    }

    /// Checks what a proxy would refuse without saying why, and answers the timeout; 0 is none.
    fn check(&self) -> Result<u32, InvalidGrpc> {
        if let Some(invalid) = &self.invalid {
            return Err(invalid.clone());
        }
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if !self.rpc.service().split('.').all(is_word) {
            return Err(InvalidGrpc::Service(self.rpc.service().to_owned()));
        }
        if !is_word(self.rpc.method()) {
            return Err(InvalidGrpc::Method(self.rpc.method().to_owned()));
        }
        if current().is_none() {
            return Err(InvalidGrpc::Outside);
        }
        let Some(timeout) = self.timeout else { return Ok(0) };
        match i32::try_from(timeout.as_millis()) {
            Ok(timeout_ms @ 1..) => Ok(timeout_ms.unsigned_abs()),
            _ => Err(InvalidGrpc::Timeout(timeout)),
        }
    }
}
