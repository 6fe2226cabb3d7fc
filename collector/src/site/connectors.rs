//! Connectors: set, checked against the CRM's own lists, tried and rehearsed by the operator.
//!
//! Nothing is stored before the CRM has let us in and has everything that the mapping names. Credentials go one way only: they are
//! sealed before they are kept, no answer has them, and they are never sent to another origin than the one that they were given for.

use sayso_shared::{
    attempt::TestAnswer,
    connector::{
        Change, Connector, ConnectorAnswer, ConnectorRequest, Connectors, Crm, DryRunAnswer,
        DryRunRequest, Lists, Told, Verdict,
    },
    email::EmailAddress,
    endpoint::Endpoint,
    key::EndpointKey,
    outgoing::outgoing,
    problem::{FieldError, Problem},
    snapshot::Snapshot,
};
use serde_json::Value;

use super::memory::Site;
use crate::{
    chance, clock,
    connector::{self, Desk, stage::Stage, tokens::Tokens, wire::Wire},
    failure::{Failure, Outcome},
    json,
    settings::Settings,
    store::Store as _,
};

/// What an operator's wish comes to, before the CRM was asked.
struct Draft {
    endpoint: Endpoint,
    connector: Connector,
    credentials: Value,
    is_new: bool,
}

impl Site {
    /// Sets a connector: 201 for a new one, else 200.
    ///
    /// 1. 422 with everything that is wrong by itself.
    /// 2. 422 `connector-unproven` when the CRM cannot be reached, or does not let us in.
    /// 3. 422 with what the CRM does not have.
    /// 4. Kept, upon the site as it is by then; 409 if the connector was changed meanwhile.
    pub(super) async fn set_connector(
        &self,
        key: EndpointKey,
        request: &Value,
    ) -> Outcome<(u16, ConnectorAnswer)> {
        self.is_free(&key, true)?;
        let request: ConnectorRequest = json::fields(request)?;
        let settings = Settings::read(&self.env)?;
        // 1.
        let snapshot = self.known()?;
        let draft = draft(&settings, &snapshot, key, request)?;
        // 2.
        let lists = ask(&settings, &draft.connector.crm, &draft.credentials).await;
        let lists = lists.map_err(|verdict| unproven(&verdict))?;
        // 3.
        let errors = draft.connector.crm.mapping().check(&lists);
        invalid(errors, "/settings")?;
        // 4.
        let answer = shown(&draft.endpoint, &draft.connector);
        let endpoint = Endpoint {
            connector: Some(draft.connector),
            ..draft.endpoint
        };
        self.put(&snapshot, endpoint, "connector")?;
        Ok((if draft.is_new { 201 } else { 200 }, answer))
    }

    /// All of them.
    pub(super) fn connectors(&self) -> Outcome<Connectors> {
        let snapshot = self.known()?;
        let known = snapshot.endpoints.iter();
        let known = known.filter_map(|known| Some(shown(known, known.connector.as_ref()?)));
        Ok(Connectors {
            connectors: known.collect(),
        })
    }

    /// A connector as it is.
    pub(super) fn connector(&self, key: &EndpointKey) -> Outcome<ConnectorAnswer> {
        let snapshot = self.known()?;
        let (endpoint, connector) = find(&snapshot, key)?;
        Ok(shown(endpoint, connector))
    }

    /// Removes a connector; removing it again changes nothing.
    pub(super) fn remove_connector(&self, key: &EndpointKey) -> Outcome<()> {
        self.is_free(key, true)?;
        let mut snapshot = self.known()?;
        snapshot.endpoints.retain(|known| known.key != *key);
        self.store.commit(|| self.keep(&mut snapshot))
    }

    /// Asks the CRM for its lists, and tells what it met.
    pub(super) async fn test_connector(&self, key: &EndpointKey) -> Outcome<TestAnswer> {
        let at = clock::now();
        let verdict = match self.lists_of(key).await? {
            Ok(_) => Verdict::done("The CRM let us in."),
            Err(verdict) => verdict,
        };
        Ok(TestAnswer {
            taken: verdict.is_taken(),
            attempt: connector::posted(&verdict, at, clock::now()).attempt,
        })
    }

