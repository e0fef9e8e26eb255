//! Acceptance tests: whole programs and the repository itself, seen from outside.

#[cfg(test)]
mod tidy;
