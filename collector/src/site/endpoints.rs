//! Endpoints: set, proven, rotated, stopped and started by the operator.
//!
//! Nothing is sent to an address before who answers there has taken a test of ours. Between asking and storing anything may happen: so
//! what is stored is put upon the site as it is then, and not at all if the endpoint itself was changed meanwhile.

use std::time::Duration;

use sayso_shared::{
    answer::{EndpointAnswer, EndpointRequest, RotateRequest},
    attempt::TestAnswer,
    endpoint::{Endpoint, EndpointTest, Former},
    event::EventType,
    key::EndpointKey,
    outgoing::outgoing,
    problem::{FieldError, Problem},
    snapshot::Snapshot,
    time::Timestamp,
    webhook::{WebhookSecret, WebhookSeed},
};

use serde_json::Value;

use super::memory::Site;
use crate::{
    chance, clock,
    failure::{Outcome, damaged},
    json,
    settings::Settings,
    store::Store as _,
    webhook::{Parcel, Posted, signers},
};

/// For how long a former secret signs too, unless the operator says otherwise.
const FORMER_HOURS: u32 = 24;

/// Thirty days.
const MOST_FORMER_HOURS: u32 = 720;

/// How many former secrets sign at once, at most.
const MOST_FORMER: usize = 3;

/// What an operator's wish comes to, before it is proven.
struct Draft {
    endpoint: Endpoint,
    is_new: bool,
    /// Whether somebody else may answer there than before
    needs_proof: bool,
    /// A secret that was made here, to be shown once
    shown: Option<String>,
}

impl Site {
    /// Sets an endpoint: 201 for a new one, else 200. Whoever answers at a new address, or has a new secret, has to take a test first.
    pub(super) async fn set_endpoint(
        &self,
        key: EndpointKey,
        request: &Value,
    ) -> Outcome<(u16, EndpointAnswer)> {
        self.is_free(&key, false)?;
        let request: &EndpointRequest = &json::fields(request)?;
        let settings = Settings::read(&self.env)?;
        let snapshot = self.known()?;
        let Draft {
            endpoint,
            is_new,
            needs_proof,
            shown,
        } = draft(&settings, &snapshot, key, request)?;
        if needs_proof {
            let posted = self.test(&settings, &snapshot, &endpoint).await?;
            if !posted.is_taken() {
                return Err(unproven(&posted)?.into());
            }
        }
        let mut answer = shown_as(&settings, &snapshot, &endpoint)?;
        answer.secret = shown;
        self.put(&snapshot, endpoint, "endpoint")?;
        Ok((if is_new { 201 } else { 200 }, answer))
    }

    /// Keeps an endpoint that was drafted upon `drafted`: 409 if somebody changed it since, rotated its secret or disabled it, which
    /// would be undone.
    pub(super) fn put(&self, drafted: &Snapshot, endpoint: Endpoint, what: &str) -> Outcome<()> {
        let mut snapshot = self.known()?;
        if find(&snapshot, &endpoint.key).ok() != find(drafted, &endpoint.key).ok() {
            return Err(Problem::changed_meanwhile(what).into());
        }
        snapshot.endpoints.retain(|known| known.key != endpoint.key);
        snapshot.endpoints.push(endpoint);
        self.store.commit(|| self.keep(&mut snapshot))
    }

    /// An endpoint as it is.
    pub(super) fn endpoint(&self, key: &EndpointKey) -> Outcome<EndpointAnswer> {
        let snapshot = self.known()?;
        shown_as(
            &Settings::read(&self.env)?,
            &snapshot,
            find(&snapshot, key)?,
        )
    }

    /// Removes an endpoint; removing it again changes nothing.
    pub(super) fn remove_endpoint(&self, key: &EndpointKey) -> Outcome<()> {
        self.is_free(key, false)?;
        let mut snapshot = self.known()?;
        snapshot.endpoints.retain(|endpoint| endpoint.key != *key);
        self.store.commit(|| self.keep(&mut snapshot))
    }

    /// Sends a test to an endpoint that is set, and tells what it met.
    pub(super) async fn test_endpoint(&self, key: &EndpointKey) -> Outcome<TestAnswer> {
        let snapshot = self.known()?;
        let settings = Settings::read(&self.env)?;
        let posted = self
            .test(&settings, &snapshot, find(&snapshot, key)?)
            .await?;
        Ok(TestAnswer {
            taken: posted.is_taken(),
            attempt: posted.attempt,
        })
    }