    /// What the CRM has to choose from.
    pub(super) async fn connector_lists(&self, key: &EndpointKey) -> Outcome<Lists> {
        let lists = self.lists_of(key).await?;
        lists.map_err(|verdict| unproven(&verdict))
    }

    /// What would be written of a change that never happened.
    pub(super) async fn dry_run(
        &self,
        key: &EndpointKey,
        request: &Value,
    ) -> Outcome<DryRunAnswer> {
        let request: DryRunRequest = json::fields(request)?;
        if let Err(error) = EmailAddress::parse(&request.email) {
            let error = FieldError::new("/email", error.to_string());
            return Err(Problem::invalid(vec![error]).into());
        }
        let snapshot = self.known()?;
        let (endpoint, connector) = find(&snapshot, key)?;
        let settings = Settings::read(&self.env)?;
        let credentials =
            connector::credentials(&settings.vault(), &snapshot.site, &endpoint.key, connector)?;
        let now = clock::now();
        let change = Change::supposed(
            &snapshot.site,
            &snapshot.definition,
            request,
            chance::uuid(now),
            now,
        );
        let tokens = Tokens::default();
        let desk = Desk {
            tokens: &tokens,
            now,
        };
        let line = Stage::rehearsal(Wire::within(settings.reach()));
        let verdict = connector::tell(&line, &connector.crm, &credentials, &desk, &change).await;
        Ok(DryRunAnswer {
            taken: verdict.is_taken(),
            answer: verdict.words(),
            writes: line.writes(),
        })
    }

    /// 404 unless `key` names a connector, or an endpoint that is none.
    pub(super) fn is_connector(&self, key: &EndpointKey, is: bool) -> Outcome<()> {
        let snapshot = self.known()?;
        let known = snapshot.endpoints.iter().find(|known| known.key == *key);
        if known.is_some_and(|known| known.connector.is_some() == is) {
            return Ok(());
        }
        Err(Problem::unknown(if is { "connector" } else { "endpoint" }).into())
    }

    /// 422 if `key` is the name of a connector, where a webhook is to have it, or of a webhook, where a connector is to.
    pub(super) fn is_free(&self, key: &EndpointKey, for_connector: bool) -> Outcome<()> {
        let snapshot = self.known()?;
        let known = snapshot.endpoints.iter().find(|known| known.key == *key);
        if known.is_none_or(|known| known.connector.is_some() == for_connector) {
            return Ok(());
        }
        let what = if for_connector {
            "an endpoint"
        } else {
            "a connector"
        };
        let detail =
            format!("{what} of the site has this name: choose another, or remove that one first");
        Err(Problem::invalid(vec![FieldError::new("", detail)]).into())
    }

    async fn lists_of(&self, key: &EndpointKey) -> Outcome<Told<Lists>> {
        let snapshot = self.known()?;
        let (endpoint, connector) = find(&snapshot, key)?;
        let settings = Settings::read(&self.env)?;
        let credentials =
            connector::credentials(&settings.vault(), &snapshot.site, &endpoint.key, connector)?;
        Ok(ask(&settings, &connector.crm, &credentials).await)
    }
}

async fn ask(settings: &Settings, crm: &Crm, credentials: &Value) -> Told<Lists> {
    let tokens = Tokens::default();
    let desk = Desk {
        tokens: &tokens,
        now: clock::now(),
    };
    connector::lists(
        &Stage::performance(Wire::within(settings.reach())),
        crm,
        credentials,
        &desk,
    )
    .await
}

