//! Traps in every phase, and what the failure policy makes of them.

use serde_json::json;

use super::super::case::{Case, Ends, case};

const CALLBACKS: [&str; 6] =
    ["request_headers", "request_body", "response_headers", "response_body", "log", "done"];

pub(super) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for policy in ["FAIL_CLOSED", "FAIL_OPEN"] {
        for callback in CALLBACKS {
            let name = format!("failures/{policy}-{callback}").to_lowercase().replace('_', "-");
            all.push(
                case(&name, &format!("{callback}:\n  trap\n"))
                    .option(json!({"failure_policy": policy}))
                    .then("")
                    .ends(Ends::FirstDies)
                    .post("/echo", "abcde")
                    .get("/echo"),
            );
        }
    }
    all
}
