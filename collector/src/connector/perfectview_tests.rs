//! What PerfectView is called with, call by call.

use sayso_shared::{
    connector::{
        WouldWrite,
        perfectview::{Credentials, Settings, note},
        read,
    },
    event::EventType,
};
use serde_json::{Value, json};

use super::{
    Told, Verdict,
    fixture::{at_once, change},
    memory::Script,
    perfectview::tell,
    stage::Stage,
};

const MARK: &str = "aaaaaaaa-0000-0000-0000-000000000001";
const FIELD: &str = "bbbbbbbb-0000-0000-0000-000000000001";
const DECIDED: &str = "bbbbbbbb-0000-0000-0000-000000000002";
const SUBJECT: &str = "bbbbbbbb-0000-0000-0000-000000000003";
const READ: &str = "read POST /V1/perfectview.asmx";
const WRITE: &str = "write POST /V1/perfectview.asmx";

fn settings(more: &Value) -> Settings {
    let mut settings = json!({
        "purposes": {"NEWS": {"mark": MARK, "fields": {"status": FIELD}}},
    });
    let more = more.as_object().cloned().unwrap_or_default();
    settings.as_object_mut().expect("an object").extend(more);
    read(&settings).expect("settings")
}

fn credentials() -> Credentials {
    let credentials = json!({"api_key": "k&y", "database_id": "d", "user_id": "u"});
    read(&credentials).expect("credentials")
}

/// An answer as it is documented, with this in its result.
fn answer(inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
         <XResponse xmlns=\"https://Api.perfectview.nl\"><XResult><Succeeded>true</Succeeded><Number>0</Number>{inside}</XResult></XResponse>\
         </soap:Body></soap:Envelope>"
    )
}

fn refusal(words: &str) -> String {
    answer("").replace("true", "false").replace(
        "<Number>0</Number>",
        &format!("<Number>7</Number><Code>INVALID</Code><Description>{words}</Description>"),
    )
}

fn found(persons: u8) -> String {
    let one = |at| {
        format!(
            "<PvRelationshipData><Id>r{at}</Id><ChildRelationId>p{at}</ChildRelationId><IsEmployee>false</IsEmployee></PvRelationshipData>"
        )
    };
    let employee = "<PvRelationshipData><Id>e</Id><ChildRelationId>e</ChildRelationId><IsEmployee>true</IsEmployee></PvRelationshipData>";
    let all: String = (0..persons).map(one).collect();
    answer(&format!("<Relationships>{all}{employee}</Relationships>"))
}

fn marked() -> String {
    let mark = format!("<PvRelationshipMarkData><MarkId>{MARK}</MarkId></PvRelationshipMarkData>");
    answer(&format!("<RelationshipMarks>{mark}</RelationshipMarks>"))
}

fn told(script: &Script, settings: &Settings, kind: EventType) -> Told<Verdict> {
    at_once(tell(script, settings, &credentials(), &change(kind)))
}

fn operations(script: Script) -> Vec<String> {
    let requests = script.end();
    let actions = requests.iter().map(|request| {
        let header = request
            .headers
            .iter()
            .find(|(name, _)| *name == "soapaction");
        let action = &header.expect("a SOAPAction").1;
        action
            .trim_matches('"')
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned()
    });
    actions.collect()
}

#[test]
fn a_yes_gives_the_mark_sets_the_fields_and_leaves_a_note() {
    let (persons, none) = (found(1), answer(""));
    let script = Script::of(&[
        (READ, 200, &persons),
        (READ, 200, &none),
        (WRITE, 200, &none),
        (WRITE, 200, &none),
        (READ, 200, &none),
        (WRITE, 200, &none),
    ]);
    let verdict = told(&script, &settings(&json!({})), EventType::Given);
    assert!(verdict.is_ok_and(|verdict| verdict.is_taken()));
    let expected = [
        "RelationshipSearchByEmail",
        "RelationshipGetMarks",
        "RelationshipAddMark",
        "RelationUpdate",
        "RelationGetNotes",
        "RelationAddNote",
    ];
    assert_eq!(operations(script), expected);
}

#[test]
fn a_no_that_is_refused_of_one_person_is_told_to_the_other_and_then_refused() {
    let (persons, marked, none, refused) = (found(2), marked(), answer(""), refusal("locked"));
    let script = Script::of(&[
        (READ, 200, &persons),
        (READ, 200, &marked),
        (WRITE, 200, &refused),
        (WRITE, 200, &none),
        (READ, 200, &none),
        (WRITE, 200, &none),
        (READ, 200, &marked),
        (WRITE, 200, &none),
        (WRITE, 200, &none),
        (READ, 200, &none),
        (WRITE, 200, &none),
        // What has the address and is no person.
        (READ, 200, &none),
        // Whether it refuses everything.
        (READ, 200, &none),
    ]);
    let verdict = told(&script, &settings(&json!({})), EventType::Withdrawn);
    let verdict = verdict.expect_err("refused");
    assert_eq!(verdict.status(), Some(422));
    assert!(
        verdict
            .words()
            .is_some_and(|words| words.contains("locked")),
        "{verdict:?}"
    );
    let removals = operations(script);
    let removals = removals
        .iter()
        .filter(|one| *one == "RelationshipRemoveMark");
    assert_eq!(removals.count(), 2);
}

