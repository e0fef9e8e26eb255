//! The command line as users meet it: a process, its words, and the files that it leaves.
#![cfg(test)]

mod bench;
mod budget;
mod build;
mod cluster;
mod console;
mod folder;
mod google;
mod inspect;
mod manifest;
mod memory;
mod module;
mod new;
mod registry;
mod rendered;
mod run;
mod sessions;
mod test;
