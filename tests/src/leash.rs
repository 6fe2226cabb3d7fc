//! A process that ends when this one does, however this one ends: by return, by panic, by kill -9.
//!
//! A shell holds the process and a pipe from here. When the pipe closes, which the kernel does for the dead, the shell
//! sends SIGTERM. It refuses nothing and needs no more than `sh`.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::deadline::{PATIENCE, within};

const STREAMS: u8 = 2;
const LAST_WORDS: Duration = Duration::from_secs(5);

const SHELL: &str = r#"
exec 3<&0
sh -c 'echo "$$"; exec "$@"' leash "$@" </dev/null 3<&- &
child=$!
(read -r _ <&3; kill -TERM "$child") >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$child"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"
"#;

/// A running process and what it has printed so far.
#[derive(Debug)]
pub struct Leash {
    shell: Child,
    /// The pipe whose closing ends the process.
    hold: Option<ChildStdin>,
    pid: u32,
    output: Arc<Output>,
}

#[derive(Debug, Default)]
struct Output {
    /// What came, and how many streams have ended.
    text: Mutex<(String, u8)>,
    grown: Condvar,
}

impl Leash {
    /// Starts `program` with `arguments` in `folder`, with `environment` added to ours.
    #[must_use]
    pub fn start(
        program: &Path,
        arguments: &[&str],
        folder: &Path,
        environment: &[(&str, &str)],
    ) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", SHELL, "leash"])
            .arg(program)
            .args(arguments)
            .current_dir(folder)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh is on every machine");

        let hold = shell.stdin.take();
        let mut stdout = BufReader::new(shell.stdout.take().expect("piped above"));
        let mut first = String::new();
        stdout
            .read_line(&mut first)
            .expect("the shell prints a pid");
        let pid = first.trim().parse().expect("the shell prints a pid");

        let output = Arc::new(Output::default());
        output.follow(stdout);
        output.follow(BufReader::new(shell.stderr.take().expect("piped above")));
        Leash {
            shell,
            hold,
            pid,
            output,
        }
    }

    /// The process, not the shell that holds it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// All that it has printed up to now, both streams.
    #[must_use]
    pub fn printed(&self) -> String {
        self.output.text().0.clone()
    }

    /// Waits for a whole line.
    ///
    /// # Errors
    /// All that was printed, when the process ends without that line or takes longer than `patience`.
    pub fn wait_for_line(&self, line: &str, patience: Duration) -> Result<(), String> {
        let end = Instant::now() + patience;
        let mut text = self.output.text();
        loop {
            if text.0.lines().any(|printed| printed.trim() == line) {
                return Ok(());
            }
            let left = end.saturating_duration_since(Instant::now());
            let both_streams_ended = text.1 == STREAMS;
            if both_streams_ended || left.is_zero() {
                return Err(text.0.clone());
            }
            text = self
                .output
                .grown
                .wait_timeout(text, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Asks it to end and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        self.hold = None;
        self.wait()
    }

    /// Waits until it ends by itself, and its last words have come in.
    pub fn wait(&mut self) -> ExitStatus {
        let status = within(PATIENCE, || self.shell.try_wait().ok().flatten());
        let status = status.unwrap_or_else(|| {
            panic!(
                "process {} does not end; it printed:\n{}",
                self.pid,
                self.printed()
            )
        });
        // A child that it left behind may hold the streams open: that is for the test to notice, not to wait for.
        let _ = within(LAST_WORDS, || {
            (self.output.text().1 == STREAMS).then_some(())
        });
        status
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        self.hold = None;
        // Also when a test has failed: the next one may want the same port.
        let _ = within(PATIENCE, || self.shell.try_wait().ok().flatten());
    }
}

impl Output {
    fn text(&self) -> MutexGuard<'_, (String, u8)> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow(self: &Arc<Self>, mut stream: impl Read + Send + 'static) {
        let output = Arc::clone(self);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let length = stream.read(&mut buffer).unwrap_or(0);
                let mut text = output.text();
                if length == 0 {
                    text.1 += 1;
                } else {
                    text.0.push_str(&String::from_utf8_lossy(&buffer[..length]));
                }
                drop(text);
                output.grown.notify_all();
                if length == 0 {
                    return;
                }
            }
        });
    }
}
