//! All cases, a file for each chapter.

mod bodies;
mod callouts;
mod capabilities;
mod failures;
mod flow;
mod foreign;
mod grpc;
mod legacy;
mod lifecycle;
mod maps;
mod message;
mod phases;
mod properties;
mod queues;
mod replies;
mod services;
mod trailers;

use super::case::Case;

/// Every case.
pub(super) fn all() -> Vec<Case> {
    let chapters = [
        lifecycle::cases(),
        maps::cases(),
        flow::cases(),
        bodies::cases(),
        replies::cases(),
        callouts::cases(),
        failures::cases(),
        services::cases(),
        queues::cases(),
        foreign::cases(),
        grpc::cases(),
        properties::cases(),
        trailers::cases(),
        legacy::cases(),
        capabilities::cases(),
        phases::cases(),
    ];
    chapters.into_iter().flatten().collect()
}
