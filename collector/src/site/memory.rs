//! What a site knows and how it changes.

use sayso_shared::{
    answer::{KeyAnswer, KeyFacts, KeyList, KeyRequest},
    api_key::{ApiKey, KeptKey, Scope},
    connector::Connector,
    endpoint::Endpoint,
    key::{ApiKeyName, FormKey},
    language::Language,
    problem::{FieldError, Problem},
    published::PublishedForm,
    snapshot::Snapshot,
    time::Timestamp,
};
use serde::Deserialize;
use worker::{Env, State};

use crate::{
    chance,
    failure::{Outcome, damaged},
    json,
    ledger::{self, key_uses::KeyUses},
    look::Look,
    pages::{HostedForm, SiteView},
    schema::Schema,
    settings::Settings,
    store::{ObjectStore, Store as _, number, text},
};

/// The largest site with all its notices, in bytes: a value in a Durable Object's SQLite holds 2 MB.
const LARGEST_SNAPSHOT: usize = 1_900_000;

/// The tables of a site.
pub(super) const SCHEMA: Schema = Schema {
    versions: &[
        include_str!("../../sql/site/schema_1.sql"),
        include_str!("../../sql/site/schema_2.sql"),
    ],
};

/// A site that is awake.
pub(super) struct Site {
    pub(super) state: State,
    pub(super) env: Env,
    pub(super) store: ObjectStore,
}

#[derive(Deserialize)]
pub(super) struct SiteRow {
    pub(super) revision: i64,
    pub(super) learned: i64,
    pub(super) body: String,
}

fn published(snapshot: &Snapshot, form: &FormKey, lang: &Language) -> Outcome<PublishedForm> {
    let definition = &snapshot.definition;
    let known = definition.form(form).ok_or_else(Problem::unknown_form)?;
    let notice = snapshot
        .notice(form, lang)
        .ok_or_else(|| damaged("a form's notice"))?;
    Ok(notice.published(definition, known.source))
}

impl Site {
    pub(super) fn new(state: State, env: Env) -> Self {
        let store = ObjectStore::of(&state);
        Self { state, env, store }
    }

    /// The site as it is; a problem if it was never defined. Nothing is written by asking.
    pub(super) fn known(&self) -> Outcome<Snapshot> {
        Ok(self.snapshot()?.ok_or_else(Problem::unknown_site)?)
    }

    /// The site as it is, if it was ever defined.
    pub(super) fn snapshot(&self) -> Outcome<Option<Snapshot>> {
        let row = self.row()?;
        Ok(row.map(|row| json::read(&row.body)).transpose()?)
    }

    /// A published form in the language asked for, or the nearest that the site has.
    pub(super) fn form(&self, form: &FormKey, lang: Option<&Language>) -> Outcome<PublishedForm> {
        let snapshot = self.known()?;
        let lang = snapshot.definition.language_for(lang);
        published(&snapshot, form, lang)
    }

    /// A form as a page of its own, in the dearest of these languages that the site has.
    pub(super) fn hosted_form(&self, form: &FormKey, langs: &[Language]) -> Outcome<HostedForm> {
        let snapshot = self.known()?;
        let definition = &snapshot.definition;
        let lang = definition.language_among(langs);
        let is_framed = definition.form(form).is_some_and(|form| form.framed);
        Ok(HostedForm {
            site: SiteView {
                key: snapshot.site.clone(),
                lang: lang.clone(),
                languages: definition.languages.clone(),
                controller: definition.controller.clone(),
                look: Look::of(&snapshot.site, &definition.theme),
            },
            form: published(&snapshot, form, lang)?,
            framers: definition
                .origins
                .iter()
                .filter(|_| is_framed)
                .cloned()
                .collect(),
        })
    }

    /// Makes a key (201, shown once), or changes what a key may do (200).
    pub(super) fn set_key(
        &self,
        name: ApiKeyName,
        request: KeyRequest,
        now: Timestamp,
    ) -> Outcome<(u16, KeyAnswer)> {
        let mut snapshot = self.known()?;
        let KeyRequest { scopes } = request;
        if scopes.is_empty() {
            let error = FieldError::new(
                "/scopes",
                "must name at least one scope, such as events:read",
            );
            return Err(Problem::invalid(vec![error]).into());
        }
        let known = snapshot.keys.iter_mut().find(|key| key.name == name);
        let (status, secret) = if let Some(known) = known {
            known.scopes.clone_from(&scopes);
            (200, None)
        } else {
            let key = ApiKey::mint(snapshot.site.clone(), chance::bytes());
            let (name, scopes, digest) = (name.clone(), scopes.clone(), key.digest());
            snapshot.keys.push(KeptKey {
                name,
                scopes,
                digest,
                created_at: Some(now),
            });
            (201, Some(key.exposed()))
        };
        self.store.commit(|| self.keep(&mut snapshot))?;
        Ok((
            status,
            KeyAnswer {
                id: name,
                scopes,
                secret,
            },
        ))
    }

