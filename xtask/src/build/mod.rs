//! The two wasm files and what goes with them: `widget/dist` and `collector/build`.
//! What has not changed is not made again: cargo knows for the compiling, a stamp for what comes after.

mod collector;
mod compress;
mod widget;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    process, setup,
    step::{self, Steps},
    workspace,
};

/// What to build, and how talkatively.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    widget: bool,
    collector: bool,
    print: bool,
}

impl Options {
    /// Both.
    pub(crate) const ALL: Self = Self {
        widget: true,
        collector: true,
        print: false,
    };

    /// The Worker alone.
    pub(crate) const COLLECTOR: Self = Self {
        widget: false,
        collector: true,
        print: false,
    };

    /// Parses `[widget|collector] [--print]`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            widget: false,
            collector: false,
            print: false,
        };
        for argument in arguments {
            match argument.as_str() {
                "widget" => options.widget = true,
                "collector" => options.collector = true,
                "--print" => options.print = true,
                other => return Err(crate::unknown_option(other)),
            }
        }
        if !options.widget && !options.collector {
            options.widget = true;
            options.collector = true;
        }
        Ok(options)
    }
}

/// `cargo xtask build`: builds, and prints the tag for those who pin the widget.
pub(crate) fn command(options: Options) -> Result<()> {
    run(options)?;
    if options.widget {
        step::note(&format!("to pin this widget: {}", widget::pinned()?));
    }
    Ok(())
}

/// Sets up what building needs, then builds.
pub(crate) fn run(options: Options) -> Result<()> {
    setup::run(setup::Purpose::Building)?;
    let _turn = setup::one_at_a_time()?;
    if options.widget {
        widget::build(options.print)?;
        compress::widget()?;
    }
    if options.collector {
        collector::build(options.print)?;
    }
    Ok(())
}

/// Builds native programs of this workspace, by package.
pub(crate) fn programs(packages: &[&str]) -> Result<()> {
    let mut cargo = process::command("cargo");
    cargo.current_dir(workspace::root()).arg("build");
    for package in packages {
        cargo.args(["--package", package]);
    }
    step::run(&format!("cargo build {}", packages.join(" ")), cargo)
}

/// Compiles one package to wasm and returns the file that comes out of it.
fn compile(package: &str, profile: &str, print: bool) -> Result<PathBuf> {
    let toolchain = setup::wasm_toolchain()?;
    let mut cargo = process::command("cargo");
    cargo
        // In the folder of the room, as worker-build does it: the features are then resolved alike.
        .current_dir(workspace::root().join(package.trim_start_matches("sayso-")))
        .args(["build", "--lib", "--profile", profile])
        .args(["--target", "wasm32-unknown-unknown"]);
    toolchain.apply(&mut cargo);
    // worker-build sets this for the macros of wasm-bindgen; without it cargo would compile twice.
    cargo.env("WASM_BINDGEN_USE_JS_SYS", "1");
    Steps::begin(&format!("{package}: cargo build for wasm"))?
        .showing(print)
        .then(cargo)?
        .done();
    let file = workspace::target()
        .join("wasm32-unknown-unknown")
        .join(profile)
        .join(format!("{}.wasm", package.replace('-', "_")));
    if !file.exists() {
        bail!("cargo did not make {}", file.display());
    }
    Ok(file)
}

/// Remembers from which inputs an output was made.
struct Stamp {
    file: PathBuf,
    wanted: String,
    output: PathBuf,
}

impl Stamp {
    /// `recipe` is a number to raise when the making itself changes.
    fn new(name: &str, recipe: u32, output: PathBuf, inputs: &[PathBuf]) -> Result<Self> {
        let mut inputs = inputs.to_vec();
        // The versions of the tools that come after the compiler.
        inputs.push(workspace::root().join("package-lock.json"));
        Ok(Self {
            file: workspace::scratch()?.join(format!("{name}.stamp")),
            wanted: format!("{recipe} {}", workspace::fingerprint(&inputs)),
            output,
        })
    }

    fn holds(&self) -> bool {
        self.output.exists()
            && fs::read_to_string(&self.file).is_ok_and(|found| found == self.wanted)
    }

    fn set(&self) -> Result<()> {
        fs::write(&self.file, &self.wanted)
            .with_context(|| format!("cannot write {}", self.file.display()))
    }
}

fn esbuild() -> Command {
    process::command(workspace::npm_tool("esbuild"))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
