//! What Zoho is asked and told, request by request.

use sayso_shared::{
    connector::{Crm, Lists, Verdict},
    event::EventType,
    time::Timestamp,
};
use serde_json::{Value, json};

use super::{
    Desk, Request, Told,
    fixture::{at_once, change},
    lists,
    memory::Script,
    stage::Stage,
    tell,
    tokens::Tokens,
};

const TOKEN: &str = "read POST /oauth/v2/token";
const GRANT: &str = r#"{"access_token": "1000.access", "expires_in": 3600, "api_domain": "https://www.zohoapis.eu", "token_type": "Bearer"}"#;
const COQL: &str = "read POST /crm/v8/coql";
const CONTACT: &str = "read GET /crm/v8/Contacts/71";
const LEAD: &str = "read GET /crm/v8/Leads/72";
const SUCCESS: &str = r#"{"data": [{"code": "SUCCESS", "details": {"id": "71"}, "message": "record updated", "status": "success"}]}"#;
const EXPIRED: &str = r#"{"code": "INVALID_TOKEN", "details": {}, "message": "invalid oauth token", "status": "error"}"#;

fn crm(more: &Value) -> Crm {
    let mut settings = json!({
        "data_center": "eu",
        "purposes": {"NEWS": {"consent": {"given": "Obtained"}}},
        "create": {"fields": {"Company": "unknown"}},
    });
    if let (Some(settings), Some(more)) = (settings.as_object_mut(), more.as_object()) {
        settings.extend(more.clone());
    }
    let read = Crm::parse("zoho", &settings).expect("known");
    read.expect("settings")
}

fn credentials() -> Value {
    json!({"client_id": "1000.ID", "client_secret": "se&cret", "refresh_token": "1000.refresh"})
}

