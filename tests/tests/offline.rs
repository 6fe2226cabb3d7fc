//! Somebody in a tunnel: what was chosen is kept, the person reads that it is not stored yet, and it is stored once, under the same id, when
//! the line is back; also on a page that comes later.

use std::sync::LazyLock;

use sayso_tests::browser::Browser;
use sayso_tests::deadline::eventually;
use sayso_tests::embedding::{Embedding, page, posted, staying_form};
use sayso_tests::host::{Conduct, Host, Reply};
use sayso_tests::visitor::{address, label, published};
use serde_json::{Value, json};

static HERE: LazyLock<Embedding> = LazyLock::new(Embedding::start);

static WORDS: LazyLock<Value> = LazyLock::new(|| published(&HERE.stack, "newsletter", "en"));

struct Visit {
    browser: Browser,
    front: Host,
    email: String,
    url: String,
}

impl Visit {
    fn start(name: &str, script: &str) -> Self {
        let front = Host::before(&HERE.stack.collector(""));
        let html = page(&front.url(""), &format!("{script}{}", staying_form()));
        let url = HERE.site.page(&format!("/{name}.html"), Reply::html(&html));
        Self {
            browser: Browser::start(),
            front,
            email: address(name),
            url,
        }
    }

    fn opens(&self) {
        self.browser.open(&self.url);
    }

    fn chooses(&self) {
        self.browser.tick("STORE");
        self.browser.fill("email", &self.email);
    }

    fn sends(&self) {
        self.browser.press("Send");
    }

    /// The next try need not be waited for.
    fn the_line_is_back(&self) {
        let _ = self.browser.ask("dispatchEvent(new Event('online'));", &[]);
    }

    fn sees(&self, words: &str) {
        self.browser.see(&label(&WORDS, words));
    }

    fn never_called_it_stored(&self) {
        assert!(!self.heard().contains(&"stored".to_owned()));
        assert!(
            !self
                .browser
                .text()
                .contains(&label(&WORDS, "stored_recorded"))
        );
    }

    /// The element's events, in order.
    fn heard(&self) -> Vec<String> {
        let heard = self.browser.ask("return heard.map(([what]) => what);", &[]);
        let heard = heard.as_array().cloned().unwrap_or_default();
        let names = heard.iter().filter_map(|name| name.as_str());
        names.map(str::to_owned).collect()
    }

    /// How many submissions the browser keeps beyond this tab, and how many at all.
    fn kept(&self) -> [u64; 2] {
        let kept = self.browser.ask(
            "const keys = (storage) => Object.keys(storage).filter((key) => /^say-so:[0-9a-f-]{36}$/.test(key));
             const beyond = keys(localStorage);
             return [beyond.length, new Set([...beyond, ...keys(sessionStorage)]).size];",
            &[],
        );
        [0, 1].map(|at| kept[at].as_u64().expect("a count"))
    }

    /// At the end: stored once, seen, and nothing left behind.
    fn is_stored_once(&self) {
        self.sees("stored_recorded");
        let submission = HERE.stored_once_by(&self.front, &self.email);
        assert_eq!(submission["choices"]["STORE"], true);
        let posted = posted(&self.front, &self.email);
        assert!(posted.iter().all(|each| each.body == posted[0].body));
        eventually("nothing to be kept", || {
            (self.kept() == [0, 0]).then_some(())
        });
    }
}

#[test]
fn a_line_cut_before_the_form_leaves_the_page_as_it_is() {
    let visit = Visit::start("before", "");
    visit.front.on("GET", "/v1/sites/", Conduct::Hold);
    visit.opens();
    let _ = visit.front.wait_for("GET", "/v1/sites/");
    visit.browser.cut(true);
    // What is under way ends with the line.
    visit.front.on("GET", "/v1/sites/", Conduct::BreakOff);
    eventually("the element to say so to scripts", || {
        visit.heard().contains(&"error".to_owned()).then_some(())
    });
    visit.browser.fill("email", &visit.email);
    visit.sends();
    assert_eq!(visit.kept(), [0, 0], "nothing was chosen");
    visit.browser.cut(false);
    visit.front.on("GET", "/v1/sites/", Conduct::Pass);
    visit.opens();
    visit.chooses();
    visit.sends();
    visit.is_stored_once();
}

#[test]
fn a_line_cut_after_the_boxes_and_before_the_wasm_loses_nothing() {
    let visit = Visit::start("boxes", "");
    visit.front.on("GET", "/widget/", Conduct::Hold);
    visit.opens();
    visit.chooses();
    let _ = visit.front.wait_for("GET", "/widget/");
    visit.browser.cut(true);
    visit.sends();
    visit.never_called_it_stored();
    assert_eq!(visit.kept()[1], 1);
    visit.front.on("GET", "/widget/", Conduct::Pass);
    visit.browser.cut(false);
    visit.the_line_is_back();
    visit.is_stored_once();
}

