//! Filling: more events than load could bring in good time, written straight into the file of a ledger that sleeps, and what the
//! file weighs.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::process;

/// Stands for the name of a copy: those of one round lie together, as what happens at one time does.
const COPY: &str = "{name}";

/// What a ledger's file weighs.
pub(super) struct Bytes {
    pub(super) total: u64,
    /// The heaviest tables and indexes, and their bytes
    pub(super) tables: Vec<(String, u64)>,
}

/// Weighs the file as it is after a checkpoint.
pub(super) fn bytes(state: &Path) -> Result<Bytes> {
    let file = ledger(state)?;
    sqlite(&file, "PRAGMA wal_checkpoint(TRUNCATE)")?;
    let total = fs::metadata(&file)?.len();
    // Without dbstat compiled in there is only the whole.
    let by_table = "SELECT name, SUM(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 10";
    let tables = sqlite(&file, by_table).unwrap_or_default();
    let tables = tables.lines().filter_map(|line| {
        let (name, bytes) = line.split_once('|')?;
        Some((name.to_owned(), bytes.parse().ok()?))
    });
    Ok(Bytes {
        total,
        tables: tables.collect(),
    })
}

/// Multiplies what is there until there are this many events, or takes the newest away.
///
/// Acts and events are copied as whole rows. What is sealed cannot be copied to another person: copied events go on naming the
/// people who are really there, and the rows of these lie among copies that nobody can open, as many as there would be.
pub(super) fn up_to(state: &Path, events: u64) -> Result<()> {
    let file = ledger(state)?;
    let there: u64 = sqlite(&file, "SELECT COUNT(*) FROM event")?
        .trim()
        .parse()?;
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
            let (columns, values) = columns(&file, table, other, events)?;
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
    sqlite(&file, &statements).map(drop)
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

/// The one ledger that has events.
fn ledger(state: &Path) -> Result<PathBuf> {
    let folder = state.join("objects/LedgerObject");
    let files = fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))?;
    let mut files = files.flatten().map(|file| file.path());
    let is_ledger = |file: &PathBuf| {
        file.extension().is_some_and(|end| end == "sqlite")
            && sqlite(file, "SELECT 1 FROM event LIMIT 1").is_ok()
    };
    files.find(is_ledger).context("there is no ledger")
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
