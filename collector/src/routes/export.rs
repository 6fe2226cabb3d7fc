//! `POST /v1/export`: how everything stands now, as a file that other programs read.

use std::{io::Write as _, vec};

use sayso_shared::{
    csv,
    key::SiteKey,
    problem::Problem,
    table::{TableFormat, Template},
};
use worker::{Env, Method, Response};

use super::{LARGEST_BODY, Wanted, keys, wrong_method};
use crate::{
    answer,
    failure::Outcome,
    json,
    ledger::{self, Ask, rows::RowsPart},
    pour::{Sink, poured},
    workbook::{self, Rows},
};

/// How many people a ledger is asked for at once: some hundred milliseconds of its time.
const AT_ONCE: u32 = 1000;

/// What Excel's files are.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// How every consent stands now, as CSV or as an Excel workbook, in columns as a template says (`collector/EXPORT.md`). It is written while
/// it is read, people by people: who changes something meanwhile is in it as before or as after. Who was erased is not in it. Nothing in it
/// is a formula to a spreadsheet. Scope `subjects:read`.
#[utoipa::path(
    post,
    path = "/v1/export",
    tag = "crm",
    params(("site" = Option<String>, Query, description = "With the admin token: the site")),
    request_body(content = Option<Template>, content_type = "application/json", description = "A template; none at all is good too",
        example = json!({"separator": ";", "dates": "date", "columns": [{"field": "email", "name": "E-mailadres"}, {"field": "status", "purpose": "EMARKETING", "name": "Nieuwsbrief", "values": {"given": "Ja"}, "otherwise": "Nee"}]})),
    responses(
        (status = 200, description = "The table", content(
            (String = "text/csv", example = "E-mailadres;Nieuwsbrief\r\nkim@example.nl;Ja\r\n"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        (status = 400, description = "Not JSON, or a parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "With the admin token: no such site", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The template does not fit the site", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["subjects:read"]))
)]
pub(super) async fn export(mut wanted: Wanted<'_>) -> Outcome<Response> {
    if wanted.request.method() != Method::Post {
        return wrong_method("POST");
    }
    let (site, key) = keys::site_of(&wanted)?;
    let body = wanted.body(LARGEST_BODY).await?;
    let template: Template = if body.is_empty() {
        Template::default()
    } else {
        let document = json::read(&body).map_err(|error| {
            let why = format!("It goes wrong at line {}.", error.line());
            Problem::not_json(&why)
        })?;
        json::fields(&document)?
    };
    let mut source = Source {
        env: wanted.env.clone(),
        site,
        key,
        template,
        shard: 0,
        shards: 1,
        next: Some(String::new()),
        names: Vec::new(),
        first: None,
    };
    // What is wrong is said before anything is written.
    let part = source.part().await?;
    (source.shards, source.names) = (part.shards, part.names);
    source.first = Some(part.rows.into_iter());
    let (content_type, ending) = match source.template.format {
        TableFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        TableFormat::Xlsx => (XLSX, "xlsx"),
    };
    let named = format!("attachment; filename=\"{}-consents.{ending}\"", source.site);
    let response = match source.template.format {
        TableFormat::Csv => Response::from_stream(poured(|sink| write_csv(sink, source)))?,
        TableFormat::Xlsx => Response::from_stream(poured(|sink| workbook::write(sink, source)))?,
    };
    let headers = response.headers();
    headers.set("content-type", content_type)?;
    headers.set("content-disposition", &named)?;
    headers.set("cache-control", "no-store")?;
    let accepted = wanted.header("accept-encoding")?.unwrap_or_default();
    // A workbook is compressed already.
    if ending == "csv" {
        Ok(answer::compressed(response, &accepted)?)
    } else {
        Ok(response)
    }
}

async fn write_csv(mut sink: Sink, mut source: Source) -> Outcome<()> {
    let separator = source.template.separator.as_char();
    if source.template.byte_order_mark {
        sink.write_all("\u{feff}".as_bytes())?;
    }
    sink.write_all(csv::line(&source.names, separator).as_bytes())?;
    while let Some(rows) = source.next().await? {
        for row in rows {
            sink.write_all(csv::line(&row, separator).as_bytes())?;
        }
    }
    Ok(())
}

/// The rows of a whole site, one shard after the other.
struct Source {
    env: Env,
    site: SiteKey,
    key: Option<String>,
    template: Template,
    shard: u16,
    shards: u16,
    /// After whom to go on in this shard
    next: Option<String>,
    names: Vec<String>,
    /// Rows that are here already
    first: Option<vec::IntoIter<Vec<String>>>,
}

impl Source {
    async fn part(&mut self) -> Outcome<RowsPart> {
        let ask = Ask::Rows {
            key: self.key.clone(),
            template: Box::new(self.template.clone()),
            after: self.next.take().unwrap_or_default(),
            most: AT_ONCE,
        };
        let part: RowsPart = ledger::ask_for(&self.env, &self.site, self.shard, &ask).await?;
        self.next.clone_from(&part.next);
        Ok(part)
    }
}

impl Rows for Source {
    fn names(&self) -> &[String] {
        &self.names
    }

    async fn next(&mut self) -> Outcome<Option<Vec<Vec<String>>>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first.collect()));
        }
        if self.next.is_none() {
            self.shard += 1;
            self.next = Some(String::new());
        }
        if self.shard >= self.shards {
            return Ok(None);
        }
        Ok(Some(self.part().await?.rows))
    }
}
