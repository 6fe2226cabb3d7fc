//! The how-tos of the examples and of webhooks, followed as a developer of a CRM would: each command of their shell blocks is run, in order.
//!
//! What differs is where things are: the ports, the names and the folder. A block more or less than is run here fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use std::time::Duration;

use sayso_tests::deadline::{eventually, within};
use sayso_tests::leash::Leash;
use sayso_tests::ports;
use sayso_tests::receiver::{Manner, Receiver, SECRET};
use sayso_tests::script::bash;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, says_yes_to};
use sayso_tests::wire::get;
use sayso_tests::workspace::{fresh_folder, root};
use serde_json::Value;

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// `cargo run` builds first.
const BUILDING: Duration = Duration::from_mins(5);

/// The shell blocks of a page.
fn blocks(page: &str) -> Vec<String> {
    let text =
        fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let blocks = text.split("```sh\n").skip(1);
    blocks
        .map(|rest| {
            rest.split_once("\n```")
                .expect("the end of the fence")
                .0
                .to_owned()
        })
        .collect()
}

/// A reader with a folder, a terminal in it, and other ports than those of the page.
struct Reader {
    folder: PathBuf,
    name: &'static str,
    port: u16,
    more: Vec<(&'static str, String)>,
}

impl Reader {
    /// In a folder with a copy of an example.
    fn with_copy(name: &'static str, example: &str) -> Self {
        let reader = Self::in_folder(name, fresh_folder("how-to"));
        for file in fs::read_dir(root().join(example)).expect("an example") {
            let file = file.expect("a file");
            fs::copy(file.path(), reader.folder.join(file.file_name())).expect("a copy");
        }
        reader
    }

    fn in_folder(name: &'static str, folder: PathBuf) -> Self {
        let port = ports::free(1);
        Self {
            folder,
            name,
            port,
            more: Vec::new(),
        }
    }

    /// What the reader types instead of what stands there.
    fn typed(&self, block: &str) -> String {
        let own = [
            ("http://localhost:8787", STACK.collector("")),
            ("localhost:8790", format!("localhost:{}", self.port)),
            ("PORT=8790", format!("PORT={}", self.port)),
            ("my-crm", self.name.to_owned()),
        ];
        let all = own.iter().chain(&self.more);
        all.fold(block.to_owned(), |text, (stands, typed)| {
            text.replace(stands, typed)
        })
    }

    fn environment(&self, secret: &str) -> Vec<(String, String)> {
        let path = std::env::var("PATH").unwrap_or_default();
        let python = root().join("target/python/bin");
        let all = [
            ("PATH", format!("{}:{path}", python.display())),
            ("PORT", self.port.to_string()),
            ("ADMIN_TOKEN", STACK.admin_token()),
            ("TOKEN", STACK.admin_token()),
            ("WEBHOOK_SECRET", secret.to_owned()),
        ];
        all.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }

    /// Runs a block to its end, and gives what it printed.
    fn runs(&self, block: &str, secret: &str) -> String {
        let script = format!("cd \"{}\"\n{}\n", self.folder.display(), self.typed(block));
        let environment = self.environment(secret);
        let environment: Vec<(&str, &str)> = borrowed(&environment);
        bash(&script, &environment).printed()
    }

