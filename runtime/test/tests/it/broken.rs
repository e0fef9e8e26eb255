//! Scenario files that are broken are refused with the place and the way out.
