//! Filling: more events than load could bring in good time, written straight into the files of ledgers that sleep, and what the
//! files weigh.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::process;

/// Stands for the name of a copy: those of one round lie together, as what happens at one time does.
const COPY: &str = "{name}";

/// What the files of the ledgers weigh.
pub(super) struct Bytes {
    pub(super) total: u64,
    /// The heaviest tables and indexes, and their bytes
    pub(super) tables: Vec<(String, u64)>,
}

/// Weighs the files as they are after a checkpoint.
pub(super) fn bytes(state: &Path) -> Result<Bytes> {
    let mut total = 0;
    let mut by_table = BTreeMap::<String, u64>::new();
    for file in ledgers(state)? {
        sqlite(&file, "PRAGMA wal_checkpoint(TRUNCATE)")?;
        total += fs::metadata(&file)?.len();
        // Without dbstat compiled in there is only the whole.
        let weighed = "SELECT name, SUM(pgsize) FROM dbstat GROUP BY name";
        for line in sqlite(&file, weighed).unwrap_or_default().lines() {
            if let Some((name, bytes)) = line.split_once('|') {
                *by_table.entry(name.to_owned()).or_default() += bytes.parse().unwrap_or(0);
            }
        }
    }
    let mut tables: Vec<_> = by_table.into_iter().collect();
    tables.sort_by_key(|(_, bytes)| Reverse(*bytes));
    tables.truncate(10);
    Ok(Bytes { total, tables })
}

/// Multiplies what is there until there are this many events, or takes the newest away.
///
/// Acts and events are copied as whole rows. What is sealed cannot be copied to another person: copied events go on naming the
/// people who are really there, and the rows of these lie among copies that nobody can open, as many as there would be.
pub(super) fn up_to(state: &Path, events: u64) -> Result<()> {
    let files = ledgers(state)?;
    let each = events.div_ceil(files.len() as u64);
    files.iter().try_for_each(|file| fill(file, each))
}

/// Adds people whom nobody knows until there are so many: rows that a look-up passes.
pub(super) fn people(state: &Path, people: u64) -> Result<()> {
    let files = ledgers(state)?;
    let each = people.div_ceil(files.len() as u64);
    files.iter().try_for_each(|file| {
        let there: u64 = sqlite(file, "SELECT COUNT(*) FROM subject")?
            .trim()
            .parse()?;
        let more = each.saturating_sub(there);
        let other = [("id", "printf('nobody-%08d', n)"), ("lookup", "randomblob(32)")];
        let (columns, values) = columns(file, "subject", &other, people)?;
        let statement = format!(
            "INSERT INTO subject ({columns}) SELECT {values} FROM \
             (WITH RECURSIVE copy (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < {more}) SELECT n FROM copy) \
             CROSS JOIN (SELECT * FROM subject LIMIT 1);PRAGMA wal_checkpoint(TRUNCATE)"
        );
        if more > 0 {
            sqlite(file, &statement)?;
        }
        Ok(())
    })
}

fn fill(file: &Path, events: u64) -> Result<()> {
    let there: u64 = sqlite(file, "SELECT COUNT(*) FROM event")?.trim().parse()?;
    if there == 0 {
        bail!("there is no event to copy");
    }
    let mut statements = "BEGIN;".to_owned();
    let times = events.div_ceil(there).saturating_sub(1);
    if times > 0 {
        for (table, other) in [
            ("act", &[("id", COPY)][..]),
            ("event", &[("seq", "NULL"), ("act", COPY)]),
            ("subject", &[("id", COPY), ("lookup", "randomblob(32)")]),
        ] {
            let (columns, values) = columns(file, table, other, events)?;
            let _ = write!(
                statements,
                "INSERT INTO {table} ({columns}) SELECT {values} FROM \
                 (WITH RECURSIVE copy (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < {times}) SELECT n FROM copy) \
                 CROSS JOIN {table};"
            );
        }
    }
    let _ = write!(
        statements,
        "DELETE FROM event WHERE seq > (SELECT seq FROM event ORDER BY seq LIMIT 1 OFFSET {});COMMIT;PRAGMA wal_checkpoint(TRUNCATE)",
        events - 1
    );
    sqlite(file, &statements).map(drop)
}

/// The columns of a table, and what is selected for each.
fn columns(
    file: &Path,
    table: &str,
    other: &[(&str, &str)],
    events: u64,
) -> Result<(String, String)> {
    let names = sqlite(
        file,
        &format!("SELECT name FROM pragma_table_info('{table}')"),
    )?;
    let names: Vec<&str> = names.lines().collect();
    let values = names.iter().map(|name| {
        let changed = other.iter().find(|(changed, _)| changed == name);
        changed.map_or((*name).to_owned(), |(_, value)| {
            value.replace(
                "{name}",
                &format!("printf('{events:07}-%05d-', n) || {name}"),
            )
        })
    });
    let values: Vec<String> = values.collect();
    Ok((names.join(", "), values.join(", ")))
}

/// The ledgers that have events.
fn ledgers(state: &Path) -> Result<Vec<PathBuf>> {
    let folder = state.join("objects/LedgerObject");
    let files = fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))?;
    let files = files.flatten().map(|file| file.path());
    let is_ledger = |file: &PathBuf| {
        file.extension().is_some_and(|end| end == "sqlite")
            && sqlite(file, "SELECT 1 FROM event LIMIT 1").is_ok_and(|found| !found.is_empty())
    };
    let files: Vec<PathBuf> = files.filter(is_ledger).collect();
    if files.is_empty() {
        bail!("there is no ledger with events");
    }
    Ok(files)
}

fn sqlite(file: &Path, statements: &str) -> Result<String> {
    let output = process::command("sqlite3")
        .args(["-bail", "-batch", "-cmd", ".timeout 10000"])
        .arg(file)
        .arg(statements)
        .output()
        .context("cannot run sqlite3")?;
    if !output.status.success() {
        bail!("sqlite3: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
