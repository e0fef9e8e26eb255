//! What must not compile, and what the compiler says about it.

#[test]
fn wrong_filters_are_refused_with_words_that_help() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
