//! `cargo xtask bench mail`: how long it takes from a visitor's POST until the mail lies in the SMTP server. A figure, never a test: a busy
//! machine is no fault of the collector's.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sayso_tests::deadline::within;
use sayso_tests::smtp::{Manner, SmtpServer};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, submission, submit};
use sayso_tests::{ports, workspace};
use serde_json::json;

const MAILS: usize = 200;

/// How long the last mail may take.
const PATIENCE: Duration = Duration::from_mins(3);

fn main() {
    let server = SmtpServer::start(Manner::Plain);
    let state = workspace::fresh_folder("stack");
    fs::write(state.join(".dev.vars"), server.variables("smtp://", ""))
        .expect("a file under target/");
    let stack = Stack::start_in(&state, ports::free(3))
        .unwrap_or_else(|printed| panic!("dev did not get ready:\n{printed}"));
    println!("milliseconds from POST to the mail in the SMTP server, {MAILS} mails each");
    println!("{:<44}{:>8}{:>8}{:>8}", "", "p50", "p99", "longest");
    // What starts first pays for what all need.
    let _ = times(&stack, &server, 1, Duration::ZERO, 5);
    for (name, at_once, pause) in [
        ("one visitor every 100 ms", 1, Duration::from_millis(100)),
        ("as fast as one connection posts", 1, Duration::ZERO),
        ("as fast as 16 connections post", 16, Duration::ZERO),
    ] {
        let mut times = times(&stack, &server, at_once, pause, MAILS);
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
        println!("{name:<44}{:>8}{:>8}{:>8}", at(50), at(99), at(100));
    }
}

/// The milliseconds that each of so many mails took.
fn times(
    stack: &Stack,
    server: &SmtpServer,
    at_once: usize,
    pause: Duration,
    mails: usize,
) -> Vec<u64> {
    let choices = json!({"STORE": false, "EMARKETING": true, "EVENTS": false});
    let submissions = (0..mails).map(|_| {
        let email = address("bench");
        (submission(stack, &email, &choices), email)
    });
    let submissions = Mutex::new(submissions.collect::<Vec<_>>());
    let posted = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..at_once {
            let _ = scope.spawn(|| {
                loop {
                    let next = submissions.lock().expect("no panic").pop();
                    let Some((submission, email)) = next else {
                        return;
                    };
                    let at = now();
                    let _ = submit(stack, &submission).expect(201);
                    let _ = posted.lock().expect("no panic").insert(email, at);
                    thread::sleep(pause);
                }
            });
        }
    });
    let posted = posted.into_inner().expect("no panic");
    let arrived = within(PATIENCE, || {
        let arrived = server.arrivals();
        let known = posted.keys().all(|email| arrived.contains_key(email));
        known.then_some(arrived)
    })
    .expect("every mail");
    let times = posted.iter().map(|(email, at)| arrived[email] - at);
    times.collect()
}

/// By the clock that the mail server reads too.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map(|since| since.as_millis()).unwrap_or_default();
    u64::try_from(millis).unwrap_or(u64::MAX)
}
