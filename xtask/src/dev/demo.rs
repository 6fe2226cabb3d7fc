//! Loads the demo sites as an operator would: through the admin routes, with the admin token.

use std::{fs, os::unix::fs::OpenOptionsExt, path::Path};

use std::io::Write as _;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{
    Ports,
    http::{self, Answer},
    origin,
    secrets::Secrets,
};
use crate::{step, workspace};

/// What the example pages ask for: the shop's own site, and one in Arabic for the page of looks.
const SITES: [(&str, &str); 2] = [
    ("demo", "examples/demo-site.json"),
    ("demo-ar", "examples/looks/site-ar.json"),
];

/// Defines the sites, the endpoint of the first and the key of the CRM that pulls.
pub(super) fn load(ports: Ports, state: &Path, secrets: &Secrets) -> Result<()> {
    let admin = Admin {
        port: ports.collector,
        token: secrets.admin_token(),
    };
    for (name, file) in SITES {
        admin.put(&format!("/v1/sites/{name}"), &site(file, ports)?)?;
    }
    let endpoint = json!({
        "url": format!("{}/webhooks", origin(ports.receiver)),
        "secret": secrets.webhook(),
    });
    admin.put("/v1/sites/demo/endpoints/demo-crm", &endpoint)?;
    key(&admin, &state.join("demo-key"))?;
    step::satisfied("demo site");
    Ok(())
}

fn site(file: &str, ports: Ports) -> Result<Value> {
    let file = workspace::root().join(file);
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut site: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))?;
    // The file names the pages of the default port.
    site["origins"] = json!([origin(ports.pages)]);
    Ok(site)
}

/// A key is shown once, when it is made. When we have lost what was shown, we need another one.
fn key(admin: &Admin, file: &Path) -> Result<()> {
    const PATH: &str = "/v1/sites/demo/keys/demo-crm";
    let wanted = json!({ "scopes": ["events:read", "subjects:read"] });
    let mut answer = admin.put(PATH, &wanted)?;
    if secret(&answer).is_none() && !file.exists() {
        admin.expect("DELETE", PATH, None)?;
        answer = admin.put(PATH, &wanted)?;
    }
    match secret(&answer) {
        Some(secret) => write_secret(file, &secret),
        None if file.exists() => Ok(()),
        None => bail!("PUT {PATH} answered {} without a secret", answer.status),
    }
}

fn secret(answer: &Answer) -> Option<String> {
    let body: Value = serde_json::from_str(&answer.body).ok()?;
    Some(body.get("secret")?.as_str()?.to_owned())
}

fn write_secret(file: &Path, secret: &str) -> Result<()> {
    fs::File::options()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut open| open.write_all(secret.as_bytes()))
        .with_context(|| format!("cannot write {}", file.display()))
}

struct Admin<'a> {
    port: u16,
    token: &'a str,
}

impl Admin<'_> {
    fn put(&self, path: &str, body: &Value) -> Result<Answer> {
        self.expect("PUT", path, Some(body))
    }

    /// Anything but success is an error that shows the collector's own words.
    fn expect(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        let answer = http::request(self.port, method, path, Some(self.token), body)?;
        if answer.is_success() {
            return Ok(answer);
        }
        bail!(
            "the collector refused the demo site: {method} {path} answered {}\n{}",
            answer.status,
            answer.body
        )
    }
}
