//! A client that a public generator makes from the OpenAPI document compiles and does a CRM's work.

use std::fs;

use sayso_tests::script::run;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::address;
use sayso_tests::wire::get;
use sayso_tests::workspace::{fresh_folder, root};
use serde_json::{Value, json};

#[test]
fn a_generated_client_compiles_and_records_pulls_and_looks_up() {
    let stack = Stack::start();
    let folder = fresh_folder("client");
    let file = |name: &str| folder.join(name).display().to_string();
    let document = get(stack.collector("/openapi.json")).send().expect(200);
    fs::write(folder.join("openapi.json"), &document.body).expect("a file under target/");
    let source = root().join("tests/src/client.ts");
    fs::copy(source, folder.join("client.ts")).expect("a file under target/");
    fs::write(folder.join("package.json"), r#"{"type": "module"}"#).expect("a file under target/");

    let program = |name: &str| root().join("node_modules/.bin").join(name);
    let arguments = [&*file("openapi.json"), "-o", &*file("api.d.ts")];
    let _ = run(program("openapi-typescript"), &arguments, &[]).printed();
    let compile = [
        "--strict",
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "--lib",
        "es2022,dom",
        &*file("client.ts"),
    ];
    let _ = run(program("tsc"), &compile, &[]).printed();

    let email = address("typescript");
    let environment = [
        ("COLLECTOR", &*stack.collector("")),
        ("ADMIN_TOKEN", &*stack.admin_token()),
        ("EMAIL", &*email),
    ];
    let said = run("node", &[&*file("client.js")], &environment).printed();
    let said: Value = serde_json::from_str(&said).expect("it is JSON");
    assert_eq!(said["recorded"], 1, "{said}");
    assert_eq!(said["told"], json!(["consent.given"]), "{said}");
    assert_eq!(said["nobody"], 404, "{said}");
    assert!(said["standing"].to_string().contains("given"), "{said}");
}
