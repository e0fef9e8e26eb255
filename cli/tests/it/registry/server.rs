//! A `docker-registry` of its own for a test, on a free port of this machine.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::folder::Folder;

/// How long the registry may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running registry.
pub(crate) struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// Starts one that keeps its images below `folder`; `more` is added to the part `http` of its configuration, and `top` to the
    /// whole.
    pub(crate) fn start(folder: &Folder, more: &str, top: &str) -> Self {
        // Another process may take the port before the registry does: then another one is tried.
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let storage = folder.path().join("registry");
            let config = format!(
                "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
                 http: {{addr: \"127.0.0.1:{port}\"{more}}}\n{top}\n",
                storage.display()
            );
            let file = format!("registry-{port}.yml");
            folder.write(&file, config);
            let mut server = Self { process: serve(&folder.path().join(file)), port };
            if server.answers() {
                return server;
            }
        }
        panic!("no registry has started");
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Waits until it accepts connections; `false` where its process has ended.
    fn answers(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(self.address()).is_ok() {
                return true;
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        panic!("the registry does not answer");
    }
}

fn serve(config: &Path) -> Child {
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
