//! A type that is not a filter.

struct Hello;

mesh_filter::register!(Hello);

fn main() {}
