//! `kubectl` as a child process, within a deadline.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::failure::{Failure, Result};

/// Between two looks at whether the child has ended.
const INTERVAL: Duration = Duration::from_millis(5);
/// How long what it wrote may take to arrive once it has ended: a child of its own may hold the pipe.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Which cluster, as every command has it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ClusterOptions {
    /// The file with clusters and credentials; without it what `kubectl` takes
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The context of that file
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The namespace; without it that of the resource, or of the context
    #[arg(long, short, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// How long one call of kubectl may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    kubectl_timeout: u64,
}

/// The program, and what each call of it has.
#[derive(Debug)]
pub(crate) struct Kubectl {
    program: OsString,
    options: ClusterOptions,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) ok: bool,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl ClusterOptions {
    /// The program: `$KUBECTL`, or the one in PATH.
    pub(crate) fn kubectl(&self) -> Kubectl {
        let program = std::env::var_os("KUBECTL").filter(|name| !name.is_empty());
        Kubectl { program: program.unwrap_or_else(|| "kubectl".into()), options: self.clone() }
    }
}

impl Kubectl {
    /// The namespace that was asked for.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.options.namespace.as_deref()
    }

    /// A call that has to succeed; `doing` says what for.
    pub(crate) fn run(&self, doing: &str, words: &[&str], input: Option<&[u8]>) -> Result<Vec<u8>> {
        let ended = self.call(words, input)?;
        if ended.ok { Ok(ended.out) } else { Err(ended.failure(doing)) }
    }

    /// A call, however it ends.
    pub(crate) fn call(&self, words: &[&str], input: Option<&[u8]>) -> Result<Ended> {
        let mut command = Command::new(&self.program);
        if let Some(file) = &self.options.kubeconfig {
            command.arg("--kubeconfig").arg(file);
        }
        if let Some(context) = &self.options.context {
            command.arg("--context").arg(context);
        }
        command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        let child = command.spawn().map_err(|error| {
            Failure::missing_tool(format!("`{}` cannot be started", self.program.display()))
                .because(&error)
                .help("install kubectl (https://kubernetes.io/docs/tasks/tools), or name one by `$KUBECTL`")
        })?;
        self.wait(child, words, input)
    }

    fn wait(&self, mut child: Child, words: &[&str], input: Option<&[u8]>) -> Result<Ended> {
        let limit = Duration::from_secs(self.options.kubectl_timeout);
        let out = drain(child.stdout.take());
        let err = drain(child.stderr.take());
        if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input.map(<[u8]>::to_vec)) {
            // On a thread, because a child that reads nothing would hold us up. If it fails, the child has ended.
            std::thread::spawn(move || drop(pipe.write_all(&input)));
        }
        let begun = Instant::now();
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if begun.elapsed() < limit => std::thread::sleep(INTERVAL),
                _ => {
                    let _ = child.kill();
                    let _ = child.wait();
                    let what = words.first().copied().unwrap_or_default();
                    return Err(Failure::failed(format!(
                        "`kubectl {what}` has not ended within {} seconds",
                        limit.as_secs()
                    ))
                    .help(
                        "is the cluster reachable (`kubectl version`)? `--kubectl-timeout` gives it longer",
                    ));
                }
            }
        };
        let text = |receiver: &mpsc::Receiver<Vec<u8>>| receiver.recv_timeout(LAST_WORDS).unwrap_or_default();
        let err = String::from_utf8_lossy(&text(&err)).trim().to_owned();
        Ok(Ended { ok: status.success(), out: text(&out), err })
    }
}

impl Ended {
    /// It failed, in kubectl's own words.
    pub(crate) fn failure(&self, doing: &str) -> Failure {
        let said = if self.err.is_empty() { "it said nothing" } else { &self.err };
        let failure =
            Failure::failed(format!("kubectl could not {doing}")).because(&std::io::Error::other(said));
        if said.contains("conflict with") {
            failure.help(
                "another manager owns these fields: leave them out, set the same values, or take them over with `--force-conflicts`",
            )
        } else if said.contains("(Forbidden)") {
            failure.help("docs/deploying.md has the rights that are needed")
        } else if said.contains("doesn't have a resource type") || said.contains("no matches for kind") {
            failure.help("the cluster does not know this kind: is Istio or Envoy Gateway installed, in a release that has it?")
        } else {
            failure
        }
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What has come counts.
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = tell.send(bytes);
    });
    told
}
