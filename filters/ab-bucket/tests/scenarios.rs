//! The scenario files, natively: each scenario is a test.

mesh_filter_test::scenarios!("tests/*.test.yaml", ab_bucket::AbBucket);
