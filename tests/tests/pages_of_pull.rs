//! The commands of `collector/PULL.md` and `collector/EXPORT.md`, run as they stand there.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::{fs, path::Path};

use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::script::bash;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, says_yes_to};
use sayso_tests::workspace::{fresh_folder, root};
use serde_json::Value;

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// The blocks of a page that are marked `<!-- run: NAME -->`.
fn blocks(page: &str) -> BTreeMap<String, String> {
    let text =
        fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let parts = text.split("<!-- run: ").skip(1);
    let blocks = parts.map(|rest| {
        let (name, rest) = rest.split_once(" -->\n```sh\n").expect("a fence below it");
        let (block, _) = rest.split_once("\n```").expect("the end of the fence");
        (name.to_owned(), block.to_owned())
    });
    blocks.collect()
}

struct Shell<'f> {
    folder: &'f Path,
    key: String,
}

impl Shell<'_> {
    fn run(&self, block: &str) -> String {
        let text = format!("cd {}\n{block}", self.folder.display());
        let (collector, admin) = (STACK.collector(""), STACK.admin_token());
        let environment = [
            ("COLLECTOR", collector.as_str()),
            ("SITE", "demo"),
            ("SAYSO_ADMIN_TOKEN", admin.as_str()),
            ("API_KEY", self.key.as_str()),
            ("WAIT", "2"),
        ];
        bash(&text, &environment).printed()
    }

    fn json(&self, block: &str) -> Value {
        let printed = self.run(block);
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
    }

    fn file(&self, name: &str) -> Vec<u8> {
        let file = self.folder.join(name);
        fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }
}

#[test]
fn a_developer_who_copies_the_pages_has_events_a_check_and_files() {
    let email = address("page");
    let _ = says_yes_to(&STACK, &email, &["STORE", "EMARKETING"]);
    confirm(&wait_for_mail(&STACK, &email).confirm_link());
    let folder = fresh_folder("pages");
    let (pull, export) = (blocks("collector/PULL.md"), blocks("collector/EXPORT.md"));
    let names: Vec<&String> = pull.keys().chain(export.keys()).collect();
    let run = [
        "check", "first", "key", "keys", "lines", "round", "export", "template",
    ];
    assert_eq!(names, run, "every block has its place below");
    let mut shell = Shell {
        folder: &folder,
        key: String::new(),
    };
    let made = shell.json(&pull["key"]);
    made["secret"]
        .as_str()
        .expect("shown once")
        .clone_into(&mut shell.key);
    let first = shell.json(&pull["first"]);
    let events = first["events"].as_array().expect("events");
    assert!(!events.is_empty());
    for event in events {
        let id = event["data"]["id"].as_str().expect("an id");
        let line = format!("{} {id}", event["type"].as_str().expect("a type"));
        // The first time round brings all of them, the second none.
        if event == &events[0] {
            let seen = shell.run(&pull["round"]);
            assert!(seen.lines().any(|known| known == line), "{seen}");
            assert_eq!(
                shell.file("cursor"),
                first["next"].as_str().expect("a cursor").as_bytes()
            );
            assert_eq!(shell.run(&pull["round"]).trim(), "");
        }
    }
    let checked = shell.json(&pull["check"]);
    assert_eq!(checked["results"][1]["reason"], "unknown");
    let next = shell.run(&pull["lines"]);
    assert!(
        next.contains(first["next"].as_str().expect("a cursor")),
        "{next}"
    );
    let lines = String::from_utf8(shell.file("events.ndjson")).expect("UTF-8");
    assert_eq!(lines.lines().count(), events.len());
    let listed = shell.json(&pull["keys"]);
    let keys = listed["keys"].as_array().expect("keys");
    let crm = keys.iter().find(|key| key["id"] == "crm").expect("the key");
    assert!(crm["last_used_at"].is_string());
    shell.run(&export["export"]);
    assert!(String::from_utf8_lossy(&shell.file("consents.csv")).contains(&email));
    assert!(shell.file("consents.xlsx").starts_with(b"PK"));
    shell.run(&export["template"]);
    let relations = String::from_utf8(shell.file("relations.csv")).expect("UTF-8");
    assert!(relations.starts_with("E-mailadres;Relatienummer;Nieuwsbrief;Nieuwsbrief sinds\r\n"));
    assert!(relations.contains(&format!("{email};;Ja;")), "{relations}");
}