    /// Gives an endpoint a new secret, and a new key where it has one; the former ones sign too for a while.
    pub(super) fn rotate(
        &self,
        key: &EndpointKey,
        request: &Value,
        now: Timestamp,
    ) -> Outcome<EndpointAnswer> {
        let request: RotateRequest = json::fields(request)?;
        let settings = Settings::read(&self.env)?;
        let mut snapshot = self.known()?;
        let (site, place) = (
            snapshot.site.clone(),
            Endpoint::secret_place(&snapshot.site, key),
        );
        let mut errors = Vec::new();
        let given = given(request.secret.as_deref(), &mut errors);
        let hours = request.former_hours.unwrap_or(FORMER_HOURS);
        if hours > MOST_FORMER_HOURS {
            let detail = format!("must be 0 to {MOST_FORMER_HOURS}");
            errors.push(FieldError::new("/former_hours", detail));
        }
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let shown = given.is_none();
        let secret = given.unwrap_or_else(|| WebhookSecret::new(chance::bytes()));
        let seal = |bytes: &[u8]| settings.vault().seal_secret(bytes, &place, chance::bytes());
        let endpoint = find_mut(&mut snapshot, key)?;
        let known = signers(&settings.vault(), &site, endpoint, now)?;
        // The same once more: an answer got lost, and nothing is to change.
        if known.secrets.first() != Some(&secret) {
            endpoint.former = formers(endpoint, hours, now)?;
            endpoint.sealed_secret = seal(secret.exposed().as_bytes());
            if endpoint.sealed_seed.is_some() {
                endpoint.sealed_seed = Some(seal(&chance::bytes::<32>()));
            }
        }
        let endpoint = endpoint.clone();
        let mut answer = shown_as(&settings, &snapshot, &endpoint)?;
        answer.secret = shown.then(|| secret.exposed());
        self.store.commit(|| self.keep(&mut snapshot))?;
        Ok(answer)
    }

    /// The former secrets sign no more.
    pub(super) fn end_rotation(&self, key: &EndpointKey) -> Outcome<()> {
        self.change(key, |endpoint| endpoint.former.clear())
    }

    /// Nothing is sent until the operator says so.
    pub(super) fn disable(&self, key: &EndpointKey) -> Outcome<()> {
        self.change(key, |endpoint| endpoint.disabled = true)
    }

    /// It is sent to again, whatever stopped it.
    pub(super) fn enable(&self, key: &EndpointKey) -> Outcome<()> {
        self.change(key, |endpoint| {
            endpoint.disabled = false;
            endpoint.starts = endpoint.starts.wrapping_add(1);
        })
    }

    fn change(&self, key: &EndpointKey, change: impl FnOnce(&mut Endpoint)) -> Outcome<()> {
        let mut snapshot = self.known()?;
        change(find_mut(&mut snapshot, key)?);
        self.store.commit(|| self.keep(&mut snapshot))
    }

    async fn test(
        &self,
        settings: &Settings,
        snapshot: &Snapshot,
        endpoint: &Endpoint,
    ) -> Outcome<Posted> {
        let now = clock::now();
        let id = chance::uuid(now);
        let test = EndpointTest::new(id, snapshot.site.clone(), endpoint.key.clone(), now);
        let parcel = Parcel {
            url: &endpoint.url,
            id: id.to_string(),
            body: serde_json::to_string(&test)?,
        };
        let signers = signers(&settings.vault(), &snapshot.site, endpoint, now)?;
        parcel.post(&signers, settings).await
    }
}

/// What a wish comes to, or all that is wrong with it.
fn draft(
    settings: &Settings,
    snapshot: &Snapshot,
    key: EndpointKey,
    request: &EndpointRequest,
) -> Outcome<Draft> {
    let mut errors = Vec::new();
    if let Err(error) = outgoing(&request.url, settings.reach()) {
        errors.push(FieldError::new("/url", error.to_string()));
    }
    let given = given(request.secret.as_deref(), &mut errors);
    if request.types.as_ref().is_some_and(Vec::is_empty) {
        let detail = "must name at least one type; leave it out for the usual ones";
        errors.push(FieldError::new("/types", detail));
    }
    let purposes = request.purposes.clone();
    if purposes.as_ref().is_some_and(Vec::is_empty) {
        let detail = "must name at least one purpose; leave it out for all";
        errors.push(FieldError::new("/purposes", detail));
    }
    let purposes = purposes.unwrap_or_default();
    for (index, purpose) in purposes.iter().enumerate() {
        if snapshot.definition.purpose(purpose).is_none() {
            let detail = "must be the key of a purpose of this site";
            errors.push(FieldError::new(format!("/purposes/{index}"), detail));
        }
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors).into());
    }
    let vault = settings.vault();
    let place = Endpoint::secret_place(&snapshot.site, &key);
    let seal = |bytes: &[u8]| vault.seal_secret(bytes, &place, chance::bytes());
    let known = find(snapshot, &key).ok();
    let known_secret = known
        .map(|known| signers(&vault, &snapshot.site, known, clock::now()))
        .transpose()?
        .and_then(|signers| signers.secrets.into_iter().next());
    let is_same = given.is_none() || given == known_secret;
    let needs_proof = known.is_none_or(|known| known.url != request.url) || !is_same;
    let (sealed_secret, shown) = match (&given, known) {
        (_, Some(known)) if is_same => (known.sealed_secret.clone(), None),
        (Some(secret), _) => (seal(secret.exposed().as_bytes()), None),
        (None, _) => {
            let secret = WebhookSecret::new(chance::bytes());
            (seal(secret.exposed().as_bytes()), Some(secret.exposed()))
        }
    };
    let seed = known.and_then(|known| known.sealed_seed.clone());
    let wants_seed = request.v1a.unwrap_or_default();
    let endpoint = Endpoint {
        key,
        url: request.url.clone(),
        types: request
            .types
            .clone()
            .map_or_else(|| EventType::DEFAULT.to_vec(), EventType::as_meant),
        purposes,
        addresses: request.addresses.unwrap_or(true),
        sealed_secret,
        sealed_seed: wants_seed.then(|| seed.unwrap_or_else(|| seal(&chance::bytes::<32>()))),
        former: known
            .filter(|_| is_same)
            .map(|known| known.former.clone())
            .unwrap_or_default(),
        disabled: known.is_some_and(|known| known.disabled),
        // Who has just taken a test need not wait for what the one before failed at.
        starts: known.map_or(0, |known| known.starts.wrapping_add(u32::from(needs_proof))),
        connector: None,
    };
    Ok(Draft {
        is_new: known.is_none(),
        needs_proof,
        endpoint,
        shown,
    })
}