/// What a wish comes to, or all that is wrong with it.
fn draft(
    settings: &Settings,
    snapshot: &Snapshot,
    key: EndpointKey,
    request: ConnectorRequest,
) -> Outcome<Draft> {
    let crm = match Crm::parse(&request.crm, &request.settings) {
        Some(Ok(crm)) => crm,
        Some(Err(error)) => {
            return Err(Problem::invalid(vec![error.within("/settings")]).into());
        }
        None => {
            let detail = format!("must be one of: {}", Crm::NAMES.join(", "));
            return Err(Problem::invalid(vec![FieldError::new("/crm", detail)]).into());
        }
    };
    let (mapping, mut errors) = (crm.mapping(), Vec::new());
    let origin = mapping.origin();
    if let Err(error) = outgoing(&origin, settings.reach()) {
        errors.push(FieldError::new("/settings/origin", error.to_string()));
    }
    let purposes = mapping.purposes();
    if purposes.is_empty() {
        let detail = "must name at least one purpose";
        errors.push(FieldError::new("/settings/purposes", detail));
    }
    for purpose in &purposes {
        if snapshot.definition.purpose(purpose).is_none() {
            let (pointer, detail) = (
                format!("/settings/purposes/{purpose}"),
                "must be the key of a purpose of this site",
            );
            errors.push(FieldError::new(pointer, detail));
        }
    }
    let wrong = mapping.wrong().into_iter();
    errors.extend(wrong.map(|error| error.within("/settings")));
    let vault = settings.vault();
    let known = find(snapshot, &key).ok();
    let place = Connector::place(&snapshot.site, &key);
    // What lets us in at one place is never shown to another.
    let same =
        known.filter(|(known, before)| before.crm.name() == crm.name() && known.url == origin);
    let (credentials, sealed_credentials) = match (request.credentials, same) {
        (Some(given), _) => {
            let wrong = mapping.wrong_credentials(&given).into_iter();
            errors.extend(wrong.map(|error| error.within("/credentials")));
            let sealed = vault.seal_secret(given.to_string().as_bytes(), &place, chance::bytes());
            (given, sealed)
        }
        (None, Some((_, before))) => (
            connector::credentials(&vault, &snapshot.site, &key, before)?,
            before.sealed_credentials.clone(),
        ),
        (None, None) => {
            let detail = "must be there, also when the connector moves to another origin";
            errors.push(FieldError::new("/credentials", detail));
            (Value::Null, Vec::new())
        }
    };
    if !errors.is_empty() {
        return Err(Problem::invalid(errors).into());
    }
    // Who has just let us in need not wait for what the settings of before failed at.
    let is_changed = known.is_some_and(|(_, before)| {
        before.crm != crm || before.sealed_credentials != sealed_credentials
    });
    let known = known.map(|(known, _)| known);
    Ok(Draft {
        is_new: known.is_none(),
        endpoint: Endpoint {
            key,
            url: origin,
            types: crm.types(),
            purposes,
            addresses: true,
            sealed_secret: Vec::new(),
            sealed_seed: None,
            former: Vec::new(),
            disabled: known.is_some_and(|known| known.disabled),
            starts: known.map_or(0, |known| known.starts.wrapping_add(u32::from(is_changed))),
            connector: None,
        },
        connector: Connector {
            crm,
            sealed_credentials,
        },
        credentials,
    })
}

fn find<'s>(snapshot: &'s Snapshot, key: &EndpointKey) -> Outcome<(&'s Endpoint, &'s Connector)> {
    let known = snapshot.endpoints.iter().find(|known| known.key == *key);
    let known = known.and_then(|known| Some((known, known.connector.as_ref()?)));
    Ok(known.ok_or_else(|| Problem::unknown("connector"))?)
}

fn shown(endpoint: &Endpoint, connector: &Connector) -> ConnectorAnswer {
    ConnectorAnswer {
        id: endpoint.key.clone(),
        crm: connector.crm.clone(),
        origin: endpoint.url.clone(),
        types: endpoint.types.clone(),
        purposes: endpoint.purposes.clone(),
        disabled: endpoint.disabled,
    }
}

fn invalid(errors: Vec<FieldError>, within: &str) -> Outcome<()> {
    if errors.is_empty() {
        return Ok(());
    }
    let errors = errors.into_iter().map(|error| error.within(within));
    Err(Problem::invalid(errors.collect()).into())
}

fn unproven(verdict: &Verdict) -> Failure {
    let why = verdict.words().unwrap_or_else(|| match verdict.silence() {
        Some(silence) => format!(
            "The CRM did not answer ({}).",
            serde_json::to_value(silence)
                .ok()
                .and_then(|word| Some(word.as_str()?.to_owned()))
                .unwrap_or_default()
        ),
        None => "The CRM refused.".to_owned(),
    });
    Problem::connector_unproven(&why).into()
}
