//! The widget's files travel compressed, also from a plain workerd: byte for byte what they are without.

use sayso_tests::script::node;
use sayso_tests::stack::Stack;
use sayso_tests::wire::{Answer, get};

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
