//! The harness itself: a test that cannot fail proves nothing, so its eyes and hands are tried first.

use std::path::Path;
use std::time::Duration;

use sayso_tests::browser::Browser;
use sayso_tests::deadline::{eventually, within};
use sayso_tests::leash::Leash;
use sayso_tests::{ports, workspace};

const PAGE: &str = r#"data:text/html,<say-so></say-so><input name=email><button>Send</button><p id=out></p>
<script>
  const root = document.querySelector("say-so").attachShadow({ mode: "open" });
  root.innerHTML = "<label><input type=checkbox name=STORE>Keep my details</label>";
  document.querySelector("button").onclick = () => {
    out.textContent = "sent " + document.querySelector("input").value;
  };
</script>"#;

#[test]
fn the_browser_sees_and_presses_what_a_person_does_in_shadow_roots_too() {
    let browser = Browser::start();
    browser.open(PAGE);
    browser.see("Keep my details");
    assert!(browser.boxes().iter().all(|each| !each.ticked));
    browser.tick("STORE");
    assert!(browser.boxes().iter().all(|each| each.ticked));
    browser.fill("email", "kim@example.nl");
    browser.press("Send");
    browser.see("sent kim@example.nl");
    assert!(!browser.text().contains("something else"));
}

#[test]
fn a_process_on_a_leash_ends_when_the_leash_is_dropped() {
    let leash = Leash::start(Path::new("sleep"), &["1000"], workspace::root(), &[]);
    let pid = Path::new("/proc").join(leash.pid().to_string());
    assert!(pid.exists());
    drop(leash);
    eventually("the process to be gone", || (!pid.exists()).then_some(()));
}

#[test]
fn a_line_that_never_comes_is_not_waited_for_after_the_end() {
    let mut leash = Leash::start(
        Path::new("sh"),
        &["-c", "echo one; exit 3"],
        workspace::root(),
        &[],
    );
    assert_eq!(leash.wait_for_line("one", Duration::from_secs(20)), Ok(()));
    let printed = leash.wait_for_line("two", Duration::from_secs(20));
    assert_eq!(printed, Err("one\n".to_owned()));
    assert_eq!(leash.wait().code(), Some(3));
}

#[test]
fn free_ports_are_handed_out_once_and_what_never_comes_is_none() {
    assert_ne!(ports::free(3), ports::free(3));
    assert_eq!(within(Duration::ZERO, || None::<()>), None);
}
