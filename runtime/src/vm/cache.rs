//! Compiled modules on disk: safe under concurrent use, and checked before every use.
//!
//! The engine's own cache, the safe way to give it machine code, trusts what it finds in its
//! folder. So that folder is a fresh one for each process; what goes into it comes from the store
//! beside it, file by file and only where the checksum is right, and what the engine adds goes
//! back to the store under another name first. A broken, cut or foreign file is compiled again and
//! replaced. The store is used only if nobody else can write to it.

use sha2::{Digest, Sha256};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use std::{fs, io};
use wasmtime::{Cache, CacheConfig};

/// The variable that names the folder in place of the user's, or turns the cache `off`.
const VARIABLE: &str = "MESH_FILTER_CACHE";
/// With what files of the store begin; the number changes with their format.
const MAGIC: &[u8] = b"mesh-filter module 1\n";
/// Most bytes that the store keeps: some hundred modules.
const MAX_STORE: u64 = 512 << 20;
/// Largest file that is kept; the largest plugins compile to some 100 MiB.
const MAX_FILE: u64 = 256 << 20;
/// When a folder of a process counts as left behind.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes of a SHA-256 sum.
const SUM: usize = 32;

/// Where compiled modules are kept between runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CacheFolder {
    /// Where the variable `MESH_FILTER_CACHE` says, else in the user's folder for caches.
    #[default]
    User,
    /// In this one, which must be absolute.
    At(PathBuf),
    /// Nowhere: each start compiles.
    Off,
}

impl CacheFolder {
    /// The folder, if there is to be one.
    fn path(&self) -> Option<PathBuf> {
        let absolute =
            |name| std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
        match self {
            Self::Off => None,
            Self::At(path) => Some(path.clone()),
            Self::User if std::env::var_os(VARIABLE).is_some_and(|value| value == "off") => None,
            Self::User => absolute(VARIABLE).or_else(|| {
                let caches = absolute("XDG_CACHE_HOME")
                    .or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
                Some(caches.join("mesh-filter").join("modules"))
            }),
        }
    }
}

/// The compiled modules of one engine.
pub(super) struct ModuleCache {
    store: PathBuf,
    /// A folder of this process in the store, for [`Self::staging`] and for files that are not yet whole.
    own: PathBuf,
    /// The engine's own folder, empty between two loads. The engine removes what it does not know there.
    staging: PathBuf,
    inner: Cache,
    /// One load at a time: what appears in the staging folder belongs to it.
    loading: Mutex<()>,
}

impl ModuleCache {
    /// Opens the folder; says why where it cannot be used.
    pub(super) fn open(folder: &CacheFolder) -> Option<Self> {
        let store = folder.path()?;
        match Self::new(&store) {
            Ok(cache) => Some(cache),
            Err(error) => {
                tracing::warn!(folder = %store.display(), "modules are compiled at each start: {error}");
                None
            }
        }
    }

    fn new(store: &Path) -> io::Result<Self> {
        static ENGINES: AtomicU64 = AtomicU64::new(0);
        create_private(store)?;
        sweep(store);
        let number = ENGINES.fetch_add(1, Ordering::Relaxed);
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("run-{}-{number}-{}", std::process::id(), since.as_nanos());
        let own = store.join(name);
        fs::create_dir(&own)?;
        private(store, &own)?;
        let staging = own.join("engine");
        fs::create_dir(&staging)?;
        let mut config = CacheConfig::new();
        config.with_directory(&staging);
        let inner = Cache::new(config).map_err(|error| io::Error::other(format!("{error:#}")))?;
        Ok(Self { store: store.to_owned(), own, staging, inner, loading: Mutex::new(()) })
    }

    /// The engine's part.
    pub(super) fn inner(&self) -> Cache {
        self.inner.clone()
    }

    /// Compiles a module, or takes it from the store; tells whether it was compiled.
    pub(super) fn compile(
        &self,
        engine: &wasmtime::Engine,
        bytes: &[u8],
    ) -> wasmtime::Result<(wasmtime::Module, bool)> {
        let _one = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let file = self.store.join(key(engine, bytes));
        let stored = read(&file);
        if let Some((name, code)) = &stored {
            // Where it cannot be written, the module is compiled.
            let _staged = self.stage(name, code);
        }
        let hits = self.inner.cache_hits();
        let module = wasmtime::Module::new(engine, bytes);
        let compiled = self.inner.cache_hits() == hits;
        let staged = self.staged();
        if compiled {
            // What was stored was of no use: the other file is the new one, if there are two.
            let old = stored.map(|(name, _)| name);
            let new = staged.iter().find(|(name, _)| Some(name) != old.as_ref()).or(staged.first());
            if let Some((name, path)) = new
                && let Err(error) = self.keep(&file, name, path)
            {
                tracing::debug!(file = %file.display(), "a compiled module is not kept: {error}");
            }
        }
        for (_, path) in staged {
            let _gone = fs::remove_file(path);
        }
        Ok((module?, compiled))
    }

