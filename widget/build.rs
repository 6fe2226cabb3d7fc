//! Strips comments and needless white space from the style sheet, so that it can be written for readers and still
//! travel small. It knows only what `say-so.css` uses: no strings with braces or comment signs in them.

use std::{env, fs, path::Path};

const SHEET: &str = "say-so.css";

fn main() {
    println!("cargo::rerun-if-changed={SHEET}");
    println!("cargo::rerun-if-changed=build.rs");
    let sheet = fs::read_to_string(SHEET).expect("widget/say-so.css is part of the sources");
    let folder = env::var("OUT_DIR").expect("cargo names OUT_DIR");
    fs::write(Path::new(&folder).join(SHEET), smaller(&sheet)).expect("OUT_DIR can be written");
}

fn smaller(sheet: &str) -> String {
    let mut bare = String::new();
    let mut rest = sheet;
    while let Some((before, comment)) = rest.split_once("/*") {
        bare.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    bare.push_str(rest);

    let mut small = String::new();
    for word in bare.split_whitespace() {
        // A blank means something between two words, in `a b`, but not beside these signs. A colon stays as it is:
        // `a :hover` and `a:hover` differ.
        let glued = small.ends_with(['{', '}', ';', ',', ':']) || word.starts_with(['{', '}']);
        if !small.is_empty() && !glued {
            small.push(' ');
        }
        small.push_str(word);
    }
    small.replace(";}", "}")
}
