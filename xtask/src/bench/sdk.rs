//! What the SDK costs beside a filter that does the same and is written on the `proxy-wasm` crate by hand.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::workspace::{self, root, target};

/// The filter of the SDK, and the one written by hand. Their scenario files are the same.
pub(crate) const MODULES: [&str; 2] = ["hello-header", "plain"];

/// What the SDK may cost more per exchange: one part in five, or this, whichever is larger.
const ALLOWED_PART: u64 = 5;
const ALLOWED_FUEL: u64 = 3000;

/// Costs of one exchange with each. Both figures are counted and not timed: they are the same in every run.
pub(crate) struct Sdk {
    sdk: Cost,
    plain: Cost,
}

#[derive(Clone, Copy)]
struct Cost {
    fuel: u64,
    hostcalls: u64,
}

/// Counts both over the same requests.
pub(crate) fn measure() -> Result<Sdk> {
    let program = workspace::program("cargo-mesh-filter")?;
    let folder = target().join("bench/sdk");
    std::fs::create_dir_all(&folder).with_context(|| format!("making `{}`", folder.display()))?;
    let [sdk, plain] = MODULES.map(|module| -> Result<Cost> {
        let file = folder.join(module).with_extension("test.yaml");
        let path = target().join("mesh-filter").join(module).with_extension("wasm");
        // An upstream that sends the header twice: setting it has to replace both.
        let text = format!(
            "version: 1\nfilter: '{}'\nconfig: {{value: world}}\nupstream: {{status: 200, headers: {{x-hello: [mars, venus]}}, body: hi}}\n\
             scenarios:\n  - name: exchange\n    steps: [request: {{path: /cart, headers: {{x-user: alice}}}}]\n",
            path.display()
        );
        std::fs::write(&file, text).with_context(|| format!("writing `{}`", file.display()))?;
        let mut bench = Command::new(&program);
        bench.current_dir(root()).args(["mesh-filter", "bench", "--offline", "--format", "json"]).arg(&file);
        let output = bench.stdin(Stdio::null()).output().context("starting `cargo mesh-filter bench`")?;
        ensure!(
            output.status.success(),
            "measuring `{module}` failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Cost::read(&serde_json::from_slice(&output.stdout)?).with_context(|| format!("reading the costs of `{module}`"))
    });
    Ok(Sdk { sdk: sdk?, plain: plain? })
}

impl Cost {
    fn read(report: &Value) -> Result<Self> {
        let median = |what: &str| report.pointer(&format!("/cases/0/{what}/median")).and_then(Value::as_u64);
        let fuel = median("fuel").context("the report has no fuel")?;
        Ok(Self { fuel, hostcalls: median("hostcalls").context("the report has no hostcalls")? })
    }

    fn json(self) -> Value {
        json!({"fuel": self.fuel, "hostcalls": self.hostcalls})
    }
}

impl Sdk {
    fn allowed(&self) -> u64 {
        self.plain.fuel + (self.plain.fuel / ALLOWED_PART).max(ALLOWED_FUEL)
    }

    pub(crate) fn print(&self) {
        println!(
            "sdk: {} fuel and {} hostcalls per exchange, by hand {} and {}; {} fuel are allowed",
            self.sdk.fuel,
            self.sdk.hostcalls,
            self.plain.fuel,
            self.plain.hostcalls,
            self.allowed()
        );
    }

    /// What is too much.
    pub(crate) fn excess(&self) -> Option<String> {
        if self.sdk.fuel > self.allowed() {
            Some(format!("the SDK needs {} fuel per exchange, {} are allowed", self.sdk.fuel, self.allowed()))
        } else if self.sdk.hostcalls > self.plain.hostcalls {
            let Self { sdk, plain } = self;
            Some(format!("the SDK makes {} hostcalls, a filter by hand {}", sdk.hostcalls, plain.hostcalls))
        } else {
            None
        }
    }

    pub(crate) fn json(&self) -> Value {
        json!({"sdk": self.sdk.json(), "by_hand": self.plain.json(), "allowed_fuel": self.allowed()})
    }
}