#[test]
fn told_twice_it_writes_the_fields_again_and_nothing_else() {
    let text = note(&change(EventType::Given)).replace('&', "&amp;");
    let notes = answer(&format!(
        "<Notes><PvNoteData><Text>{text}</Text></PvNoteData></Notes>"
    ));
    let (persons, marked, none) = (found(1), marked(), answer(""));
    let script = Script::of(&[
        (READ, 200, &persons),
        (READ, 200, &marked),
        (WRITE, 200, &none),
        (READ, 200, &notes),
    ]);
    let verdict = told(&script, &settings(&json!({})), EventType::Given);
    assert!(verdict.is_ok_and(|verdict| verdict.is_taken()));
    assert_eq!(operations(script)[2], "RelationUpdate");
}

#[test]
fn a_no_takes_the_mark_and_never_makes_a_person() {
    let (persons, marked, none) = (found(1), marked(), answer(""));
    let script = Script::of(&[
        (READ, 200, &persons),
        (READ, 200, &marked),
        (WRITE, 200, &none),
        (WRITE, 200, &none),
        (READ, 200, &marked),
        (WRITE, 200, &none),
    ]);
    let quiet = settings(&json!({"note": false}));
    let verdict = told(&script, &quiet, EventType::Withdrawn);
    let words = "Written at 1 person. 1 mark taken from an employee or organisation.";
    assert_eq!(verdict, Ok(Verdict::done(words)));
    let expected = [
        "RelationshipSearchByEmail",
        "RelationshipGetMarks",
        "RelationshipRemoveMark",
        "RelationUpdate",
        "RelationshipGetMarks",
        "RelationshipRemoveMark",
    ];
    assert_eq!(operations(script), expected);

    let nobody = answer("");
    let script = Script::of(&[(READ, 200, &nobody)]);
    let new =
        json!({"relation_entity_type": "t", "relationship_entity_type": "s", "email_field": FIELD});
    let making = settings(&json!({"when_unknown": "create", "new_person": new}));
    let verdict = told(&script, &making, EventType::Withdrawn);
    assert!(matches!(verdict, Ok(Verdict::NotWanted { .. })));
    assert_eq!(script.end().len(), 1);
}

#[test]
fn a_yes_from_before_the_decision_that_a_field_names_is_left_out() {
    let stands = |decided_at: &str| {
        let value = format!("<Id>{DECIDED}</Id><Value>{decided_at}</Value>");
        let values = format!("<Items><PvFieldValueData>{value}</PvFieldValueData></Items>");
        answer(&format!(
            "<Relation><FieldValues>{values}</FieldValues></Relation>"
        ))
    };
    let dated = json!({"purposes": {"NEWS": {"fields": {"decided_at": DECIDED}}}, "note": false});
    let (persons, none) = (found(1), answer(""));
    let later = stands("2027-01-15T08:00:01.000Z");
    let script = Script::of(&[(READ, 200, &persons), (READ, 200, &later)]);
    let verdict = told(&script, &settings(&dated), EventType::Given);
    assert!(matches!(verdict, Ok(Verdict::NotWanted { .. })));
    let _ = script.end();

    let earlier = stands("2027-01-15T07:59:59.000Z");
    let script = Script::of(&[
        (READ, 200, &persons),
        (READ, 200, &earlier),
        (WRITE, 200, &none),
    ]);
    let verdict = told(&script, &settings(&dated), EventType::Given);
    assert_eq!(verdict.ok(), Some(Verdict::done("Written at 1 person.")));
    let _ = script.end();

    // A no is always written.
    let script = Script::of(&[(READ, 200, &persons), (WRITE, 200, &none)]);
    let verdict = told(&script, &settings(&dated), EventType::Withdrawn);
    assert!(verdict.is_ok_and(|verdict| verdict.is_taken()));
    let _ = script.end();
}

