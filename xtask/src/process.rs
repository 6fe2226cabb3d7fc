//! Child processes that cannot outlive us: each runs in a process group of its own, is ended on Ctrl-C and SIGTERM,
//! and, on Linux, also when this process is killed outright. It refuses unsafe code; hence the guard, see below.

use std::{
    convert::Infallible,
    env,
    ffi::OsStr,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// How often a waiting loop looks at its children and at the signals.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// From here on Ctrl-C, SIGTERM and SIGHUP are noted instead of ending this process on the spot.
pub(crate) fn watch_signals() -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&INTERRUPTED))
            .context("cannot watch for signals")?;
    }
    Ok(())
}

/// Whether the user has asked us to end.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// The hidden command of xtask that [`command`] starts in front of every program.
pub(crate) const GUARD: &str = "__guard";

/// A program to run, without input, in a process group of its own, that ends with us.
///
/// Between fork and exec only unsafe code may run, so the request "end me with my parent" is made by a second
/// start of ourselves ([`guard`]), which then becomes the program.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    // The running file itself: its path may hold a newer build by now.
    let ourselves = if cfg!(target_os = "linux") {
        PathBuf::from("/proc/self/exe")
    } else {
        env::current_exe().unwrap_or_else(|_| PathBuf::from("xtask"))
    };
    let mut command = Command::new(ourselves);
    command
        .arg(GUARD)
        .arg(std::process::id().to_string())
        .arg(program);
    command.stdin(Stdio::null()).process_group(0);
    // `cargo run` describes xtask to us in these; a cargo that we start must not take them for its own.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name == "CARGO" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        {
            command.env_remove(name.as_ref());
        }
    }
    command.env_remove("RUST_RECURSION_COUNT");
    command
}

/// Becomes the program in `arguments`, after asking the kernel to end it with the parent named in front.
pub(crate) fn guard(arguments: &[String]) -> Result<Infallible> {
    let [parent, program, rest @ ..] = arguments else {
        bail!("{GUARD} is called by xtask itself");
    };
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_parent_process_death_signal(Some(Signal::TERM))
            .context("cannot tie a process to xtask")?;
        // The parent may have gone before we asked.
        let alive = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().to_string());
        if alive.as_ref() != Some(parent) {
            bail!("xtask has ended");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = parent;
    let error = Command::new(program).args(rest).exec();
    Err(error).with_context(|| format!("cannot run `{program}`"))
}

/// What the command line was meant to be, for people.
pub(crate) fn describe(command: &Command) -> String {
    // Ours is in front: guard and parent.
    command
        .get_args()
        .skip(2)
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Asks a child and all that it started to end.
pub(crate) fn terminate(child: &Child) {
    signal_group(child, Signal::TERM);
}

/// Ends a child and all that it started, gently first, and waits for it.
pub(crate) fn end(child: &mut Child) {
    terminate(child);
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        if !matches!(child.try_wait(), Ok(None)) {
            break;
        }
        thread::sleep(TICK);
    }
    // Also when the child itself has gone: a grandchild may have stayed.
    signal_group(child, Signal::KILL);
    let _ = child.wait();
}

fn signal_group(child: &Child, signal: Signal) {
    // A group that is gone already is what we want.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, signal);
    }
}

/// Waits for a child, calls `tick` while waiting, and ends the child when the user wants to stop or time is up.
pub(crate) fn wait(
    child: &mut Child,
    limit: Option<Duration>,
    mut tick: impl FnMut(Duration),
) -> Result<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().context("cannot wait for a process")? {
            return Ok(status);
        }
        if interrupted() {
            end(child);
            bail!("interrupted");
        }
        if limit.is_some_and(|limit| start.elapsed() > limit) {
            end(child);
            bail!("gave up after {} s", start.elapsed().as_secs());
        }
        tick(start.elapsed());
        thread::sleep(TICK);
    }
}

/// What a short command prints; `None` when it cannot run or fails.
pub(crate) fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = command(program)
        .args(arguments)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
