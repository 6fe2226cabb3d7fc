//! `POST /v1/export`: how everything stands, read by the readers that people have: Python's csv, and openpyxl for Excel.

use std::sync::LazyLock;

use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::script::python;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, submission, submit, withdraw};
use sayso_tests::wire::{Answer, get, post};
use sayso_tests::workspace::fresh_folder;
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// What a spreadsheet would run, as an external id that a page hands over.
const FORMULA: &str = r#"=HYPERLINK("http://evil.example","click")"#;

struct Site {
    name: String,
    key: String,
    confirmed: String,
    withdrawn: String,
    odd: String,
}

impl Site {
    /// A site of three shards with some people in it.
    fn fill(name: &str) -> Self {
        let definition = json!({
            "name": "Wielrijk",
            "controller": {"name": "Wielrijk", "privacy_url": "https://wielrijk.example/privacy", "contact": "privacy@wielrijk.example"},
            "default_language": "nl", "languages": ["nl"], "origins": [STACK.pages("")], "shards": 3,
            "mail": {"from": "post@wielrijk.example", "from_name": "Wielrijk"},
            "forms": [{"key": "contact", "source": "web_form", "purposes": ["STORE", "EMARKETING"], "intro": {"nl": "Hallo"}}]
        });
        let path = format!("/v1/sites/{name}");
        let _ = STACK
            .admin("PUT", &path)
            .json(&definition)
            .send()
            .expect(201);
        let scopes = json!({"scopes": ["subjects:read"]});
        let made = STACK
            .admin("PUT", &format!("{path}/keys/crm"))
            .json(&scopes)
            .send();
        let site = Self {
            name: name.to_owned(),
            key: made.expect(201).json()["secret"]
                .as_str()
                .expect("a key")
                .to_owned(),
            confirmed: address("confirmed"),
            withdrawn: address("withdrawn"),
            odd: format!("=1+1.{}", address("odd")),
        };
        site.says_yes(
            &json!({"email": site.confirmed, "phone": "+31612345678", "external_id": "R-1;\"2\""}),
        );
        confirm(&wait_for_mail(&STACK, &site.confirmed).confirm_link());
        site.says_yes(&json!({"email": site.withdrawn}));
        let mail = wait_for_mail(&STACK, &site.withdrawn);
        confirm(&mail.confirm_link());
        withdraw(&mail.withdraw_link(), "EMARKETING");
        site.says_yes(&json!({"email": site.odd, "external_id": FORMULA}));
        let gone = address("gone");
        site.says_yes(&json!({"email": gone}));
        let found = post(STACK.collector(&format!("/v1/subjects/lookup?site={name}")));
        let found = found
            .bearer(&STACK.admin_token())
            .json(&json!({"email": gone}))
            .send();
        let id = found.expect(200).json()["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let erase = format!("/v1/subjects/{id}?site={name}");
        let _ = STACK.admin("DELETE", &erase).send().expect(200);
        site
    }

    fn says_yes(&self, subject: &Value) {
        let form = get(STACK.collector(&format!("/v1/sites/{}/forms/contact", self.name)));
        let form = form.send().expect(200).json();
        let mut said = submission(&STACK, "", &json!({"STORE": true, "EMARKETING": true}));
        said["site"] = json!(self.name);
        said["form"] = json!("contact");
        said["subject"] = subject.clone();
        said["notice_hash"] = form["notice"]["hash"].clone();
        let _ = submit(&STACK, &said).expect(201);
    }

    fn export(&self, template: &Value) -> Answer {
        let ask = post(STACK.collector("/v1/export")).bearer(&self.key);
        ask.json(template).send()
    }
}

/// The rows of a file, as somebody else's reader sees them.
fn read(answer: &Answer, separator: &str) -> Vec<Vec<String>> {
    let is_csv = answer
        .header("content-type")
        .is_some_and(|found| found.starts_with("text/csv"));
    let file = fresh_folder("export").join(if is_csv { "table.csv" } else { "table.xlsx" });
    std::fs::write(&file, &answer.body).expect("a file under target/");
    let reader = if is_csv { READ_CSV } else { READ_XLSX };
    let file = file.display().to_string();
    let printed = python(reader, &[("FILE", &file), ("SEPARATOR", separator)]).printed();
    serde_json::from_str(&printed).expect("JSON")
}

const READ_CSV: &str = r#"
import csv, json, os
with open(os.environ["FILE"], newline="", encoding="utf-8") as file:
    print(json.dumps(list(csv.reader(file, delimiter=os.environ["SEPARATOR"], strict=True))))
"#;

/// Every cell has to be a text, in its type and in its style.
const READ_XLSX: &str = r#"
import json, os, zipfile, openpyxl
assert zipfile.ZipFile(os.environ["FILE"]).testzip() is None
book = openpyxl.load_workbook(os.environ["FILE"])
rows = []
for row in book.worksheets[0].iter_rows():
    for cell in row:
        assert cell.data_type in ("s", "inlineStr", "n") and (cell.value is None or isinstance(cell.value, str)), (cell.value, cell.data_type)
        assert cell.number_format == "@" and cell.quotePrefix, cell.coordinate
    rows.append([cell.value or "" for cell in row])
print(json.dumps(rows))
"#;

static SITE: LazyLock<Site> = LazyLock::new(|| Site::fill("export"));

fn sorted(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let head = rows.remove(0);
    rows.sort();
    rows.insert(0, head);
    rows
}

#[test]
fn without_a_template_there_is_a_row_for_each_consent_and_the_erased_are_not_in_it() {
    let answer = post(STACK.collector("/v1/export"))
        .bearer(&SITE.key)
        .send()
        .expect(200);
    let named = answer.header("content-disposition").expect("a name");
    assert_eq!(named, "attachment; filename=\"export-consents.csv\"");
    let rows = read(&answer, ",");
    let column = |name: &str| {
        rows[0]
            .iter()
            .position(|known| known == name)
            .expect("a column")
    };
    let (email, purpose, status) = (column("email"), column("purpose"), column("status"));
    let mut seen: Vec<[&str; 3]> = rows[1..]
        .iter()
        .map(|row| [row[email].as_str(), &row[purpose], &row[status]])
        .collect();
    seen.sort_unstable();
    let odd = format!("'{}", SITE.odd);
    let mut expected = [
        [SITE.confirmed.as_str(), "EMARKETING", "given"],
        [&SITE.confirmed, "STORE", "given"],
        [&odd, "STORE", "given"],
        [&SITE.withdrawn, "EMARKETING", "withdrawn"],
        [&SITE.withdrawn, "STORE", "given"],
    ];
    expected.sort_unstable();
    assert_eq!(
        seen, expected,
        "who was only asked, and who is gone, are not there"
    );
}

#[test]
fn a_template_says_columns_words_order_and_separator() {
    let template = json!({
        "separator": ";", "dates": "date",
        "columns": [
            {"field": "status", "purpose": "EMARKETING", "name": "Nieuwsbrief", "values": {"given": "Ja"}, "otherwise": "Nee"},
            {"field": "email", "name": "E-mailadres"},
            {"field": "phone", "name": "Telefoon"},
            {"field": "external_id", "name": "Relatie"},
            {"field": "text", "text": "Sayso", "name": "Bron"}
        ]
    });
    let answer = SITE.export(&template).expect(200);
    assert!(
        answer
            .text()
            .starts_with("Nieuwsbrief;E-mailadres;Telefoon;Relatie;Bron\r\n")
    );
    let rows = sorted(read(&answer, ";"));
    let row = |cells: [&str; 5]| cells.map(str::to_owned).to_vec();
    let confirmed = row(["Ja", &SITE.confirmed, "+31612345678", "R-1;\"2\"", "Sayso"]);
    let odd = row([
        "Nee",
        &format!("'{}", SITE.odd),
        "",
        &format!("'{FORMULA}"),
        "Sayso",
    ]);
    let withdrawn = row(["Nee", &SITE.withdrawn, "", "", "Sayso"]);
    assert_eq!(rows[1..], [confirmed, odd, withdrawn]);
}

#[test]
fn a_workbook_holds_texts_and_nothing_that_is_calculated() {
    let template = json!({"format": "xlsx", "columns": [
        {"field": "email"}, {"field": "phone"}, {"field": "external_id"}, {"field": "allowed", "purpose": "EMARKETING"}
    ]});
    let answer = SITE.export(&template).expect(200);
    let content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    assert_eq!(answer.header("content-type"), Some(content_type));
    let rows = sorted(read(&answer, ""));
    let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
    assert_eq!(rows[0], row(["email", "phone", "external_id", "allowed"]));
    // As they are: no apostrophe, no calculation.
    let odd = row([&SITE.odd, "", FORMULA, "false"]);
    let confirmed = row([&SITE.confirmed, "+31612345678", "R-1;\"2\"", "true"]);
    let withdrawn = row([&SITE.withdrawn, "", "", "false"]);
    assert_eq!(rows[1..], [odd, confirmed, withdrawn]);
}

#[test]
fn a_table_is_compressed_on_the_way_for_whoever_accepts_it() {
    let script = r#"
import gzip, os, urllib.request
def ask(**headers):
    request = urllib.request.Request(os.environ["URL"], data=b"", headers={"Authorization": "Bearer " + os.environ["KEY"], **headers})
    with urllib.request.urlopen(request) as answer:
        return answer.headers.get("Content-Encoding"), answer.read()
encoding, packed = ask(**{"Accept-Encoding": "gzip"})
assert encoding == "gzip", encoding
assert gzip.decompress(packed) == ask()[1]
print("ok")
"#;
    let url = STACK.collector("/v1/export");
    let environment = [("URL", url.as_str()), ("KEY", SITE.key.as_str())];
    assert_eq!(python(script, &environment).printed().trim(), "ok");
}

#[test]
fn what_does_not_fit_is_said_before_anything_is_written() {
    for (template, pointer) in [
        (
            json!({"columns": [{"field": "status", "purpose": "NOWS"}]}),
            "/columns/0/purpose",
        ),
        (
            json!({"columns": [{"field": "shoe_size"}]}),
            "/columns/0/field",
        ),
        (json!({"separator": "and"}), "/separator"),
        (json!({"purposes": ["NOWS"]}), "/purposes/0"),
        (json!({"colums": []}), "/colums"),
    ] {
        let problem = SITE.export(&template).expect(422).json();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let ask = || post(STACK.collector("/v1/export"));
    let _ = ask().send().expect(401);
    let _ = ask()
        .bearer(&STACK.demo_key())
        .body("application/json", "{")
        .send()
        .expect(400);
    let path = format!("/v1/sites/{}/keys/reader", SITE.name);
    let made = STACK
        .admin("PUT", &path)
        .json(&json!({"scopes": ["events:read"]}))
        .send();
    let reader = made.expect(201).json()["secret"]
        .as_str()
        .expect("a key")
        .to_owned();
    assert!(
        ask()
            .bearer(&reader)
            .send()
            .expect(403)
            .text()
            .contains("subjects:read")
    );
    let _ = get(STACK.collector("/v1/export"))
        .bearer(&SITE.key)
        .send()
        .expect(405);
}
