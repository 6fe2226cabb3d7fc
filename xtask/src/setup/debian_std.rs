//! The wasm target without rustup's servers: Debian ships a compiler (`rustc-web`) together with the sources of its
//! standard library. We build that library for wasm once, put it where the compiler looks, and tell rustup about it.
//! It refuses to touch the user's own toolchain.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use super::{
    apt::Root,
    wasm_target::{TARGET, WasmToolchain, has_std},
};
use crate::{process, step, workspace};

const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
/// Our name for `/usr` in rustup; other names are the user's.
const TOOLCHAIN: &str = "sayso-debian";
/// Beside the libraries: which compiler they were built by. An upgraded one refuses them.
const BUILT_BY: &str = "sayso-built-by";

/// The toolchain, when an earlier run has made it and the compiler is still the same.
pub(crate) fn find() -> Option<WasmToolchain> {
    let verbose = process::answer(RUSTC, &["-vV"])?;
    let built_by = fs::read_to_string(library_folder().ok()?.join(BUILT_BY)).ok()?;
    if built_by != verbose || !has_std(RUSTC) {
        return None;
    }
    let toolchains = process::answer("rustup", &["toolchain", "list"])?;
    toolchains
        .lines()
        .any(|line| line.split_whitespace().next() == Some(TOOLCHAIN))
        .then(|| toolchain(&verbose))
}

/// Installs the packages, builds the library, and links the toolchain.
pub(crate) fn install() -> Result<()> {
    let Some(root) = Root::with_apt() else {
        bail!(
            "`apt-get install rustc-web cargo-web rust-web-src lld-22` (the newest lld that Debian has), then run this again"
        );
    };
    if !Path::new("/usr/lib/rustlib/src").exists() || process::answer(RUSTC, &["-V"]).is_none() {
        root.install(
            "Rust with wasm sources",
            &["rustc-web", "cargo-web", "rust-web-src"],
        )?;
    }
    let verbose = process::answer(RUSTC, &["-vV"])
        .with_context(|| format!("{RUSTC} does not run after the installation of rustc-web"))?;
    if process::answer(&linker(&verbose), &["--version"]).is_none() {
        root.install("linker for wasm", &[&format!("lld-{}", llvm(&verbose))])?;
    }
    build_library(root, &verbose)?;
    if process::answer("rustup", &["--version"]).is_none() {
        bail!("rustup is not installed; https://rustup.rs");
    }
    let mut link = process::command("rustup");
    link.args(["toolchain", "link", TOOLCHAIN, "/usr"]);
    step::run(&format!("rustup toolchain link {TOOLCHAIN} /usr"), link)?;
    find()
        .map(drop)
        .context("the toolchain was made, but rustup does not list it")
}

fn toolchain(verbose: &str) -> WasmToolchain {
    WasmToolchain {
        toolchain: Some(TOOLCHAIN.to_owned()),
        linker: Some(linker(verbose)),
    }
}

/// Debian's rustc brings no linker; the one of its own LLVM version is sure to read its objects.
fn linker(verbose: &str) -> String {
    format!("wasm-ld-{}", llvm(verbose))
}

fn llvm(verbose: &str) -> &str {
    verbose
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))
        .and_then(|version| version.split('.').next())
        .unwrap_or("22")
}

fn library_folder() -> Result<PathBuf> {
    let sysroot = process::answer(RUSTC, &["--print", "sysroot"])
        .with_context(|| format!("{RUSTC} does not say where its sysroot is"))?;
    Ok(Path::new(&sysroot)
        .join("lib/rustlib")
        .join(TARGET)
        .join("lib"))
}

fn build_library(root: Root, verbose: &str) -> Result<()> {
    let folder = workspace::scratch()?.join("std");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    fs::write(
        folder.join("Cargo.toml"),
        // A workspace of its own, as it lies inside ours.
        "[package]\nname = \"empty\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [profile.release]\nopt-level = 3\ncodegen-units = 1\npanic = \"abort\"\n",
    )?;
    fs::write(folder.join(BUILT_BY), verbose)?;

    let mut build = process::command(CARGO);
    build
        .current_dir(&folder)
        .args(["build", "--release", "-Zbuild-std=std,panic_abort"])
        .args(["--target", TARGET, "--target-dir", "target"])
        .env("RUSTC", RUSTC)
        // Debian's compiler is a stable one; only the building of std itself asks for more.
        .env("RUSTC_BOOTSTRAP", "1")
        // Without bitcode inside, a later build with `lto = "fat"` fails.
        .env(
            "RUSTFLAGS",
            "-Cembed-bitcode=yes -Zforce-unstable-if-unmarked",
        )
        .env_remove("CARGO_TARGET_DIR");
    step::run("Rust's standard library for wasm (once)", build)?;

    let made = folder.join("target").join(TARGET).join("release/deps");
    let libraries: Vec<PathBuf> = fs::read_dir(&made)
        .with_context(|| format!("cannot read {}", made.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "rlib")
        })
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !name.starts_with("libempty-")
        })
        .collect();
    let goal = library_folder()?;
    let mut clear = root.command("rm");
    clear.arg("-rf").arg(&goal);
    let mut create = root.command("mkdir");
    create.arg("-p").arg(&goal);
    let mut copy = root.command("cp");
    copy.args(&libraries).arg(folder.join(BUILT_BY)).arg(&goal);
    step::Steps::begin(&format!("copy it to {}", goal.display()))?
        .then(clear)?
        .then(create)?
        .then(copy)?
        .done();
    let _ = fs::remove_dir_all(&folder);
    Ok(())
}