#[test]
fn who_was_erased_is_found_by_the_field_and_by_nothing_that_only_looks_like_it() {
    let relation = |id: &str, subject: &str| {
        let value = format!("<Id>{SUBJECT}</Id><Value>{subject}</Value>");
        let values = format!("<Items><PvFieldValueData>{value}</PvFieldValueData></Items>");
        format!("<PvRelationData><Id>{id}</Id><FieldValues>{values}</FieldValues></PvRelationData>")
    };
    let erased = relation("p0", "00000000-0000-0000-0000-000000000002");
    let other = relation("p9", "00000000-0000-0000-0000-000000000022");
    let relations = answer(&format!("<Relations>{other}{erased}</Relations>"));
    let (persons, marked, none) = (found(1), marked(), answer(""));
    let script = Script::of(&[
        (READ, 200, &relations),
        (READ, 200, &persons),
        (READ, 200, &marked),
        (WRITE, 200, &none),
        (WRITE, 200, &none),
        (READ, 200, &none),
    ]);
    let by = json!({"subject": {"entity_type": "t", "field": SUBJECT}, "note": false});
    let verdict = told(&script, &settings(&by), EventType::Erased);
    let words = verdict.ok().and_then(|verdict| verdict.words());
    assert!(words.is_some_and(|words| words.starts_with("Erased: taken back at 1 person.")));
    let expected = [
        "RelationSearchByField",
        "RelationGetParentRelationships",
        "RelationshipGetMarks",
        "RelationshipRemoveMark",
        "RelationUpdate",
        "RelationshipGetMarks",
    ];
    assert_eq!(operations(script), expected);
    let verdict = told(&Script::of(&[]), &settings(&json!({})), EventType::Erased);
    assert!(matches!(verdict, Ok(Verdict::NotWanted { .. })));
}

#[test]
fn a_yes_to_several_persons_is_a_dead_letter_unless_the_mapping_says_whom_and_a_no_is_told_to_all()
{
    let (persons, marked, none) = (found(2), marked(), answer(""));
    let script = Script::of(&[(READ, 200, &persons), (READ, 200, &none)]);
    let verdict = told(&script, &settings(&json!({})), EventType::Given);
    assert_eq!(verdict.expect_err("a refusal").status(), Some(422));
    let _ = script.end();

    let each = [
        (READ, 200, marked.as_str()),
        (WRITE, 200, none.as_str()),
        (WRITE, 200, none.as_str()),
    ];
    let script = [
        &[(READ, 200, persons.as_str())],
        &each[..],
        &each[..],
        &[(READ, 200, none.as_str())],
    ];
    let script = Script::of(&script.concat());
    let quiet = settings(&json!({"note": false}));
    let verdict = told(&script, &quiet, EventType::Withdrawn);
    assert_eq!(verdict.ok(), Some(Verdict::done("Written at 2 persons.")));
    let _ = script.end();
}

#[test]
fn what_did_not_succeed_is_refused_in_its_own_words() {
    let refusal = refusal("Veld is verplicht");
    let (persons, none) = (found(1), answer(""));
    let script = Script::of(&[
        (READ, 200, &persons),
        (READ, 200, &none),
        (WRITE, 200, &refusal),
        (READ, 200, &none),
    ]);
    let verdict = told(&script, &settings(&json!({})), EventType::Given);
    let verdict = verdict.expect_err("a refusal");
    assert_eq!(verdict.status(), Some(422));
    let words = verdict.words().expect("words");
    assert_eq!(words, "PerfectView: INVALID, 7, Veld is verplicht");
    assert_eq!(operations(script)[3], "MarkGetAll");
}

#[test]
fn what_it_refuses_to_everybody_is_no_fault_of_the_event() {
    let refusal = refusal("Daglimiet bereikt");
    let script = Script::of(&[(READ, 200, &refusal), (READ, 200, &refusal)]);
    let verdict = told(&script, &settings(&json!({})), EventType::Given);
    let verdict = verdict.expect_err("trouble");
    assert_eq!(verdict.status(), Some(503));
    assert!(
        verdict
            .words()
            .is_some_and(|words| words.contains("Daglimiet"))
    );
    let _ = script.end();
}

#[test]
fn a_dry_run_shows_what_would_be_made_and_no_key() {
    let (nobody, none) = (found(0), answer(""));
    let script = Script::of(&[(READ, 200, &nobody), (READ, 200, &none), (READ, 200, &none)]);
    let new =
        json!({"relation_entity_type": "t", "relationship_entity_type": "s", "email_field": FIELD});
    let making = settings(&json!({"when_unknown": "create", "new_person": new}));
    let rehearsal = Stage::rehearsal(script);
    let change = change(EventType::Given);
    assert!(at_once(tell(&rehearsal, &making, &credentials(), &change)).is_ok());
    let writes: Vec<WouldWrite> = rehearsal.writes();
    assert_eq!(writes.len(), 4);
    for write in writes {
        let body = write.body.expect("a body");
        assert!(!body.contains("k&amp;y"), "{body}");
    }
}
