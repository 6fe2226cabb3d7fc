//! The widget's files travel compressed, also from a plain workerd: byte for byte what they are without.

use sayso_tests::script::node;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::published;
use sayso_tests::wire::{Answer, get};
use serde_json::{Value, json};

#[test]
fn each_file_of_the_widget_travels_compressed_and_is_what_it_was() {
    let stack = Stack::start();
    let file = |path: &str, accepted: &str| -> Answer {
        let ask = get(stack.collector(path)).header("accept-encoding", accepted);
        ask.send().expect(200)
    };
    let loader = file("/say-so.js", "identity").text();
    let mut paths = vec!["/say-so.js".to_owned()];
    paths.extend(hashed(&loader));
    assert!(paths.len() >= 2, "the loader names the files: {paths:?}");
    for path in paths {
        let plain = file(&path, "identity");
        assert_eq!(plain.header("content-encoding"), None);
        for (accepted, coding) in [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip")] {
            let compressed = file(&path, accepted);
            assert_eq!(compressed.header("content-encoding"), Some(coding));
            for header in [
                "content-type",
                "cache-control",
                "access-control-allow-origin",
            ] {
                assert_eq!(compressed.header(header), plain.header(header), "{header}");
            }
            for answer in [&compressed, &plain] {
                assert_eq!(answer.header("vary"), Some("Accept-Encoding"), "{path}");
            }
            assert_ne!(compressed.header("etag"), plain.header("etag"));
            let (after, before) = (compressed.body.len(), plain.body.len());
            assert!(
                after * 10 < before * 7,
                "{path}: {before}, {coding} {after}"
            );
        }
    }
    arrives_whole(&stack.collector("/say-so.js"), loader.len());

    let tag = file("/say-so.js", "br");
    let again = get(stack.collector("/say-so.js"))
        .header("accept-encoding", "br")
        .header("if-none-match", tag.header("etag").expect("a tag"))
        .send();
    assert_eq!(again.status, 304);
    // The folders of the compressed files are not addresses.
    for path in ["/br/say-so.js", "/widget/br", "/gzip/say-so.js"] {
        let _ = get(stack.collector(path)).send().expect(404);
    }
}

#[test]
fn the_loader_brings_the_words_of_the_form_that_its_address_names() {
    let stack = Stack::start();
    let file = |path: &str, accepted: &str| -> Answer {
        let ask = get(stack.collector(path)).header("accept-encoding", accepted);
        ask.send().expect(200)
    };
    let path = "/say-so.js?site=demo&form=newsletter&lang=en";
    let loader = file("/say-so.js", "identity");
    let both = file(path, "identity");
    let (brought, rest) = both
        .text()
        .split_once(";\n")
        .map_or_else(Default::default, |parts| {
            (parts.0.to_owned(), parts.1.to_owned())
        });
    assert_eq!(rest, loader.text());
    let json = brought
        .strip_prefix("const SAYSO_BROUGHT=")
        .expect("one statement");
    let json: Value = serde_json::from_str(json).expect("JSON");
    assert_eq!(
        json,
        json!({"lang": "en", "form": published(&stack, "newsletter", "en")})
    );
    for header in ["content-type", "access-control-allow-origin", "vary"] {
        assert_eq!(both.header(header), loader.header(header), "{header}");
    }
    for coding in ["br", "gzip"] {
        let compressed = file(path, coding);
        assert_eq!(compressed.header("content-encoding"), Some(coding));
        assert!(compressed.body.len() * 10 < both.body.len() * 6, "{coding}");
    }
    arrives_whole(&stack.collector(path), both.body.len());
    let again =
        get(stack.collector(path)).header("if-none-match", both.header("etag").expect("a tag"));
    assert_eq!(again.send().status, 304);

    // What is not there is no reason to give no loader: the element says what to mend.
    for path in [
        "/say-so.js?site=demo&form=none",
        "/say-so.js?site=none&form=newsletter",
        "/say-so.js?site=%20&form=!",
        "/say-so.js?site=demo",
    ] {
        assert_eq!(file(path, "identity").text(), loader.text(), "{path}");
    }
}

/// Node takes apart what it asks to be compressed.
fn arrives_whole(url: &str, length: usize) {
    let printed = node(
        "const answer = await fetch(process.env.URL, { headers: { 'accept-encoding': 'br' } });
         console.log(answer.headers.get('content-encoding'), (await answer.arrayBuffer()).byteLength);",
        &[("URL", url)],
    )
    .printed();
    assert_eq!(printed.trim(), format!("br {length}"));
}

/// The addresses of the hashed files that a loader names.
fn hashed(loader: &str) -> Vec<String> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-.".contains(letter);
    let pieces = loader.split("/widget/say-so-").skip(1);
    pieces
        .filter_map(|rest| rest.split(|letter| !is_name(letter)).next())
        .map(|name| format!("/widget/say-so-{name}"))
        .collect()
}
