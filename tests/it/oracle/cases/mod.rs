//! All cases, a file for each chapter.

mod bodies;
mod callouts;
mod failures;
mod flow;
mod lifecycle;
mod maps;
mod replies;
mod services;

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
    ];
    chapters.into_iter().flatten().collect()
}
