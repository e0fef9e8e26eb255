//! The standalone proxy: configuration, sockets, routing and administration.
//!
//! Each worker is a thread with its own sockets, connections and VMs; nothing on the way of a
//! request is shared but counters, shared data and metrics of plugins.
//!
//! Reading order: [`config`]; [`server`] starts a worker per thread (`launch`, `plugins`), whose
//! connections share a `thread`; a `listener` accepts, a `connection` finds out its protocol
//! (`http1`, `http2`), and a `relay` carries each exchange between a `downstream` and an
//! `upstream` of a `cluster`, doing what the engine wants (`effects`). Beside: `callouts`,
//! `headers`, `router`, `reply`, `access_log`, `stats`, `admin` and [`echo`].

pub mod command;
pub mod config;
pub mod echo;
pub mod server;
pub mod signals;

mod access_log;
mod admin;
mod callouts;
mod cluster;
mod connection;
mod date;
mod downstream;
mod effects;
mod grpc;
mod headers;
mod http1;
mod http2;
mod launch;
mod levels;
pub mod limits;
mod listener;
mod output;
mod part;
mod plugins;
mod prefixed;
mod relay;
mod reply;
mod router;
mod slot;
mod stats;
mod thread;
mod timer;
mod upstream;

pub use limits::{LimitError, PluginLimits};
pub use server::{ServeError, ServeOptions, Server, serve};
