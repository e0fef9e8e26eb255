//! The service: a limit for each user, counted by limitador.

use crate::codec::Protobuf;
use crate::messages::{Code, Duration, Request, Response, Status};
use limitador::RateLimiter;
use limitador::limit::Context;
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, UnaryService};

/// Where Envoy's services have the method.
const PATH: &str = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/// The service.
#[derive(Clone)]
pub(crate) struct Limits {
    pub(crate) limiter: Arc<RateLimiter>,
    /// How long it waits before it answers, in milliseconds.
    pub(crate) delay_ms: Arc<AtomicU64>,
}

type Answer<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl Service<http::Request<Body>> for Limits {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answer<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let limits = self.clone();
        Box::pin(async move {
            if request.uri().path() != PATH {
                return Ok(tonic::Status::unimplemented("there is another method").into_http());
            }
            Ok(Grpc::new(Protobuf).unary(limits, request).await)
        })
    }
}

impl UnaryService<Request> for Limits {
    type Response = Response;
    type Future = Answer<tonic::Response<Response>, tonic::Status>;

    fn call(&mut self, request: tonic::Request<Request>) -> Self::Future {
        let limits = self.clone();
        Box::pin(async move {
            let delay = std::time::Duration::from_millis(limits.delay_ms.load(Ordering::SeqCst));
            tokio::time::sleep(delay).await;
            limits.answer(request.into_inner()).map(tonic::Response::new)
        })
    }
}

impl Limits {
    fn answer(&self, request: Request) -> Result<Response, tonic::Status> {
        let entries = |descriptor: crate::messages::Descriptor| {
            descriptor.entries.into_iter().map(|entry| (entry.key, entry.value)).collect::<HashMap<_, _>>()
        };
        let mut context = Context::default();
        context
            .list_binding("descriptors".to_owned(), request.descriptors.into_iter().map(entries).collect());
        let hits = u64::from(request.hits_addend.max(1));
        let checked = self.limiter.check_rate_limited_and_update(&request.domain.into(), &context, hits);
        let checked = checked.map_err(|error| tonic::Status::internal(error.to_string()))?;
        let code = if checked.limited { Code::OverLimit } else { Code::Ok };
        let status = |counter: &limitador::counter::Counter| Status {
            code: code.into(),
            limit_remaining: u32::try_from(counter.remaining().unwrap_or(0)).unwrap_or(u32::MAX),
            duration_until_reset: counter.expires_in().map(|reset| Duration {
                seconds: i64::try_from(reset.as_secs()).unwrap_or(i64::MAX),
                nanos: i32::try_from(reset.subsec_nanos()).unwrap_or(0),
            }),
        };
        Ok(Response { overall_code: code.into(), statuses: checked.counters.iter().map(status).collect() })
    }
}
