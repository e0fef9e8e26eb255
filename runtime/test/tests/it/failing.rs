//! Expectations that do not hold are reported so that one sees why.
