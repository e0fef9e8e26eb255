//! Takes memory without end in the callback that its settings name, see `mesh_filter_guests::sabotage`.

mesh_filter_guests::sabotage!(|| {
    let mut hoard = Vec::new();
    loop {
        hoard.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
});
