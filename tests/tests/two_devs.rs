//! `cargo xtask dev` as a good neighbour: side by side, clear about a port in use, and gone when told to go.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use sayso_tests::deadline::eventually;
use sayso_tests::stack::{Stack, launch};
use sayso_tests::visitor::{address, says_yes_to};
use sayso_tests::wire::get;
use sayso_tests::{ports, workspace};

#[test]
fn two_stacks_run_side_by_side_and_know_nothing_of_each_other() {
    let (one, other) = (Stack::start(), Stack::start());
    let email = address("one");
    let _ = says_yes_to(&one, &email, &["STORE"]);
    one.crm_knows(&email, "STORE", "given");
    assert_eq!(other.events().0.len(), 0);
    assert_ne!(one.admin_token(), other.admin_token());
    let strange = get(other.collector("/v1/events")).bearer(&one.demo_key());
    assert_eq!(strange.send().status, 401);
}

#[test]
fn a_port_in_use_is_named_and_nothing_is_started() {
    let port = ports::free(3);
    for taken in port..port + 3 {
        let _holder = TcpListener::bind((Ipv4Addr::LOCALHOST, taken)).expect("it was free");
        let mut dev = launch(&workspace::fresh_folder("taken"), port);
        let status = dev.wait();
        let printed = dev.printed();
        assert!(!status.success(), "{printed}");
        assert!(printed.contains(&taken.to_string()), "{printed}");
        assert!(printed.contains("in use"), "{printed}");
        assert!(!printed.lines().any(|line| line == "ready"), "{printed}");
    }
}

#[test]
fn told_to_go_it_takes_every_process_with_it() {
    for name in ["TERM", "INT"] {
        let stack = Stack::start();
        let family = descendants(stack.pid());
        assert!(family.contains(&stack.workerd_pid()), "{family:?}");
        assert!(family.len() >= 3, "workerd, pages and CRM: {family:?}");
        let port = stack.port();
        let _ = stack.stop_by(name);
        eventually("every process to be gone", || {
            family.iter().all(|pid| !is_alive(*pid)).then_some(())
        });
        for port in port..port + 3 {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
            assert!(free.is_ok(), "port {port} is still held");
        }
    }
}

#[test]
fn when_one_part_dies_dev_says_which_and_ends_the_others() {
    let stack = Stack::start();
    let family = descendants(stack.pid());
    let wreck = stack.crash();
    assert!(wreck.printed.contains("workerd died"), "{}", wreck.printed);
    eventually("every process to be gone", || {
        family.iter().all(|pid| !is_alive(*pid)).then_some(())
    });
    let stack = wreck.start_again();
    let _ = stack.pull("").expect(200);
}

/// The processes that a process has started, and theirs, from Linux' /proc.
fn descendants(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task");
    let mut found = Vec::new();
    for task in fs::read_dir(path).into_iter().flatten().flatten() {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok())
        {
            found.push(child);
            found.extend(descendants(child));
        }
    }
    found
}

/// A zombie is dead: only its parent has not looked yet.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}
