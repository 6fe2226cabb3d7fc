//! Who asks: the admin token, or a key of a site.

use std::cell::RefCell;

use sayso_shared::{
    api_key::{ApiKey, Scope, used_in},
    key::SiteKey,
    problem::Problem,
    time::Timestamp,
};
use worker::{Env, Request, Result};

use super::Wanted;
use crate::{
    clock,
    failure::{Failure, Outcome},
    ledger,
    site::{self, Ask},
};

/// How many keys an isolate remembers to have noted; forgetting them is harmless.
const MOST_NOTED: usize = 200;

thread_local! {
    /// Keys by their digests, and the hour that was noted last.
    static NOTED: RefCell<Vec<(String, Timestamp)>> = const { RefCell::new(Vec::new()) };
}

/// Who asks.
pub(super) enum Caller {
    /// Whoever runs the collector
    Admin,
    /// The holder of a key; whether it is one, its site has to say
    KeyHolder(ApiKey),
}

/// Who asks, by `Authorization: Bearer …`: 401 if nobody does.
pub(super) fn caller(wanted: &Wanted<'_>) -> Outcome<Caller> {
    let header = wanted
        .header("authorization")?
        .ok_or_else(Problem::unauthorized)?;
    // Names of schemes are read in any case (RFC 9110 section 11.1).
    let (scheme, token) = header.split_once(' ').ok_or_else(Problem::unauthorized)?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::unauthorized().into());
    }
    if wanted.settings.is_admin(token) {
        return Ok(Caller::Admin);
    }
    Ok(Caller::KeyHolder(
        ApiKey::parse(token).ok_or_else(Problem::unauthorized)?,
    ))
}

/// The key of a site that a request shows, good or not.
pub(super) fn presented(request: &Request) -> Result<Option<ApiKey>> {
    let header = request.headers().get("authorization")?;
    let token = header.as_deref().and_then(|header| header.split_once(' '));
    Ok(token.and_then(|(_, token)| ApiKey::parse(token.trim())))
}

/// Notes in which hour a key was used, once an hour in each isolate: nothing is written for most requests. It is no part of what was
/// asked: if it fails, the next request does it.
pub(super) async fn note(env: &Env, key: &ApiKey) {
    let hour = used_in(clock::now());
    let noted = (key.digest(), hour);
    if NOTED.with_borrow(|known| known.contains(&noted)) {
        return;
    }
    let used = ledger::Ask::KeyUsed { key: key.exposed() };
    let answered = ledger::ask(env, key.site(), 0, &used).await;
    if answered.is_ok_and(|answer| answer.status_code() == 204) {
        NOTED.with_borrow_mut(|known| {
            known.retain(|(_, at)| *at == hour);
            known.truncate(MOST_NOTED);
            known.push(noted);
        });
    }
}

/// Whoever may define this site: whoever runs the collector, or the holder of a key of the site with `site:admin`. 401 for
/// nobody, 403 for the holder of another key.
pub(super) async fn admin(wanted: &Wanted<'_>, site: &str) -> Outcome<()> {
    holder(wanted, site, Scope::SiteAdmin).await
}

/// Whoever runs the collector, or the holder of a key of the site with this scope. 401 for nobody, 403 for the holder of another key.
pub(super) async fn holder(wanted: &Wanted<'_>, site: &str, scope: Scope) -> Outcome<()> {
    let Caller::KeyHolder(key) = caller(wanted)? else {
        return Ok(());
    };
    let authorize = Ask::Authorize {
        key: key.exposed(),
        scope,
    };
    let answered = site::ask(wanted.env, key.site(), &authorize).await?;
    if answered.status_code() >= 400 {
        return Err(Failure::Answered(Box::new(answered)));
    }
    if key.site().as_str() == site {
        Ok(())
    } else {
        Err(Problem::missing_scope(scope.as_str()).into())
    }
}

/// The site that is asked about: a key's own, or for the admin the one that `site` names. 404 for the holder of another site's key.
pub(super) fn site_of(wanted: &Wanted<'_>) -> Outcome<(SiteKey, Option<String>)> {
    match caller(wanted)? {
        Caller::KeyHolder(key) => {
            // Whoever names another site than that of the key would take what comes for that site's.
            let named = wanted.parameter("site")?;
            if named.is_some_and(|named| named != key.site().as_str()) {
                return Err(Problem::unknown_site().into());
            }
            Ok((key.site().clone(), Some(key.exposed())))
        }
        Caller::Admin => {
            let must = "is needed with the admin token: the name of the site";
            let site = wanted
                .parameter("site")?
                .ok_or_else(|| Problem::bad_parameter("site", must))?;
            Ok((super::site_key(&site)?, None))
        }
    }
}
