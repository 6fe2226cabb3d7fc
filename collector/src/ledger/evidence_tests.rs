//! Evidence on plain SQLite: what the ledger gives for one consent after its whole life.

use std::time::Duration;

use sayso_shared::{
    consent::Status, email::EmailAddress, event::EventSubject, evidence::ClientFacts, id::uuid_v7,
    key::PurposeKey, mailing::Handover, receipt::ReceiptAct, visitor::VisitorClass,
};

use super::{
    fixture::{ORIGIN, at, book, choices, good, submission},
    record::Whence,
};
use crate::{failure::Failure, native_store::NativeStore};

#[test]
fn everything_about_one_consent_is_found_and_nothing_about_another() {
    let book = book(NativeStore::in_memory());
    let client = ClientFacts {
        network: Some("203.0.113.0/24".to_owned()),
        user_agent: Some("A browser".to_owned()),
    };
    for (number, email) in [(1, "jan@example.com"), (2, "eva@example.com")] {
        let id = uuid_v7(at(1), [number; 10]);
        let document = submission(id, email, &choices(true, true), at(1));
        let whence = Whence {
            origin: Some(ORIGIN),
            client: Some(&client),
            hosted: false,
            waited: Duration::ZERO,
        };
        let (status, _) = good(book.record(&document, whence, at(2)));
        assert_eq!(status, 201);
    }
    let mut confirm = String::new();
    for mail in good(book.waiting_mails()) {
        let letter = good(book.mail(&mail.id)).expect("it waits").letter;
        if letter.to == "jan@example.com" {
            good(book.note_handover(&mail.id, &Handover::Taken, at(3)));
            let token = |index: usize| {
                let link: &String = &letter.links[index];
                link.rsplit('/').next().expect("a token").to_owned()
            };
            confirm = token(0);
            let preferences = token(1);
            good(book.confirm(
                &confirm,
                &["NEWS".to_owned()].into(),
                VisitorClass::Browser,
                at(4),
            ));
            good(book.withdraw(&preferences, Some(&news()), at(5)));
        }
    }

    let email = EmailAddress::parse("Jan@Example.com").expect("an address");
    let EventSubject { id, email, .. } = good(book.look_up(None, &email));
    assert_eq!(email.as_deref(), Some("jan@example.com"));
    assert_eq!(good(book.consents(None, id)).consents.len(), 2);
    let sealed = good(book.evidence(None, id, &news(), at(6)));
    let pack = &sealed.pack;
    assert_eq!(pack.consent.status, Status::Withdrawn);
    let acts: Vec<ReceiptAct> = pack.acts.iter().map(|act| act.kind).collect();
    assert_eq!(
        acts,
        [
            ReceiptAct::Submitted,
            ReceiptAct::Confirmed,
            ReceiptAct::Withdrawn
        ]
    );
    let changes = pack.events.iter().filter_map(|event| event.data.consent());
    let events: Vec<Status> = changes.map(|change| change.status).collect();
    assert_eq!(
        events,
        [Status::Requested, Status::Given, Status::Withdrawn]
    );
    assert_eq!(pack.submissions.len(), 1);
    assert_eq!(pack.submissions[0].client.as_ref(), Some(&client));
    assert_eq!(pack.notices[0].text.hash(), pack.consent.notice.hash);
    let [mail] = &pack.mails[..] else {
        panic!("one mail");
    };
    assert_eq!(mail.sent_at, Some(at(3)));
    assert!(mail.text.contains("/confirm/demo~0~…"), "{}", mail.text);
    assert!(!mail.html.contains(&confirm), "{}", mail.html);

    // The purpose that needed no mail: its own acts and events only.
    let store = PurposeKey::parse("STORE").expect("a purpose");
    let pack = good(book.evidence(None, id, &store, at(6))).pack;
    assert_eq!((pack.acts.len(), pack.events.len()), (1, 1));
}

#[test]
fn a_person_or_a_consent_that_is_not_there_is_not_found() {
    let book = book(NativeStore::in_memory());
    let nobody = EmailAddress::parse("nobody@example.com").expect("an address");
    let id = uuid_v7(at(0), [9; 10]);
    let problems = [
        book.look_up(None, &nobody).err(),
        book.consents(None, id).err(),
        book.evidence(None, id, &news(), at(0)).err(),
    ];
    for problem in problems {
        assert!(matches!(problem, Some(Failure::Problem(problem)) if problem.status == 404));
    }
}

fn news() -> PurposeKey {
    PurposeKey::parse("NEWS").expect("a purpose")
}
