//! A CRM whose certificate is none to be trusted: it is sent nothing, the operator is told why, and nothing is lost.

use std::fs;
use std::time::Duration;

use sayso_tests::deadline::{eventually, within};
use sayso_tests::leash::Leash;
use sayso_tests::receiver::SECRET;
use sayso_tests::script::python;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, says_yes_to};
use sayso_tests::wire::{ask, get};
use sayso_tests::{ports, workspace};
use serde_json::{Value, json};

/// Longer than the waits after the first and the second failure, 5 and 30 seconds.
const A_TRY_LATER: Duration = Duration::from_mins(1);

/// A CRM behind TLS.
struct Crm {
    receiver: String,
    control: String,
    _leash: Leash,
}

impl Crm {
    /// It runs with a good certificate; gives the file of the authority that signed it, too.
    fn start() -> (Self, String) {
        let folder = workspace::fresh_folder("certificates");
        let path = folder.display().to_string();
        let environment = [("DIR", path.as_str())];
        let _ = python(include_str!("../src/make-certificates.py"), &environment).printed();
        let program = ["tests/src/tls-receiver.mjs"];
        let leash = Leash::start("node".as_ref(), &program, workspace::root(), &environment);
        let ports = eventually("the CRM to listen", || {
            let printed = leash.printed();
            let line = printed
                .lines()
                .find_map(|line| line.strip_prefix("ports: "))?;
            let (receiver, control) = line.split_once(' ')?;
            Some((receiver.to_owned(), control.trim().to_owned()))
        });
        let crm = Crm {
            receiver: format!("https://localhost:{}/webhooks", ports.0),
            control: format!("http://localhost:{}", ports.1),
            _leash: leash,
        };
        (crm, folder.join("authority.pem").display().to_string())
    }

    fn now_shows(&self, certificate: &str) {
        let _ = ask("PUT", format!("{}/{certificate}", self.control))
            .send()
            .expect(200);
    }

    /// The ids of what it has taken, tests aside.
    fn taken(&self) -> Vec<String> {
        let taken = get(format!("{}/", self.control)).send().expect(200).json();
        let events = taken.as_array().into_iter().flatten();
        events
            .filter(|event| event["type"] != "endpoint.test")
            .filter_map(|event| Some(event["data"]["id"].as_str()?.to_owned()))
            .collect()
    }
}

#[test]
fn a_certificate_that_is_not_to_be_trusted_is_a_failure_with_a_reason_and_nothing_is_lost() {
    let (crm, authority) = Crm::start();
    let state = workspace::fresh_folder("stack");
    let variables = format!("DEV_TRUSTED_CERTIFICATE={authority}\n");
    fs::write(state.join(".dev.vars"), variables).expect("a file under target/");
    let stack =
        Stack::start_in(&state, ports::free(3)).unwrap_or_else(|printed| panic!("{printed}"));

    // Whoever cannot show a good one cannot prove that they want to be sent to, and is told why.
    let endpoint = "/v1/sites/demo/endpoints/crm";
    let wanted = json!({"url": crm.receiver, "secret": SECRET});
    for certificate in ["self_signed", "wrong_host", "expired"] {
        crm.now_shows(certificate);
        let answer = stack.admin("PUT", endpoint).json(&wanted).send();
        let problem = answer.json();
        assert_eq!(
            problem["type"], "urn:sayso:problem:endpoint-unproven",
            "{problem}"
        );
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("certificate"), "{certificate}: {detail}");
    }
    let _ = stack.admin("GET", endpoint).send().expect(404);
    crm.now_shows("good");
    let _ = stack.add_endpoint("crm", &crm.receiver, SECRET);

    let deliveries = || -> Vec<Value> {
        let path = format!("{endpoint}/deliveries");
        let seen = stack.admin("GET", &path).send().expect(200).json();
        seen["deliveries"].as_array().cloned().unwrap_or_default()
    };
    for certificate in ["self_signed", "wrong_host", "expired"] {
        crm.now_shows(certificate);
        let before = crm.taken();
        let _ = says_yes_to(&stack, &address(certificate), &["STORE"]);
        // The first attempt may have taken a connection of before, which broke off.
        let failed = within(A_TRY_LATER, || {
            let newest = deliveries().into_iter().next()?;
            let attempts = newest["attempts"].as_array()?;
            let why = |attempt: &Value| attempt["reason"] == "name_or_certificate";
            attempts.iter().any(why).then_some(newest)
        });
        let failed = failed.unwrap_or_else(|| panic!("{certificate}: {:?}", deliveries()));
        assert_eq!(failed["taken"], false);
        assert_eq!(crm.taken(), before, "{certificate}: nothing was sent");
        crm.now_shows("good");
        let _ = stack
            .admin("POST", &format!("{endpoint}/enable"))
            .send()
            .expect(204);
        let pulled: Vec<String> = stack
            .events()
            .0
            .iter()
            .filter_map(|event| Some(event["data"]["id"].as_str()?.to_owned()))
            .collect();
        let all = within(A_TRY_LATER, || (crm.taken() == pulled).then_some(()));
        assert!(all.is_some(), "{certificate}: everything, once, in order");
    }
}