    /// All keys with their last uses, which the first ledger has noted.
    pub(super) async fn keys(&self) -> Outcome<KeyList> {
        let Snapshot { site, keys, .. } = self.known()?;
        let uses: KeyUses = ledger::ask_for(&self.env, &site, 0, &ledger::Ask::KeyUses).await?;
        let keys = keys.into_iter().map(|key| KeyFacts {
            last_used_at: uses
                .iter()
                .find(|(name, _)| *name == key.name)
                .map(|(_, at)| *at),
            id: key.name,
            scopes: key.scopes,
            created_at: key.created_at,
        });
        let mut keys: Vec<KeyFacts> = keys.collect();
        keys.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(KeyList { keys })
    }

    /// Removes a key; removing it again changes nothing.
    pub(super) fn remove_key(&self, name: &ApiKeyName) -> Outcome<()> {
        let mut snapshot = self.known()?;
        snapshot.keys.retain(|key| key.name != *name);
        self.store.commit(|| self.keep(&mut snapshot))
    }

    /// Whether a key is one of the site's and has this scope: 401, 403. A stranger is not told which sites there are.
    pub(super) fn authorize(&self, key: &str, scope: Scope) -> Outcome<()> {
        let snapshot = self.known().map_err(|_| Problem::unauthorized())?;
        let key = ApiKey::parse(key).ok_or_else(Problem::unauthorized)?;
        let kept = key
            .among(&snapshot.keys)
            .ok_or_else(Problem::unauthorized)?;
        if kept.scopes.contains(&scope) {
            Ok(())
        } else {
            Err(Problem::missing_scope(scope.as_str()).into())
        }
    }

    /// While the key-encryption key is replaced: seals anew what the former one sealed.
    pub(super) fn reseal(&self) -> Outcome<()> {
        let vault = Settings::read(&self.env)?.vault();
        let Some(row) = self.row()? else {
            return Ok(());
        };
        let mut snapshot: Snapshot = json::read(&row.body)?;
        let mut resealed = false;
        for endpoint in &mut snapshot.endpoints {
            let place = Endpoint::secret_place(&snapshot.site, &endpoint.key);
            for sealed in endpoint.sealed() {
                if let Some(anew) = vault.reseal_secret(sealed, &place, chance::bytes()) {
                    *sealed = anew;
                    resealed = true;
                }
            }
            if let Some(connector) = &mut endpoint.connector {
                let place = Connector::place(&snapshot.site, &endpoint.key);
                let sealed = &mut connector.sealed_credentials;
                if let Some(anew) = vault.reseal_secret(sealed, &place, chance::bytes()) {
                    *sealed = anew;
                    resealed = true;
                }
            }
        }
        if let Some(sharding) = &mut snapshot.sharding {
            resealed |= sharding.reseal(&snapshot.site, &vault, chance::bytes());
        }
        if resealed {
            self.store.commit(|| self.keep(&mut snapshot))
        } else {
            Ok(())
        }
    }

    /// Keeps a change as the next revision, to be learned. Call within a commit.
    pub(super) fn keep(&self, snapshot: &mut Snapshot) -> Outcome<()> {
        let learned = self.row()?.map_or(0, |row| row.learned);
        snapshot.revision += 1;
        let revision = number(i64::try_from(snapshot.revision).unwrap_or(i64::MAX));
        let body = serde_json::to_string(snapshot)?;
        if body.len() > LARGEST_SNAPSHOT {
            let detail = "all forms in all languages together are too much text; shorten texts or make a second site";
            return Err(Problem::invalid(vec![FieldError::new("/forms", detail)]).into());
        }
        let values = vec![revision, number(learned), text(body)];
        Ok(self
            .store
            .run(include_str!("../../sql/site/site_upsert.sql"), values)?)
    }

    pub(super) fn row(&self) -> Outcome<Option<SiteRow>> {
        if !self.has_schema()? {
            return Ok(None);
        }
        Ok(self
            .store
            .row(include_str!("../../sql/site/site_select.sql"), Vec::new())?)
    }

    /// Whether the site was ever defined. If it was, its tables are up to date afterwards.
    fn has_schema(&self) -> Outcome<bool> {
        let version = Schema::version_of(&self.store)?;
        if (1..SCHEMA.newest()).contains(&version) {
            self.store.commit(|| SCHEMA.bring_up(&self.store))?;
        }
        Ok(version > 0)
    }
}