fn with<T>(tokens: &Tokens, ask: impl FnOnce(&Desk<'_>) -> T) -> T {
    ask(&Desk {
        tokens,
        now: Timestamp::EPOCH,
    })
}

fn told_with(
    tokens: &Tokens,
    crm: &Crm,
    kind: EventType,
    script: &[(&str, u16, &str)],
) -> (Verdict, Vec<Request>) {
    let script = Script::of(script);
    let verdict = with(tokens, |desk| {
        at_once(tell(&script, crm, &credentials(), desk, &change(kind)))
    });
    (verdict, script.end())
}

fn told(crm: &Crm, kind: EventType, script: &[(&str, u16, &str)]) -> (Verdict, Vec<Request>) {
    let mut all = vec![(TOKEN, 200, GRANT)];
    all.extend(script);
    told_with(&Tokens::default(), crm, kind, &all)
}

fn rows(id: &str, created: &str) -> String {
    json!({"data": [{"id": id, "Created_Time": created}], "info": {"count": 1, "more_records": false}}).to_string()
}

fn body(request: &Request) -> Value {
    serde_json::from_str(request.body.as_deref().expect("a body")).expect("JSON")
}

#[test]
fn a_token_comes_first_by_a_body_that_hides_it_and_each_request_carries_it() {
    let skips = crm(&json!({"when_unknown": "skip"}));
    let (verdict, said) = told(
        &skips,
        EventType::Given,
        &[(COQL, 204, ""), (COQL, 204, "")],
    );
    assert_eq!(
        verdict,
        Verdict::not_wanted("Zoho knows no record of this address.")
    );
    assert_eq!(said[0].url, "https://accounts.zoho.eu/oauth/v2/token");
    assert_eq!(
        said[0].body.as_deref(),
        Some(
            "grant_type=refresh%5Ftoken&client_id=1000%2EID&client_secret=se%26cret&refresh_token=1000%2Erefresh"
        )
    );
    for request in &said[1..] {
        assert_eq!(request.url, "https://www.zohoapis.eu/crm/v8/coql");
        let token = ("authorization", "Zoho-oauthtoken 1000.access".to_owned());
        assert!(request.headers.contains(&token));
    }
    assert_eq!(
        body(&said[1])["select_query"],
        "select id, Created_Time from Contacts where Email in ('ada+x@example.org') order by Created_Time desc limit 20"
    );
}

#[test]
fn a_token_that_is_over_is_got_anew_once() {
    let tokens = Tokens::default();
    let skips = crm(&json!({"when_unknown": "skip", "modules": ["Leads"]}));
    let script = [(TOKEN, 200, GRANT), (COQL, 204, "")];
    let _ = told_with(&tokens, &skips, EventType::Given, &script);
    let script = [(COQL, 401, EXPIRED), (TOKEN, 200, GRANT), (COQL, 204, "")];
    let (verdict, _) = told_with(&tokens, &skips, EventType::Given, &script);
    assert_eq!(verdict.status(), Some(204));
    let script = [
        (COQL, 401, EXPIRED),
        (TOKEN, 200, GRANT),
        (COQL, 401, EXPIRED),
    ];
    let (verdict, _) = told_with(&tokens, &skips, EventType::Given, &script);
    assert_eq!(verdict.status(), Some(401));
    // A scope that is missing is not mended by another token.
    let script = [
        (TOKEN, 200, GRANT),
        (
            COQL,
            401,
            r#"{"code": "OAUTH_SCOPE_MISMATCH", "details": {}, "message": "invalid oauth scope to access this URL", "status": "error"}"#,
        ),
    ];
    let (verdict, _) = told_with(&tokens, &skips, EventType::Given, &script);
    assert!(
        verdict
            .words()
            .is_some_and(|words| words.contains("OAUTH_SCOPE_MISMATCH"))
    );
}

#[test]
fn a_yes_to_nobody_known_makes_a_lead() {
    let made = r#"{"data": [{"code": "SUCCESS", "details": {"id": "72"}, "message": "record added", "status": "success"}]}"#;
    let script = [
        (COQL, 204, ""),
        (COQL, 204, ""),
        ("write POST /crm/v8/Leads", 201, made),
    ];
    let (verdict, said) = told(&crm(&Value::Null), EventType::Given, &script);
    assert_eq!(verdict, Verdict::done("Leads 72: made."));
    let body = body(&said[3]);
    assert_eq!(body["trigger"], json!([]), "no workflow");
    let lead = &body["data"][0];
    assert_eq!(lead["Last_Name"], "ada+x@example.org");
    assert_eq!(lead["Company"], "unknown");
    assert_eq!(
        lead["Data_Processing_Basis_Details"]["Data_Processing_Basis"],
        "Obtained"
    );
    let script = [(COQL, 204, ""), (COQL, 204, "")];
    let (verdict, _) = told(&crm(&Value::Null), EventType::Withdrawn, &script);
    assert_eq!(verdict.status(), Some(204), "a no makes nobody");
}

#[test]
fn a_lead_that_is_there_after_all_is_written_instead() {
    let there = r#"{"data": [{"code": "DUPLICATE_DATA", "details": {"api_name": "Email", "duplicate_record": {"id": "72", "module": {"api_name": "Leads"}}}, "message": "duplicate data", "status": "error"}]}"#;
    let script = [
        (COQL, 204, ""),
        (COQL, 204, ""),
        ("write POST /crm/v8/Leads", 202, there),
        (
            LEAD,
            200,
            r#"{"data": [{"id": "72", "Email_Opt_Out": false}]}"#,
        ),
        ("write PUT /crm/v8/Leads/72", 200, SUCCESS),
    ];
    let (verdict, said) = told(&crm(&Value::Null), EventType::Given, &script);
    assert_eq!(verdict, Verdict::done("Leads 72 written."));
    assert!(body(&said[5])["data"][0].get("Last_Name").is_none());
}

#[test]
fn of_several_a_yes_is_told_to_none_and_a_no_to_all_but_the_converted() {
    let (one, other) = (
        rows("71", "2026-01-01T00:00:00+01:00"),
        rows("72", "2026-02-01T00:00:00+01:00"),
    );
    let contact = r#"{"data": [{"id": "71"}]}"#;
    let lead = r#"{"data": [{"id": "72"}]}"#;
    let found = [
        (COQL, 200, one.as_str()),
        (COQL, 200, other.as_str()),
        (LEAD, 200, lead),
        (CONTACT, 200, contact),
    ];
    let (verdict, _) = told(&crm(&Value::Null), EventType::Given, &found);
    assert_eq!(verdict.status(), Some(422));
    let mut script = found.to_vec();
    script.extend([
        ("write PUT /crm/v8/Leads/72", 200, SUCCESS),
        ("write PUT /crm/v8/Contacts/71", 200, SUCCESS),
    ]);
    let (verdict, said) = told(&crm(&Value::Null), EventType::Withdrawn, &script);
    assert_eq!(
        verdict,
        Verdict::done("Leads 72 written; Contacts 71 written.")
    );
    assert_eq!(body(&said[5])["data"][0], json!({"Email_Opt_Out": true}));
    let converted = r#"{"data": [{"id": "72", "$converted": true}]}"#;
    let script = [
        found[0],
        found[1],
        (LEAD, 200, converted),
        found[3],
        ("write PUT /crm/v8/Contacts/71", 200, SUCCESS),
    ];
    let (verdict, _) = told(&crm(&Value::Null), EventType::Given, &script);
    assert_eq!(verdict, Verdict::done("Contacts 71 written."));
}

#[test]
fn what_zoho_refuses_of_one_record_does_not_keep_the_other_from_its_no() {
    let (one, other) = (
        rows("71", "2026-01-01T00:00:00+01:00"),
        rows("72", "2026-02-01T00:00:00+01:00"),
    );
    let refusal = r#"{"data": [{"code": "RECORD_LOCKED", "details": {"id": "72"}, "message": "The record under merge is locked", "status": "error"}]}"#;
    let script = [
        (COQL, 200, one.as_str()),
        (COQL, 200, other.as_str()),
        (LEAD, 200, r#"{"data": [{"id": "72"}]}"#),
        (CONTACT, 200, r#"{"data": [{"id": "71"}]}"#),
        ("write PUT /crm/v8/Leads/72", 207, refusal),
        ("write PUT /crm/v8/Contacts/71", 200, SUCCESS),
    ];
    let (verdict, _) = told(&crm(&Value::Null), EventType::Withdrawn, &script);
    assert_eq!(verdict.status(), Some(422));
    assert!(
        verdict.words().is_some_and(
            |words| words.contains("207: RECORD_LOCKED; The record under merge is locked")
        ),
        "{verdict:?}"
    );
}

#[test]
fn who_says_no_is_opted_out_also_where_zoho_refuses_the_rest() {
    let found = rows("71", "2026-01-01T00:00:00+01:00");
    let duplicate = r#"{"data": [{"code": "DUPLICATE_DATA", "details": {"api_name": "Sayso_Id", "id": "70"}, "message": "duplicate data", "status": "error"}]}"#;
    let unique = crm(&json!({"modules": ["Contacts"], "subject_field": "Sayso_Id"}));
    let script = [
        (COQL, 200, found.as_str()),
        (CONTACT, 200, r#"{"data": [{"id": "71"}]}"#),
        ("write PUT /crm/v8/Contacts/71", 400, duplicate),
        ("write PUT /crm/v8/Contacts/71", 200, SUCCESS),
    ];
    let (verdict, said) = told(&unique, EventType::Withdrawn, &script);
    assert_eq!(verdict.status(), Some(422));
    assert_eq!(body(&said[4])["data"][0], json!({"Email_Opt_Out": true}));
}

#[test]
fn of_more_records_than_are_told_a_no_is_told_to_the_newest_and_a_yes_to_none() {
    let some = rows("71", "2026-01-01T00:00:00+01:00").replace("false", "true");
    let script = [
        (COQL, 200, some.as_str()),
        (COQL, 204, ""),
        (CONTACT, 200, r#"{"data": [{"id": "71"}]}"#),
        ("write PUT /crm/v8/Contacts/71", 200, SUCCESS),
    ];
    for (kind, script) in [
        (EventType::Withdrawn, &script[..]),
        (EventType::Given, &script[..2]),
    ] {
        let (verdict, _) = told(&crm(&Value::Null), kind, script);
        assert_eq!(verdict.status(), Some(422), "{kind:?}");
        let words = verdict.words().expect("words");
        assert!(
            words.contains("More than 20 records of Contacts"),
            "{words}"
        );
    }
}

#[test]
fn an_address_that_coql_cannot_be_asked_for_is_searched() {
    let skips = crm(&json!({"when_unknown": "skip", "modules": ["Leads"]}));
    let mut about = change(EventType::Given);
    about.email = Some("o'brien@example.org".to_owned());
    let script = Script::of(&[
        (TOKEN, 200, GRANT),
        ("read GET /crm/v8/Leads/search", 204, ""),
    ]);
    let tokens = Tokens::default();
    let verdict = with(&tokens, |desk| {
        at_once(tell(&script, &skips, &credentials(), desk, &about))
    });
    assert_eq!(verdict.status(), Some(204));
    assert_eq!(
        script.end()[1].url,
        "https://www.zohoapis.eu/crm/v8/Leads/search?email=o%27brien%40example%2Eorg&fields=id,Created_Time&per_page=20"
    );
}

#[test]
fn a_no_that_zohos_search_finds_nobody_for_is_told_again_within_a_minute() {
    let leads = crm(&json!({"modules": ["Leads"]}));
    let mut about = change(EventType::Withdrawn);
    about.email = Some("o'brien@example.org".to_owned());
    for (seconds, status) in [(1, 503), (61, 204)] {
        let script = Script::of(&[
            (TOKEN, 200, GRANT),
            ("read GET /crm/v8/Leads/search", 204, ""),
        ]);
        let tokens = Tokens::default();
        let desk = Desk {
            tokens: &tokens,
            now: about.at + std::time::Duration::from_secs(seconds),
        };
        let verdict = at_once(tell(&script, &leads, &credentials(), &desk, &about));
        assert_eq!(verdict.status(), Some(status), "{seconds}");
    }
}

#[test]
fn an_erased_person_is_found_by_the_field() {
    let finds =
        crm(&json!({"modules": ["Contacts"], "when_unknown": "skip", "subject_field": "Sayso_Id"}));
    let found = rows("71", "2026-01-01T00:00:00+01:00");
    let script = [
        (COQL, 200, found.as_str()),
        (CONTACT, 200, r#"{"data": [{"id": "71"}]}"#),
        ("write PUT /crm/v8/Contacts/71", 200, SUCCESS),
    ];
    let (verdict, said) = told(&finds, EventType::Erased, &script);
    assert_eq!(verdict, Verdict::done("Contacts 71 written."));
    assert!(
        body(&said[1])["select_query"].as_str().is_some_and(
            |query| query.contains("Sayso_Id in ('00000000-0000-0000-0000-000000000002')")
        )
    );
    assert_eq!(body(&said[3])["data"][0], json!({"Email_Opt_Out": true}));
    let (verdict, _) = told_with(
        &Tokens::default(),
        &crm(&Value::Null),
        EventType::Erased,
        &[],
    );
    assert_eq!(verdict.status(), Some(204), "nothing to find it by");
}

#[test]
fn the_accounts_server_can_refuse_or_want_us_to_wait() {
    for (status, answer, means) in [
        (200, r#"{"error": "invalid_code"}"#, 401),
        (
            400,
            r#"{"error": "Access Denied", "error_description": "You have made too many requests continuously. Please try again after some time.", "status": "failure"}"#,
            503,
        ),
    ] {
        let script = [(TOKEN, status, answer)];
        let (verdict, _) = told_with(
            &Tokens::default(),
            &crm(&Value::Null),
            EventType::Given,
            &script,
        );
        assert_eq!(verdict.status(), Some(means), "{answer}");
    }
}

#[test]
fn a_dry_run_reads_and_writes_nothing() {
    let line = Stage::rehearsal(Script::of(&[
        (TOKEN, 200, GRANT),
        (COQL, 204, ""),
        (COQL, 204, ""),
    ]));
    let tokens = Tokens::default();
    let verdict = with(&tokens, |desk| {
        at_once(tell(
            &line,
            &crm(&Value::Null),
            &credentials(),
            desk,
            &change(EventType::Given),
        ))
    });
    assert!(verdict.is_taken(), "{verdict:?}");
    let writes = line.writes();
    assert_eq!(writes.len(), 1);
    let shown = serde_json::to_string(&writes).expect("JSON");
    assert!(!shown.contains("1000.access") && !shown.contains("se&cret"));
}

#[test]
fn the_lists_are_those_of_the_modules_and_of_the_consents() {
    let fields = "read GET /crm/v8/settings/fields";
    let module =
        r#"{"fields": [{"api_name": "Email", "field_label": "E-mail", "data_type": "email"}]}"#;
    let consents = r#"{"fields": [{"api_name": "Data_Processing_Basis", "field_label": "Basis", "data_type": "picklist", "pick_list_values": [{"actual_value": "Obtained", "display_value": "Verkregen"}]}]}"#;
    let script = Script::of(&[
        (TOKEN, 200, GRANT),
        (fields, 200, module),
        (fields, 200, module),
        (fields, 200, consents),
    ]);
    let tokens = Tokens::default();
    let told: Told<Lists> = with(&tokens, |desk| {
        at_once(lists(&script, &crm(&Value::Null), &credentials(), desk))
    });
    let told = told.expect("lists");
    assert_eq!(told.0["bases"][0].name, "Verkregen");
    assert_eq!(told.0["Leads.emails"][0].key, "Email");
    let said = script.end();
    assert!(said[3].url.ends_with("?module=Consents") && said[3].largest > 64 * 1024);
}
