//! Calls, with the SDK, the gRPC method that the path names, in the way that the configuration names, and replies with what came of it.

use mesh_filter::grpc::{GrpcError, Metadata, Stream};
use mesh_filter::prelude::*;
use std::fmt::Write;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    act: Act,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    Unary,
    Stream,
    Typed,
    GiveUp,
    Wait,
}

struct SdkGrpc {
    act: Act,
}

/// What is called: the cluster of `x-cluster` or `grpc`, the method at the end of the path, the time of `x-timeout`.
struct Target {
    cluster: ClusterName,
    method: String,
    timeout: Option<std::time::Duration>,
}

impl Filter for SdkGrpc {
    type Config = Config;

    fn new(config: Config, _setup: &mut Setup) -> Result<Self> {
        Ok(Self { act: config.act })
    }

    async fn handle(&self, request: Request, _next: Next) -> Result<Response> {
        let target = Target::of(&request)?;
        let mut told = String::new();
        match self.act {
            Act::Unary => target.unary(&mut told).await?,
            Act::Stream => target.stream(&mut told).await?,
            Act::Typed => target.typed(&mut told).await?,
            Act::GiveUp => target.give_up().await?,
            Act::Wait => target.wait().await?,
        }
        Ok(Response::new(200).with_body(told))
    }
}

impl Target {
    fn of(request: &Request) -> Result<Self> {
        let path = request.path().map_or("", |path| path.as_str().unwrap_or_default());
        let headers = request.headers();
        let text = |name| headers.get(name).map(|value| value.as_str()).transpose();
        Ok(Self {
            cluster: ClusterName::new(text("x-cluster")?.unwrap_or("grpc"))?,
            method: path.rsplit('/').next().unwrap_or_default().to_owned(),
            timeout: text("x-timeout")?.map(str::parse).transpose()?.map(millis),
        })
    }

    fn call(&self) -> grpc::Call {
        let call = grpc::call(&self.cluster, "a.Service", self.method.as_str()).metadata("x-md", "1");
        let call = call.metadata("x-rep", "1").metadata("x-rep", "2").metadata("x-bytes-bin", [0, 128, 255]);
        match self.timeout {
            Some(timeout) => call.timeout(timeout),
            None => call,
        }
    }

    fn open(&self) -> Result<Stream, GrpcError> {
        let opening = grpc::stream(&self.cluster, "a.Service", self.method.as_str()).metadata("x-md", "1");
        let opening = opening.max_message(1000);
        match self.timeout {
            Some(timeout) => opening.timeout(timeout),
            None => opening,
        }
        .open()
    }

    async fn unary(&self, told: &mut String) -> Result<()> {
        match self.call().send_bytes("ask").await {
            Ok(reply) => {
                writeln!(told, "message {}", reply.message().escape_ascii())?;
                writeln!(told, "metadata {:?}", reply.metadata())?;
            }
            Err(error) => writeln!(told, "{}: {error}", error.code())?,
        }
        Ok(())
    }

    async fn stream(&self, told: &mut String) -> Result<()> {
        let mut stream = match self.open() {
            Ok(stream) => stream,
            Err(error) => return Ok(writeln!(told, "{}: {error}", error.code())?),
        };
        stream.send_bytes("one")?;
        stream.send_bytes("")?;
        stream.finish();
        if let Err(error) = stream.send_bytes("three") {
            writeln!(told, "{error}")?;
        }
        writeln!(told, "initial {}", own(stream.initial_metadata().await))?;
        loop {
            match stream.next_bytes().await {
                Ok(Some(message)) => writeln!(told, "message {}", message.escape_ascii())?,
                Ok(None) => break,
                Err(error) => break writeln!(told, "{}: {error}", error.code())?,
            }
        }
        Ok(writeln!(told, "trailing {}", own(stream.trailing_metadata()))?)
    }

    async fn typed(&self, told: &mut String) -> Result<()> {
        // `String` is the message `google.protobuf.StringValue`.
        let reply: Result<grpc::Reply<String>, _> = self.call().send(&"ask".to_owned()).await;
        match reply {
            Ok(reply) => writeln!(told, "{}", reply.message())?,
            Err(error) => writeln!(told, "{}: {error}", error.code())?,
        }
        let mut stream = self.open()?;
        for message in ["one", "two"] {
            stream.send(&message.to_owned())?;
        }
        stream.finish();
        loop {
            match stream.next::<String>().await {
                Ok(Some(message)) => writeln!(told, "{message}")?,
                Ok(None) => break Ok(()),
                Err(error @ GrpcError::Undecodable { .. }) => writeln!(told, "{error}")?,
                Err(error) => break Ok(writeln!(told, "{}: {error}", error.code())?),
            }
        }
    }

    /// Drops a stream and a call that are under way.
    async fn give_up(&self) -> Result<()> {
        let mut stream = self.open()?;
        stream.send_bytes("one")?;
        let mut call = pin!(self.call().send_bytes("ask"));
        poll_fn(|context| {
            drop(call.as_mut().poll(context));
            Poll::Ready(())
        })
        .await;
        Ok(())
    }

    /// Waits for what does not come.
    async fn wait(&self) -> Result<()> {
        let mut stream = self.open()?;
        stream.send_bytes("one")?;
        let _call = self.call().send_bytes("ask").await;
        Ok(())
    }
}

/// What the service itself has sent.
fn own(metadata: &Metadata) -> String {
    let own = metadata.iter().filter(|(name, _)| name.starts_with("x-init") || name.starts_with("x-trail"));
    own.map(|(name, value)| format!("{name}={value:?} ")).collect()
}

mesh_filter::register!(SdkGrpc);
