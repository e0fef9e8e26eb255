//! How configurations are refused. These are functions and not closures at each place, because each copy has its size.

use mesh_filter_policy::Problem;

/// The part at this place cannot be meant.
#[inline(never)]
pub(super) fn refuse<T>(place: &str, text: &str) -> Result<T, Problem> {
    Err(problem(place, text))
}

/// What is wrong at this place.
#[inline(never)]
pub(super) fn problem(place: &str, text: &str) -> Problem {
    Problem::new(place, text)
}

/// What is wrong with an item of a list.
#[inline(never)]
pub(super) fn in_item(problem: Problem, list: &str, index: usize) -> Problem {
    problem.inside(&format!("{list}[{index}]"))
}
