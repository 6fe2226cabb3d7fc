//! `cargo xtask bench widget`: how soon a visitor with a slow phone can tick, beside four consent managers in the same run, and what the
//! widget costs that phone. A figure, never a test: a busy machine is no fault of the widget's. Only `--strict` makes a missed target a
//! failure.

use std::process::{Command, ExitCode, Stdio};

use sayso_tests::stack::Stack;
use sayso_tests::workspace;
use serde_json::Value;

/// The targets, by what they are compared with.
const OF_VANILLA: f64 = 1.0;
const OF_KLARO: f64 = 0.65;
/// Milliseconds from which a browser calls a task long (W3C Long Tasks).
const LONG_TASK: f64 = 50.0;
/// Bytes, heap and wasm together.
const MEMORY: f64 = 6_000_000.0;

const USAGE: &str = "usage: bench widget [--runs 9] [--strict]";

fn main() -> ExitCode {
    let mut runs = 9;
    let mut strict = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--strict" => strict = true,
            "--runs" => {
                let number = arguments.next().and_then(|number| number.parse().ok());
                runs = number.filter(|number| *number > 0).expect(USAGE);
            }
            _ => panic!("{USAGE}"),
        }
    }
    let stack = Stack::start();
    let measured = measure(&stack, runs);
    let table = Table::of(&measured);
    println!(
        "\ncold cache, 150 ms, 1.6 Mbit/s, a processor 4 times slower; medians of {runs}, brotli for all"
    );
    table.print();
    println!();
    let missed = table.judge();
    ExitCode::from(u8::from(strict && missed))
}

/// One object for each page.
fn measure(stack: &Stack, runs: u32) -> Vec<Value> {
    let folder = workspace::root().join("xtask/src/bench/widget");
    let output = Command::new("node")
        .arg(folder.join("measure.mjs"))
        .env("COLLECTOR", stack.collector(""))
        .env("PAGES", stack.pages(""))
        .env("RUNS", runs.to_string())
        .stderr(Stdio::inherit())
        .output()
        .expect("node runs");
    assert!(output.status.success(), "the pages could not be measured");
    serde_json::from_slice(&output.stdout).expect("measure.mjs prints JSON")
}

struct Table {
    rows: Vec<Row>,
}

/// Times in milliseconds, sizes in bytes.
struct Row {
    name: String,
    tickable: f64,
    fastest: f64,
    slowest: f64,
    /// When the wasm had taken over; 0 for the others
    ready: f64,
    shift: f64,
    task: f64,
    scripts: Vec<String>,
    memory: f64,
    wasm: f64,
    bytes: f64,
    requests: f64,
}

impl Row {
    fn of(seen: &Value) -> Self {
        let number = |name: &str| seen[name].as_f64().unwrap_or_default();
        let scripts = seen["scripts"].as_array().into_iter().flatten();
        Self {
            name: seen["name"].as_str().unwrap_or_default().to_owned(),
            tickable: number("tickable"),
            fastest: number("fastest"),
            slowest: number("slowest"),
            ready: number("ready"),
            shift: number("shift"),
            task: number("task"),
            scripts: scripts
                .map(|script| {
                    let source = script["source"].as_str().unwrap_or_default();
                    let file = source.rsplit('/').next().unwrap_or_default();
                    let duration = script["duration"].as_f64().unwrap_or_default();
                    format!("{file} {} {duration:.0} ms", script["invoker"])
                })
                .collect(),
            memory: number("memory"),
            wasm: number("wasm"),
            bytes: number("bytes"),
            requests: number("requests"),
        }
    }
}

impl Table {
    fn of(measured: &[Value]) -> Self {
        Self {
            rows: measured.iter().map(Row::of).collect(),
        }
    }

    fn row(&self, name: &str) -> &Row {
        let found = self.rows.iter().find(|row| row.name == name);
        found.unwrap_or_else(|| panic!("{name} was not measured"))
    }

    fn print(&self) {
        println!(
            "{:<24}{:>12}{:>14}{:>10}{:>9}{:>8}{:>10}{:>9}{:>8}{:>9}{:>6}",
            "",
            "tickable ms",
            "from - to",
            "x vanilla",
            "x klaro",
            "CLS",
            "task ms",
            "heap KB",
            "wasm KB",
            "bytes",
            "files"
        );
        let [vanilla, klaro] = self.compared();
        for row in &self.rows {
            println!(
                "{:<24}{:>12.0}{:>14}{:>10.2}{:>9.2}{:>8.3}{:>10.0}{:>9.0}{:>8.0}{:>9.0}{:>6.0}",
                row.name,
                row.tickable,
                format!("{:.0} - {:.0}", row.fastest, row.slowest),
                row.tickable / vanilla,
                row.tickable / klaro,
                row.shift,
                row.task,
                row.memory / 1000.0,
                row.wasm / 1000.0,
                row.bytes,
                row.requests
            );
        }
    }

    fn compared(&self) -> [f64; 2] {
        ["vanilla-cookieconsent", "klaro"].map(|name| self.row(name).tickable)
    }

    /// Says of each target whether it is met; true if one is missed.
    fn judge(&self) -> bool {
        let ours = self.row("Sayso");
        let [vanilla, klaro] = self.compared();
        let memory = ours.memory + ours.wasm;
        let mut missed = false;
        for (what, found, most) in [
            (
                "tickable, times vanilla-cookieconsent",
                ours.tickable / vanilla,
                OF_VANILLA,
            ),
            ("tickable, times klaro", ours.tickable / klaro, OF_KLARO),
            ("layout shift", ours.shift, 0.0),
            ("longest task, ms", ours.task, LONG_TASK),
            ("memory, bytes of heap and wasm", memory, MEMORY),
        ] {
            let passes = found <= most;
            missed |= !passes;
            let verdict = if passes { "passes" } else { "MISSED" };
            println!("{verdict}  {what}: {found:.3} of at most {most}");
        }
        println!("the wasm has taken over after {:.0} ms", ours.ready);
        if ours.task > LONG_TASK {
            println!(
                "in the frame of the longest task ran: {}",
                ours.scripts.join("; ")
            );
        }
        missed
    }
}
