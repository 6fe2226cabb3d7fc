//! PyPI `schemathesis` upon a running collector: it makes requests up from the OpenAPI document, good ones and bad ones, and checks every
//! answer against the document. It knows nothing of Sayso but that.

use serde_json::json;

use crate::script::{Ended, python_program, run};
use crate::stack::Stack;
use crate::workspace::fresh_folder;

/// Whose routes are asked, and with what in hand.
const PASSES: [(&str, Caller); 2] = [
    ("--exclude-tag=crm", Caller::Operator),
    ("--include-tag=crm", Caller::Crm),
];

#[derive(Clone, Copy)]
enum Caller {
    /// The admin token
    Operator,
    /// A key of the site with every scope
    Crm,
}

/// Asks every route so many times, after the cases that each schema has anyway. The same seed asks the same.
///
/// # Errors
/// What it found, in its own words.
pub fn judge(stack: &Stack, examples: u32, seed: u32) -> Result<String, String> {
    let mut said = String::new();
    for (routes, caller) in PASSES {
        let ended = pass(stack, routes, &bearer(stack, caller), examples, seed);
        said.push_str(&ended.stdout);
        if !ended.success {
            return Err(format!("{}{}", ended.stdout, ended.stderr));
        }
    }
    Ok(said)
}

fn bearer(stack: &Stack, caller: Caller) -> String {
    match caller {
        Caller::Operator => stack.admin_token(),
        Caller::Crm => {
            let scopes = json!(["events:read", "subjects:read", "subjects:write"]);
            let key = stack.admin("PUT", "/v1/sites/demo/keys/fuzz");
            let answer = key.json(&json!({"scopes": scopes})).send().json();
            let secret = answer["secret"].as_str();
            secret.expect("a key that is new is shown").to_owned()
        }
    }
}

fn pass(stack: &Stack, routes: &str, bearer: &str, examples: u32, seed: u32) -> Ended {
    let program = python_program().with_file_name("schemathesis");
    // What it remembers from one run to the next goes with the test.
    let folder = fresh_folder("schemathesis").display().to_string();
    run(
        program,
        &[
            "--config-file=tests/schemathesis.toml",
            "--no-color",
            "run",
            &stack.collector("/openapi.json"),
            routes,
            "--checks=all",
            "--phases=examples,coverage,fuzzing,stateful",
            "--continue-on-failure",
            "--request-timeout=30",
            "--generation-database=none",
            &format!("--report-dir={folder}"),
            &format!("--max-examples={examples}"),
            &format!("--seed={seed}"),
            &format!("--header=Authorization: Bearer {bearer}"),
        ],
        &[],
    )
}
