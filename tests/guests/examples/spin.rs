//! Loops for ever in the callback that its settings name, see `mesh_filter_guests::sabotage`.

mesh_filter_guests::sabotage!(|| {
    loop {
        std::hint::black_box(());
    }
});
