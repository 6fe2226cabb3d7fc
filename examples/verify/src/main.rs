//! Verifies a receipt or an evidence pack offline, and says in words what it proves. The exit code is 0 when everything holds.
//!
//! It trusts no key but those it is told to (`--jwks`): whoever makes up a pack can make up the keys in it. It stores nothing, and
//! prints no address: what it says can be shown to anybody.

mod keys;

mod judgement;

mod receipt;

mod pack;

use std::{fs, process::ExitCode};

use serde_json::Value;

use crate::judgement::Judgement;

const USAGE: &str = "usage: sayso-verify FILE --jwks FILE|URL\n\
    FILE is a receipt (a compact JWS) or an evidence pack (JSON).\n\
    --jwks names the keys to trust, such as https://consent.example.com/.well-known/jwks.json";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match verify(&arguments) {
        Ok(judgement) => {
            print!("{judgement}");
            if judgement.holds() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(why) => {
            eprintln!("sayso-verify: {why}");
            ExitCode::FAILURE
        }
    }
}

fn verify(arguments: &[String]) -> Result<Judgement, String> {
    let (file, keys) = match arguments {
        [file, flag, keys] | [flag, keys, file] if flag == "--jwks" => (file, keys),
        [file] if !file.starts_with("--") => {
            return Err(format!(
                "no keys to trust. Those within a document prove nothing.\n{USAGE}"
            ));
        }
        _ => return Err(USAGE.to_owned()),
    };
    let text = fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))?;
    let keys = keys::read(keys)?;
    let mut judgement = Judgement::default();
    if text.trim_start().starts_with('{') {
        let document: Value =
            serde_json::from_str(&text).map_err(|error| format!("{file} is not JSON: {error}"))?;
        pack::judge(&document, &keys, &mut judgement);
    } else {
        receipt::judge(text.trim(), &keys, &mut judgement);
    }
    Ok(judgement)
}
