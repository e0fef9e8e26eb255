//! Compiled modules on disk.

use super::guest::GuestModule;
use crate::vm::{CacheFolder, Engine, Limits, Module};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, thread};

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("mesh-filter-cache-{}-{number}", std::process::id())))
    }

    fn engine(&self) -> Engine {
        Engine::simulating_with(Limits::default(), &CacheFolder::At(self.0.clone())).unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_file()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn guest(answer: i32) -> Vec<u8> {
    GuestModule::new()
        .on_configure(|code| {
            code.i32_const(answer);
        })
        .build()
}

/// Loads the module in a new engine; whether it had to be compiled.
fn compiles(folder: &Folder, bytes: &[u8]) -> bool {
    let engine = folder.engine();
    Module::load(&engine, bytes, "guest").unwrap();
    engine.compilations() == 1
}

#[test]
fn a_module_is_compiled_once() {
    let folder = Folder::new();
    assert!(compiles(&folder, &guest(1)));
    assert!(!compiles(&folder, &guest(1)));
    assert!(compiles(&folder, &guest(2)), "another module");
    assert_eq!(folder.files().len(), 2);
}

#[test]
fn a_damaged_file_is_compiled_again_and_replaced() {
    let folder = Folder::new();
    assert!(compiles(&folder, &guest(1)));
    let file = folder.files().remove(0);
    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let mut other_start = whole.clone();
    other_start[0] ^= 1;
    for damaged in [&whole[..whole.len() / 2], &flipped, &other_start, &whole[..10], &[]] {
        fs::write(&file, damaged).unwrap();
        assert!(compiles(&folder, &guest(1)));
        assert!(!compiles(&folder, &guest(1)), "replaced");
    }
}

#[test]
fn a_whole_file_of_another_module_is_not_used() {
    let folder = Folder::new();
    compiles(&folder, &guest(1));
    let one = folder.files().remove(0);
    compiles(&folder, &guest(2));
    let other = folder.files().into_iter().find(|file| *file != one).unwrap();
    fs::copy(&one, &other).unwrap();
    assert!(compiles(&folder, &guest(2)));
    assert!(!compiles(&folder, &guest(1)));
}

#[test]
fn engines_may_fill_the_store_at_the_same_time() {
    let folder = Folder::new();
    thread::scope(|scope| {
        for thread in 0..4 {
            let folder = &folder;
            scope.spawn(move || {
                for module in 0..6 {
                    compiles(folder, &guest((module + thread) % 3));
                }
            });
        }
    });
    for module in 0..3 {
        assert!(!compiles(&folder, &guest(module)));
    }
    assert_eq!(folder.files().len(), 3);
}

#[test]
fn without_a_folder_every_load_compiles() {
    let engine = Engine::simulating_with(Limits::default(), &CacheFolder::Off).unwrap();
    Module::load(&engine, &guest(1), "guest").unwrap();
    assert_eq!(engine.compilations(), 1);
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_may_write_to_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    fs::create_dir(&folder.0).unwrap();
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    set(&folder.0, 0o777);
    assert!(compiles(&folder, &guest(1)));
    assert!(compiles(&folder, &guest(1)));
    set(&folder.0, 0o700);
    assert!(compiles(&folder, &guest(1)));
    assert!(!compiles(&folder, &guest(1)));
}