    /// Puts a verified file where the engine looks for it.
    fn stage(&self, name: &str, code: &[u8]) -> io::Result<()> {
        let path = self.staging.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, code)
    }

    /// The files in the engine's folder, by their names below it. What has a dot is not code.
    fn staged(&self) -> Vec<(String, PathBuf)> {
        let mut files = Vec::new();
        let mut folders = vec![self.staging.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                } else if !entry.file_name().to_string_lossy().contains('.')
                    && let Some(name) = path.strip_prefix(&self.staging).ok().and_then(Path::to_str)
                {
                    files.push((name.to_owned(), path.clone()));
                }
            }
        }
        files
    }

    /// Takes a file of the engine into the store.
    fn keep(&self, file: &Path, name: &str, path: &Path) -> io::Result<()> {
        let code = fs::read(path)?;
        let mut content = Vec::with_capacity(code.len() + 256);
        content.extend_from_slice(name.as_bytes());
        content.push(b'\n');
        content.extend_from_slice(&code);
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&Sha256::digest(&content));
        bytes.append(&mut content);
        if bytes.len() as u64 > MAX_FILE {
            return Err(io::Error::other("it is larger than what is kept"));
        }
        let unfinished = self.own.join("unfinished");
        fs::write(&unfinished, bytes)?;
        fs::rename(&unfinished, file)?;
        trim(&self.store);
        Ok(())
    }
}

impl Drop for ModuleCache {
    fn drop(&mut self) {
        // The engine's cache may be noting something there, on a thread of its own; what is left
        // after all is removed by [`sweep`].
        for _ in 0..3 {
            if fs::remove_dir_all(&self.own).is_ok() {
                return;
            }
            std::thread::yield_now();
        }
    }
}

/// What a compiled module depends on: its bytes, the engine's version and settings, the CPU.
fn key(engine: &wasmtime::Engine, bytes: &[u8]) -> String {
    struct Sum(Sha256);
    impl Hasher for Sum {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut sum = Sum(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut sum);
    bytes.hash(&mut sum);
    sum.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name and content of a file of the engine, if they are as they were written.
fn read(file: &Path) -> Option<(String, Vec<u8>)> {
    if fs::metadata(file).ok()?.len() > MAX_FILE {
        return None;
    }
    let bytes = fs::read(file).ok()?;
    let verified = verified(&bytes);
    if verified.is_none() {
        tracing::warn!(file = %file.display(), "a compiled module is damaged; it is compiled again");
    } else if let Ok(file) = fs::File::options().append(true).open(file) {
        // For [`trim`], which removes what has not been used for long.
        let _touched = file.set_modified(SystemTime::now());
    }
    verified
}

fn verified(bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let (sum, content) = bytes.strip_prefix(MAGIC)?.split_at_checked(SUM)?;
    if Sha256::digest(content).as_slice() != sum {
        return None;
    }
    let end = content.iter().position(|byte| *byte == b'\n')?;
    let (name, code) = content.split_at_checked(end)?;
    Some((std::str::from_utf8(name).ok()?.to_owned(), code.get(1..)?.to_vec()))
}

/// Removes the files that have not been used for the longest, down to what may be kept.
fn trim(store: &Path) {
    let entries = fs::read_dir(store).into_iter().flatten().filter_map(Result::ok);
    let files = entries.filter_map(|entry| {
        let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        Some((about.modified().ok()?, about.len(), entry.path()))
    });
    let mut files: Vec<_> = files.collect();
    files.sort();
    let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
    for (_, size, path) in files {
        if total <= MAX_STORE {
            return;
        }
        if fs::remove_file(path).is_ok() {
            total = total.saturating_sub(size);
        }
    }
}

/// Removes the folders of processes that ended without doing so.
fn sweep(store: &Path) {
    for entry in fs::read_dir(store).into_iter().flatten().filter_map(Result::ok) {
        let Ok(about) = entry.metadata() else { continue };
        let old = about.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > ABANDONED));
        if about.is_dir() && old && entry.file_name().to_string_lossy().starts_with("run-") {
            let _gone = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(unix)]
fn create_private(store: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(store)
}

#[cfg(not(unix))]
fn create_private(store: &Path) -> io::Result<()> {
    fs::create_dir_all(store)
}

/// Machine code is read from the store: nobody else may own it or write to it.
#[cfg(unix)]
fn private(store: &Path, own: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let (store, own) = (fs::metadata(store)?, fs::metadata(own)?);
    let problem = if store.uid() != own.uid() {
        "the folder belongs to another user"
    } else if store.mode() & 0o022 != 0 {
        "others may write to the folder"
    } else {
        return Ok(());
    };
    Err(io::Error::other(problem))
}

#[cfg(not(unix))]
fn private(_store: &Path, _own: &Path) -> io::Result<()> {
    Ok(())
}