#[test]
fn a_line_cut_at_the_submit_is_said_and_made_good() {
    let visit = Visit::start("submit", "");
    visit.opens();
    visit.chooses();
    visit.browser.cut(true);
    visit.sends();
    visit.sees("queued");
    visit.never_called_it_stored();
    assert_eq!(visit.kept(), [1, 1], "it outlives the tab");
    assert_eq!(posted(&visit.front, &visit.email).len(), 0);
    visit.browser.cut(false);
    visit.is_stored_once();
    assert_eq!(visit.heard(), ["ready", "queued", "stored"]);
}

#[test]
fn a_line_cut_before_the_answer_is_said_and_made_good() {
    let visit = Visit::start("answer", "");
    visit.front.on("POST", "/v1/submissions", Conduct::Hold);
    visit.opens();
    visit.chooses();
    visit.sends();
    let _ = visit.front.wait_for("POST", "/v1/submissions");
    visit.never_called_it_stored();
    assert_eq!(
        visit.kept(),
        [0, 1],
        "an address does not linger for what most likely arrives"
    );
    visit.browser.cut(true);
    // What is under way ends with the line.
    visit.front.on("POST", "/v1/submissions", Conduct::BreakOff);
    visit.sees("queued");
    visit.front.on("POST", "/v1/submissions", Conduct::Pass);
    visit.browser.cut(false);
    visit.is_stored_once();
}

#[test]
fn a_collector_that_stores_and_loses_its_answer_has_it_once() {
    let visit = Visit::start("lost", "");
    visit
        .front
        .on("POST", "/v1/submissions", Conduct::PassAndLose);
    visit.opens();
    visit.chooses();
    visit.sends();
    visit.sees("queued");
    visit.never_called_it_stored();
    let _ = HERE.stored_once_by(&visit.front, &visit.email);
    visit.front.on("POST", "/v1/submissions", Conduct::Pass);
    visit.the_line_is_back();
    visit.is_stored_once();
    let posted = posted(&visit.front, &visit.email);
    assert_eq!(posted.last().and_then(|last| last.answered), Some(200));
}

#[test]
fn a_page_that_comes_later_says_what_is_not_stored_yet_and_sends_it() {
    let visit = Visit::start("later", "");
    visit.front.on("POST", "/v1/submissions", Conduct::BreakOff);
    visit.opens();
    visit.chooses();
    visit.sends();
    visit.sees("queued");
    visit.browser.open("about:blank");
    visit.opens();
    visit.sees("queued");
    assert!(visit.browser.boxes().iter().all(|each| !each.ticked));
    visit.never_called_it_stored();
    visit.front.on("POST", "/v1/submissions", Conduct::Pass);
    visit.the_line_is_back();
    visit.is_stored_once();
}

#[test]
fn a_page_left_before_the_answer_has_it_once_when_the_next_one_comes() {
    let visit = Visit::start("left", "");
    visit.front.on("POST", "/v1/submissions", Conduct::Hold);
    visit.opens();
    visit.chooses();
    visit.sends();
    let _ = visit.front.wait_for("POST", "/v1/submissions");
    visit.browser.open("about:blank");
    visit.front.on("POST", "/v1/submissions", Conduct::Pass);
    visit.opens();
    let _ = HERE.stored_once_by(&visit.front, &visit.email);
    eventually("nothing to be kept", || {
        (visit.kept() == [0, 0]).then_some(())
    });
}

#[test]
fn where_storage_is_forbidden_the_page_itself_remembers() {
    let forbidden = "<script>
        for (const name of ['localStorage', 'sessionStorage'])
          Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError'); } });
      </script>";
    let visit = Visit::start("private", forbidden);
    visit.front.on("POST", "/v1/submissions", Conduct::BreakOff);
    visit.opens();
    visit.chooses();
    visit.sends();
    visit.sees("queued");
    visit.front.on("POST", "/v1/submissions", Conduct::Pass);
    visit.the_line_is_back();
    visit.sees("stored_recorded");
    let _ = HERE.stored_once_by(&visit.front, &visit.email);
}

#[test]
fn a_choice_that_is_opened_again_stays_on_its_way_until_another_takes_its_place() {
    let visit = Visit::start("opened", "");
    visit.front.on("POST", "/v1/submissions", Conduct::BreakOff);
    visit.opens();
    visit.chooses();
    visit.sends();
    visit.sees("queued");
    visit.browser.press(&label(&WORDS, "change"));
    assert_eq!(visit.kept(), [1, 1], "looking again takes nothing back");
    // The same once more is another act, and the only one that is left.
    visit.sends();
    visit.sees("queued");
    assert_eq!(visit.kept(), [1, 1]);
    visit.front.on("POST", "/v1/submissions", Conduct::Pass);
    visit.the_line_is_back();
    visit.sees("stored_recorded");
    eventually("nothing to be kept", || {
        (visit.kept() == [0, 0]).then_some(())
    });
}