    /// Starts the receiver: all lines of the block but the last are run, and the last one stays. Gives the secret that was made.
    fn starts(&self, block: &str) -> (Leash, String) {
        let (before, last) = block.rsplit_once('\n').expect("more than one line");
        let made = self.runs(&format!("{before}\necho; echo \"$WEBHOOK_SECRET\""), "");
        let secret = made.lines().last().unwrap_or_default().to_owned();
        assert!(secret.starts_with("whsec_"), "{made}");
        let environment = self.environment(&secret);
        let line = self.typed(last);
        let leash = Leash::start(
            Path::new("bash"),
            &["-c", &line],
            &self.folder,
            &borrowed(&environment),
        );
        let listens = within(BUILDING, || {
            get(format!("http://localhost:{}/", self.port))
                .try_send()
                .ok()
        });
        assert!(listens.is_some(), "the receiver listens");
        (leash, secret)
    }
}

fn borrowed(environment: &[(String, String)]) -> Vec<(&str, &str)> {
    let all = environment.iter();
    all.map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// Starts the receiver, sets the endpoint, ticks a box and looks.
fn follows(reader: &Reader, page: &str) {
    let [start, set, look] = &blocks(page)[..] else {
        panic!("{page} has other blocks than these three");
    };
    let (_receiver, secret) = reader.starts(start);
    let set = reader.runs(set, &secret);
    let set: Value = serde_json::from_str(&set).unwrap_or_else(|error| panic!("{error}: {set}"));
    assert_eq!(set["id"], reader.name, "{set}");
    let email = address(reader.name);
    let _ = says_yes_to(&STACK, &email, &["STORE"]);
    eventually("the receiver to know it", || {
        reader.runs(look, &secret).contains(&email).then_some(())
    });
}

#[test]
fn the_page_of_the_receiver_in_python() {
    let reader = Reader::with_copy("how-to-python", "examples/webhook-receiver-python");
    follows(&reader, "examples/webhook-receiver-python/README.md");
}

#[test]
fn the_page_of_the_receiver_in_php() {
    let reader = Reader::with_copy("how-to-php", "examples/webhook-receiver-php");
    follows(&reader, "examples/webhook-receiver-php/README.md");
}

#[test]
fn the_page_of_the_receiver_for_node() {
    let reader = Reader::with_copy("how-to-node", "examples/webhook-receiver-node");
    // Else npm takes the project around the folder for the reader's.
    fs::write(reader.folder.join("package.json"), "{}").expect("a file");
    follows(&reader, "examples/webhook-receiver-node/README.md");
}

#[test]
fn the_page_of_the_receiver_in_rust() {
    let mut reader = Reader::in_folder("how-to-rust", root().to_owned());
    let file = fresh_folder("how-to").join("demo-crm.jsonl");
    reader
        .more
        .push(("demo-crm.jsonl", file.display().to_string()));
    follows(&reader, "examples/webhook-receiver/README.md");
}

#[test]
fn the_page_of_the_crm_that_pulls() {
    let page = "examples/crm-pull/README.md";
    let [key, pull] = &blocks(page)[..] else {
        panic!("{page} has other blocks than these two");
    };
    let mut reader = Reader::in_folder("how-to-pull", root().to_owned());
    let made: Value = serde_json::from_str(&reader.runs(key, "")).expect("JSON");
    let secret = made["secret"].as_str().expect("shown once").to_owned();
    let cursor = fresh_folder("how-to").join("crm-pull.cursor");
    reader
        .more
        .push(("crm-pull.cursor", cursor.display().to_string()));
    reader.more.push(("sk_…", secret));
    let email = address("how-to-pull");
    let _ = says_yes_to(&STACK, &email, &["STORE"]);
    let first = reader.runs(pull, "");
    assert!(first.contains("consent.given"), "{first}");
    assert!(!reader.runs(pull, "").contains("consent.given"), "once");
}

#[test]
fn the_page_of_webhooks() {
    let page = "collector/WEBHOOKS.md";
    let [set] = &blocks(page)[..] else {
        panic!("{page} has other blocks than this one");
    };
    let receiver = Receiver::start(Manner::Answer(204));
    let mut reader = Reader::in_folder("how-to-webhooks", fresh_folder("how-to"));
    reader.more.extend([
        (
            "https://COLLECTOR/v1/sites/SITE/endpoints/crm",
            STACK.collector("/v1/sites/demo/endpoints/how-to-webhooks"),
        ),
        (
            "https://crm.example.com/hooks/sayso",
            receiver.url().to_owned(),
        ),
        ("whsec_…", SECRET.to_owned()),
    ]);
    let set: Value = serde_json::from_str(&reader.runs(set, "")).expect("JSON");
    assert_eq!(set["id"], "how-to-webhooks", "{set}");
    let email = address("how-to-webhooks");
    let _ = says_yes_to(&STACK, &email, &["STORE"]);
    let _ = receiver.wait_for("the delivery", |delivery| {
        String::from_utf8_lossy(&delivery.body).contains(&email)
    });
}

#[test]
fn every_example_for_developers_of_a_crm_has_its_page_here() {
    let source = include_str!("how_tos.rs");
    for example in fs::read_dir(root().join("examples")).expect("the examples") {
        let example = example.expect("a folder").file_name();
        let example = example.to_string_lossy();
        if example.starts_with("webhook-receiver") || example.starts_with("crm-") {
            let page = format!("\"examples/{example}/README.md\"");
            assert!(source.contains(&page), "{page} is followed by nobody");
        }
    }
}
