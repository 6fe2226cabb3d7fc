//! `wrangler.toml` deploys as it is: wrangler bundles it and would upload it.

use sayso_tests::script::run;
use sayso_tests::workspace::fresh_folder;

/// Ours, as in `cargo xtask size`, of which the words of 26 languages are a twelfth and five CRMs a seventh. Cloudflare takes 3 MB on the free plan.
const MAX_GZIP_KIB: f64 = 1_750_000.0 / 1024.0;

#[test]
fn wrangler_accepts_the_project_as_it_is() {
    let out = fresh_folder("deploy").display().to_string();
    let printed = run(
        "npx",
        &[
            "--no-install",
            "wrangler",
            "deploy",
            "--dry-run",
            "--outdir",
            &out,
        ],
        &[
            ("WRANGLER_SEND_METRICS", "false"),
            // It is a test: no log file in the home folder, no colours in what is read below.
            ("WRANGLER_LOG_PATH", &out),
            ("NO_COLOR", "1"),
        ],
    )
    .printed();
    for binding in ["SITE", "LEDGER", "MAILBOX", "ASSETS"] {
        assert!(
            printed.contains(&format!("env.{binding}")),
            "no {binding}:\n{printed}"
        );
    }
    assert!(!printed.to_lowercase().contains("warning"), "{printed}");
    let gzip = gzip_kib(&printed).unwrap_or_else(|| panic!("no size in:\n{printed}"));
    assert!(gzip < MAX_GZIP_KIB, "the Worker has {gzip} KiB");
}

/// From `Total Upload: 1.23 KiB / gzip: 0.45 KiB`.
fn gzip_kib(printed: &str) -> Option<f64> {
    let rest = printed.split("gzip:").nth(1)?;
    rest.split_whitespace().next()?.parse().ok()
}