#[test]
fn a_choice_that_another_replaced_is_not_kept_again_when_its_last_try_fails() {
    let visit = Visit::start("replaced", "");
    visit.front.on("POST", "/v1/submissions", Conduct::BreakOff);
    visit.opens();
    visit.chooses();
    visit.sends();
    visit.sees("queued");
    visit.front.on("POST", "/v1/submissions", Conduct::Hold);
    let tried = posted(&visit.front, &visit.email);
    let first = tried[0].json()["id"].clone();
    visit.the_line_is_back();
    eventually("another try of it", || {
        (posted(&visit.front, &visit.email).len() > tried.len()).then_some(())
    });
    visit.browser.press(&label(&WORDS, "change"));
    visit.sends();
    let second = eventually("what was chosen instead", || {
        let posted = posted(&visit.front, &visit.email);
        let mut ids = posted.iter().map(|each| each.json()["id"].clone());
        ids.find(|id| *id != first)
    });
    visit.front.on("POST", "/v1/submissions", Conduct::BreakOff);
    visit.sees("queued");
    assert_eq!(visit.kept(), [1, 1], "only what was chosen last");
    visit.front.on("POST", "/v1/submissions", Conduct::Pass);
    visit.the_line_is_back();
    visit.sees("stored_recorded");
    let posted = posted(&visit.front, &visit.email);
    let stored: Vec<_> = posted
        .iter()
        .filter(|each| each.answered.is_some())
        .collect();
    assert!(stored.iter().all(|each| each.json()["id"] == second));
}

#[test]
fn a_page_that_is_left_while_it_waits_sends_in_its_last_moment() {
    // Nothing else may send: no wait ends in this page.
    let patient = "<script>
        const timer = window.setTimeout;
        window.setTimeout = (act, pause, ...more) => (pause > 1000 ? 0 : timer(act, pause, ...more));
      </script>";
    let visit = Visit::start("hidden", patient);
    visit.front.on("POST", "/v1/submissions", Conduct::BreakOff);
    visit.opens();
    visit.chooses();
    visit.sends();
    visit.sees("queued");
    visit.front.on("POST", "/v1/submissions", Conduct::Pass);
    visit.browser.open("about:blank");
    let submission = HERE.stored_once_by(&visit.front, &visit.email);
    assert_eq!(submission["choices"]["STORE"], true);
}

#[test]
fn no_address_stays_in_a_browser_for_longer_than_three_days() {
    let visit = Visit::start("old", "");
    visit.front.on("POST", "/v1/submissions", Conduct::BreakOff);
    visit.opens();
    visit.chooses();
    visit.sends();
    visit.sees("queued");
    visit.browser.open("about:blank");
    let before = posted(&visit.front, &visit.email).len();
    // The page's own server has pages without the widget.
    let elsewhere = HERE
        .site
        .page("/elsewhere.html", Reply::html("<h1>Elsewhere</h1>"));
    let aged = |hours: i32| {
        visit.browser.open(&elsewhere);
        let _ = visit.browser.ask(
            "for (const storage of [localStorage, sessionStorage])
               for (const [key, value] of Object.entries(storage)) {
                 if (!key.startsWith('say-so:')) continue;
                 const kept = JSON.parse(value);
                 const body = JSON.parse(kept.body);
                 body.decided_at = new Date(Date.now() - arguments[0] * 3600_000).toISOString();
                 storage.setItem(key, JSON.stringify({ ...kept, body: JSON.stringify(body) }));
               }",
            &[json!(hours)],
        );
        visit.opens();
        let _ = visit.browser.boxes();
    };
    aged(71);
    visit.sees("queued");
    eventually("it to be tried again", || {
        (posted(&visit.front, &visit.email).len() > before).then_some(())
    });
    aged(73);
    assert_eq!(visit.kept(), [0, 0]);
    visit.front.on("POST", "/v1/submissions", Conduct::Pass);
    visit.the_line_is_back();
    std::thread::sleep(std::time::Duration::from_millis(800));
    let tried = posted(&visit.front, &visit.email);
    assert!(tried.iter().all(|each| each.answered.is_none()));
}

#[test]
fn who_sends_before_the_wasm_has_come_is_told_so_and_leaves_no_address_behind() {
    let visit = Visit::start("told", "");
    visit.front.on("GET", "/widget/", Conduct::Hold);
    visit.front.on("POST", "/v1/submissions", Conduct::Hold);
    visit.opens();
    visit.chooses();
    visit.sends();
    visit.sees("sending");
    let closed = visit.browser.ask(
        "return everywhere(document).find((e) => e.localName === 'fieldset' && e.disabled) !== undefined;",
        &[],
    );
    assert_eq!(closed, true, "what is on its way cannot be changed");
    visit.never_called_it_stored();
    visit.front.on("POST", "/v1/submissions", Conduct::Pass);
    visit.is_stored_once();
}
