//! Asks a gRPC service whether a request may pass, and tells the upstream why it may.

mod messages;

use mesh_filter::clock::Span;
use mesh_filter::grpc::{Code, GrpcError};
use mesh_filter::prelude::*;
use messages::{Check, Verdict};

/// The service and its method, as in its `.proto` file.
const SERVICE: &str = "example.authz.v1.Authz";
const METHOD: &str = "Check";

/// The plugin's configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the service is.
    cluster: ClusterName,
    /// How long a request waits for its verdict.
    timeout: Span,
}

/// The filter.
pub struct GrpcAuthz {
    config: Config,
}

impl Filter for GrpcAuthz {
    type Config = Config;

    fn new(config: Config, _setup: &mut Setup) -> Result<Self> {
        Ok(Self { config })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let verdict = match self.ask(&request).await {
            Ok(verdict) => verdict,
            Err(error) if error.code() == Code::PermissionDenied => Verdict::default(),
            Err(error) => {
                log::warn!("no verdict: {error}");
                return Ok(Response::new(503).with_body("no verdict\n").with_details("authz_unavailable"));
            }
        };
        if !verdict.allowed {
            return Ok(refuse(&request, &verdict.reason));
        }
        request.headers_mut().set("x-authz-reason", &verdict.reason)?;
        next.run(request).await
    }
}

impl GrpcAuthz {
    async fn ask(&self, request: &Request) -> Result<Verdict, GrpcError> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let check = Check {
            user: request.headers().get("x-user").map(|user| text(user.as_bytes())).unwrap_or_default(),
            path: request.path().map(|path| text(path.as_bytes())).unwrap_or_default(),
        };
        let call = grpc::call(&self.config.cluster, SERVICE, METHOD).timeout(*self.config.timeout);
        Ok(call.send(&check).await?.into_message())
    }
}

/// Clients of gRPC understand gRPC's status, others that of HTTP.
fn refuse(request: &Request, reason: &str) -> Response {
    match request.headers().is_grpc() {
        true => Response::grpc(Code::PermissionDenied as u32, reason),
        false => Response::new(403).with_body(format!("{reason}\n")).with_details("authz_denied"),
    }
}

mesh_filter::register!(GrpcAuthz);
