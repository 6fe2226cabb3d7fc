//! Who asks: the admin token, or a key of a site.

use sayso_shared::{api_key::ApiKey, key::SiteKey, problem::Problem};

use super::Wanted;
use crate::failure::Outcome;

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
    let token = header
        .strip_prefix("Bearer ")
        .ok_or_else(Problem::unauthorized)?
        .trim();
    if wanted.settings.is_admin(token) {
        return Ok(Caller::Admin);
    }
    Ok(Caller::KeyHolder(
        ApiKey::parse(token).ok_or_else(Problem::unauthorized)?,
    ))
}

/// Only whoever runs the collector: 401 for nobody, 403 for the holder of a key.
pub(super) fn admin(wanted: &Wanted<'_>) -> Outcome<()> {
    match caller(wanted)? {
        Caller::Admin => Ok(()),
        Caller::KeyHolder(_) => Err(Problem::missing_scope("site:admin").into()),
    }
}

/// The site that is asked about: a key's own, or for the admin the one that `site` names.
pub(super) fn site_of(wanted: &Wanted<'_>) -> Outcome<(SiteKey, Option<String>)> {
    match caller(wanted)? {
        Caller::KeyHolder(key) => Ok((key.site().clone(), Some(key.exposed()))),
        Caller::Admin => {
            let must = "is needed with the admin token: the name of the site";
            let site = wanted
                .parameter("site")?
                .ok_or_else(|| Problem::bad_parameter("site", must))?;
            Ok((super::site_key(&site)?, None))
        }
    }
}