/// What signs beside a new secret: what signed until now, and what still did beside that. A receiver that has not got the second of two
/// rotations yet, or whose operator lost the answer of the first, is not shut out.
fn formers(endpoint: &Endpoint, hours: u32, now: Timestamp) -> Outcome<Vec<Former>> {
    if hours == 0 {
        return Ok(Vec::new());
    }
    let mut former = vec![Former {
        sealed_secret: endpoint.sealed_secret.clone(),
        sealed_seed: endpoint.sealed_seed.clone(),
        until: now + Duration::from_hours(hours.into()),
    }];
    let still = endpoint.former.iter().filter(|former| former.until > now);
    former.extend(still.cloned());
    if former.len() <= MOST_FORMER {
        return Ok(former);
    }
    let first = former.iter().map(|former| former.until).min();
    Err(Problem::too_many_rotations(first.unwrap_or(now)).into())
}

/// A secret that the operator names.
fn given(secret: Option<&str>, errors: &mut Vec<FieldError>) -> Option<WebhookSecret> {
    let read = secret.map(WebhookSecret::parse).transpose();
    read.unwrap_or_else(|error| {
        errors.push(FieldError::new("/secret", error.to_string()));
        None
    })
}

fn find<'s>(snapshot: &'s Snapshot, key: &EndpointKey) -> Outcome<&'s Endpoint> {
    let known = snapshot.endpoints.iter().find(|known| known.key == *key);
    Ok(known.ok_or_else(|| Problem::unknown("endpoint"))?)
}

fn find_mut<'s>(snapshot: &'s mut Snapshot, key: &EndpointKey) -> Outcome<&'s mut Endpoint> {
    let known = snapshot
        .endpoints
        .iter_mut()
        .find(|known| known.key == *key);
    Ok(known.ok_or_else(|| Problem::unknown("endpoint"))?)
}

fn shown_as(
    settings: &Settings,
    snapshot: &Snapshot,
    endpoint: &Endpoint,
) -> Outcome<EndpointAnswer> {
    let place = Endpoint::secret_place(&snapshot.site, &endpoint.key);
    let public_key = match &endpoint.sealed_seed {
        None => None,
        Some(sealed) => {
            let seed = settings.vault().open_secret(sealed, &place).ok();
            let seed: Option<[u8; 32]> = seed.and_then(|seed| seed.try_into().ok());
            let seed = seed.ok_or_else(|| damaged("an endpoint's key"))?;
            Some(WebhookSeed(seed).public_key())
        }
    };
    Ok(EndpointAnswer {
        id: endpoint.key.clone(),
        url: endpoint.url.clone(),
        types: endpoint.types.clone(),
        purposes: endpoint.purposes.clone(),
        addresses: endpoint.addresses,
        public_key,
        disabled: endpoint.disabled,
        former_until: endpoint.former.iter().map(|former| former.until).max(),
        secret: None,
    })
}

/// What came back instead of a 2xx.
fn unproven(posted: &Posted) -> Outcome<Problem> {
    let attempt = &posted.attempt;
    let why = match (attempt.status, attempt.reason) {
        (Some(status), _) => format!("answered {status}"),
        (None, Some(reason)) => {
            let reason = serde_json::to_value(reason)?;
            format!("did not answer ({})", reason.as_str().unwrap_or_default())
        }
        (None, None) => "did not answer".to_owned(),
    };
    Ok(Problem::endpoint_unproven(
        &why,
        serde_json::to_value(attempt)?,
    ))
}
