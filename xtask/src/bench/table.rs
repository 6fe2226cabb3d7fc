//! The table: every figure beside its target.

use super::{fill::Bytes, load::Outcome, pull::Pulled};
use crate::step;

/// Lines of the table, and what the next ones are compared with.
#[derive(Default)]
pub(super) struct Table {
    lines: Vec<String>,
    first_pull: Option<f64>,
}

#[allow(clippy::cast_precision_loss)] // Bytes and counts of a bench.
impl Table {
    pub(super) fn submissions(
        &mut self,
        least: &Outcome,
        least_rows: u64,
        ours: &Outcome,
        our_rows: u64,
        shards: u16,
    ) {
        let name = match shards {
            1 => "the collector, one shard".to_owned(),
            _ => format!("the collector, {shards} shards"),
        };
        self.heading(
            "submissions, 32 connections",
            &["per s", "p50 ms", "p99 ms", "acknowledged", "found"],
        );
        for (name, outcome, rows) in [
            ("one INSERT in a bare Worker", least, least_rows),
            (name.as_str(), ours, our_rows),
        ] {
            self.row(
                name,
                &[
                    format!("{:.0}", outcome.per_second),
                    format!("{:.1}", outcome.p50),
                    format!("{:.1}", outcome.p99),
                    format!("{:.2}", outcome.cpu),
                    outcome.acknowledged.to_string(),
                    rows.to_string(),
                ],
            );
        }
        let (rate, p99) = (ours.per_second / least.per_second, ours.p99 / least.p99);
        self.row(
            "ratio",
            &[
                format!("{rate:.2}"),
                format!("{:.1}", ours.p50 / least.p50),
                format!("{p99:.1}"),
            ],
        );
        self.target("rate at least 0.5", rate >= 0.5);
        self.target("p99 at most 3", p99 <= 3.0);
        self.lines.push(format!(
            "  mails and all else done {:.1} s after a round, at most",
            ours.settled.as_secs_f64()
        ));
    }

    pub(super) fn disk(&mut self, bytes: &Bytes, submissions: u64) {
        let of = |bytes: u64| format!("{:.0}", bytes as f64 / submissions.max(1) as f64);
        self.heading("bytes on disk", &["per submission", "per consent"]);
        self.row("in all", &[of(bytes.total), of(bytes.total / 2)]);
        for (table, bytes) in &bytes.tables {
            self.row(&format!("  {table}"), &[of(*bytes)]);
        }
    }

    pub(super) fn pull(&mut self, pulled: &Pulled) {
        if self.first_pull.is_none() {
            self.heading(
                "a page of 100 events",
                &["p50 ms", "p99 ms", "ratio of p50"],
            );
        }
        let ratio = pulled.p50 / *self.first_pull.get_or_insert(pulled.p50);
        let row = [
            format!("{:.1}", pulled.p50),
            format!("{:.1}", pulled.p99),
            format!("{ratio:.2}"),
        ];
        self.row(&format!("of {} events", pulled.events), &row);
        self.target("ratio at most 1.3", ratio <= 1.3);
    }

    pub(super) fn print(&self) {
        for line in &self.lines {
            step::say(line);
        }
    }

    fn heading(&mut self, name: &str, columns: &[&str]) {
        self.lines.push(String::new());
        self.lines.push(line(name, columns));
    }

    fn row(&mut self, name: &str, cells: &[String]) {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        self.lines.push(line(&format!("  {name}"), &cells));
    }

    fn target(&mut self, target: &str, met: bool) {
        let met = if met { "met" } else { "missed" };
        self.lines.push(format!("  target: {target}: {met}"));
    }
}

fn line(name: &str, cells: &[&str]) -> String {
    cells.iter().fold(format!("{name:<32}"), |line, cell| {
        format!("{line}{cell:>15}")
    })
}
