//! Panics in the callback that its settings name, see `mesh_filter_guests::sabotage`.

#![expect(clippy::panic, reason = "the behaviour that this guest is for")]

mesh_filter_guests::sabotage!(|| panic!("asked to"));
