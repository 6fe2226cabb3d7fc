//! Verifies a receipt or an evidence pack offline, and says in words what it proves. The exit code is 0 when everything holds.
//!
//! It trusts no key but those it is told to (`--jwks`): whoever makes up a pack can make up the keys in it. It stores nothing, and
//! prints no address: what it says can be shown to anybody.

mod keys;

mod judgement;

mod receipt;

mod pack;

mod export;

use std::{fs, process::ExitCode};

use sayso_shared::{export::ExportForm, jws::Jwk};
use serde_json::Value;

use crate::{export::Exportable, judgement::Judgement};

const USAGE: &str = "usage: sayso-verify FILE --jwks FILE|URL [--export dpv|kantara]\n\
    FILE is a receipt (a compact JWS) or an evidence pack (JSON).\n\
    --jwks names the keys to trust, such as https://consent.example.com/.well-known/jwks.json\n\
    --export prints what everything holds of in a form of others: JSON-LD with terms of the W3C Data Privacy\n\
    Vocabulary, or a Kantara Consent Receipt 1.1. The judgement then goes to standard error.";

/// What the command line asks for.
struct Asked {
    file: String,
    keys: String,
    export: Option<ExportForm>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match asked(&arguments).and_then(|asked| answer(&asked)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("sayso-verify: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the command line.
fn asked(arguments: &[String]) -> Result<Asked, String> {
    let (mut files, mut keys, mut export) = (Vec::new(), None, None);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--jwks" => keys = Some(arguments.next().ok_or(USAGE)?.clone()),
            "--export" => {
                let form = arguments.next().and_then(|name| ExportForm::parse(name));
                export = Some(form.ok_or(USAGE)?);
            }
            flag if flag.starts_with("--") => return Err(USAGE.to_owned()),
            _ => files.push(argument.clone()),
        }
    }
    let [file] = files.as_slice() else {
        return Err(USAGE.to_owned());
    };
    let keys = keys.ok_or_else(|| {
        format!("no keys to trust. Those within a document prove nothing.\n{USAGE}")
    })?;
    Ok(Asked {
        file: file.clone(),
        keys,
        export,
    })
}

/// Says what holds, and exports only what does. Gives whether everything does.
fn answer(asked: &Asked) -> Result<bool, String> {
    let file = &asked.file;
    let text = fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))?;
    let keys = keys::read(&asked.keys)?;
    let (judgement, found) = judge(file, &text, &keys)?;
    let Some(form) = asked.export else {
        print!("{judgement}");
        return Ok(judgement.holds());
    };
    eprint!("{judgement}");
    if judgement.holds() {
        println!("{}", found.document(form)?);
    }
    Ok(judgement.holds())
}

/// The judgement, and what of the document can be exported.
fn judge(file: &str, text: &str, keys: &[Jwk]) -> Result<(Judgement, Exportable), String> {
    let mut judgement = Judgement::default();
    let found = if text.trim_start().starts_with('{') {
        let document: Value =
            serde_json::from_str(text).map_err(|error| format!("{file} is not JSON: {error}"))?;
        pack::judge(&document, keys, &mut judgement);
        Exportable::of_pack(&document)
    } else {
        receipt::judge(text.trim(), keys, &mut judgement);
        Exportable::of_receipt(text.trim())
    };
    Ok((judgement, found))
}
