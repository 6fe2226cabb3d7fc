//! From wrangler.toml to a configuration of plain workerd, so that both run the same Worker.
//! No secret is written into it: workerd takes those from its environment.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use super::{
    Ports, origin,
    secrets::{self, Secrets},
};
use crate::workspace;

/// What of wrangler.toml plain workerd needs.
pub(super) struct Worker {
    compatibility_date: String,
    compatibility_flags: Vec<String>,
    /// Binding and class.
    objects: Vec<(String, String)>,
    vars: Vec<(String, String)>,
    assets: (String, String),
}

impl Worker {
    /// Reads the file at the root.
    pub(super) fn from_wrangler() -> Result<Self> {
        let file = workspace::root().join("wrangler.toml");
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", file.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let file: Table = text.parse()?;
        let migrated = migrated_classes(&file);
        let mut objects = Vec::new();
        let bindings = table(&file, "durable_objects")?
            .get("bindings")
            .and_then(Value::as_array);
        for binding in bindings.into_iter().flatten().filter_map(Value::as_table) {
            let class = string(binding, "class_name")?;
            if !migrated.contains(&class) {
                bail!("no migration makes the class {class} with SQLite");
            }
            objects.push((string(binding, "name")?, class));
        }
        let vars = table(&file, "vars")?
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        let assets = table(&file, "assets")?;
        let flags = file.get("compatibility_flags").and_then(Value::as_array);
        Ok(Self {
            compatibility_date: string(&file, "compatibility_date")?,
            compatibility_flags: flags
                .into_iter()
                .flatten()
                .filter_map(|flag| Some(flag.as_str()?.to_owned()))
                .collect(),
            objects,
            vars,
            assets: (string(assets, "binding")?, string(assets, "directory")?),
        })
    }

    /// Writes `workerd.capnp` into the state folder.
    pub(super) fn write(&self, state: &Path, ports: Ports, secrets: &Secrets) -> Result<()> {
        let file = state.join("workerd.capnp");
        fs::write(
            &file,
            self.render(&workspace::root(), state, ports, secrets),
        )
        .with_context(|| format!("cannot write {}", file.display()))
    }

    fn render(&self, root: &Path, state: &Path, ports: Ports, secrets: &Secrets) -> String {
        let mut bindings = String::new();
        for (name, class) in &self.objects {
            let _ = writeln!(
                bindings,
                "    (name = {}, durableObjectNamespace = {}),",
                quote(name),
                quote(class)
            );
        }
        let _ = writeln!(
            bindings,
            "    (name = {}, service = \"assets\"),",
            quote(&self.assets.0)
        );
        for (name, value) in &self.vars {
            // On this machine two of them have other values than in production.
            let value = match name.as_str() {
                "SAYSO_PUBLIC_URL" => origin(ports.collector),
                "SAYSO_MAILER" => secrets.mailer().to_owned(),
                _ => value.clone(),
            };
            let _ = writeln!(
                bindings,
                "    (name = {}, text = {}),",
                quote(name),
                quote(&value)
            );
        }
        for name in secrets::OF_THE_COLLECTOR
            .into_iter()
            .chain(secrets::OPTIONAL)
        {
            let _ = writeln!(
                bindings,
                "    (name = {0}, fromEnvironment = {0}),",
                quote(name)
            );
        }
        let mut namespaces = String::new();
        for (_, class) in &self.objects {
            // The key names the folder of the objects: it must never change.
            let _ = writeln!(
                namespaces,
                "    (className = {0}, uniqueKey = {0}, enableSql = true),",
                quote(class)
            );
        }
        let flags: Vec<String> = self.compatibility_flags.iter().map(|f| quote(f)).collect();
        let built = root.join("collector/build");
        format!(
            "# Written by `cargo xtask dev` from wrangler.toml; changes made here are lost.
using Workerd = import \"/workerd/workerd.capnp\";

const config :Workerd.Config = (
  services = [
    (name = \"collector\", worker = .collector),
    (name = \"assets\", disk = (path = {assets})),
    (name = \"objects\", disk = (path = {objects}, writable = true)),
    (name = \"internet\", network = (allow = [\"public\", \"private\"], tlsOptions = (trustBrowserCas = true{trusted}))),
  ],
  sockets = [(name = \"http\", address = \"127.0.0.1:{port}\", http = (), service = \"collector\")],
);

const collector :Workerd.Worker = (
  modules = [
    (name = \"index.js\", esModule = embed {js}),
    (name = \"./index_bg.wasm\", wasm = embed {wasm}),
  ],
  compatibilityDate = {date},
  compatibilityFlags = [{flags}],
  durableObjectNamespaces = [
{namespaces}  ],
  durableObjectStorage = (localDisk = \"objects\"),
  bindings = [
{bindings}  ],
);
",
            trusted = secrets
                .trusted_certificate()
                .map_or_else(String::new, |file| format!(
                    ", trustedCertificates = [embed {}]",
                    quote_path(file)
                )),
            assets = quote_path(&root.join(&self.assets.1)),
            objects = quote_path(&state.join("objects")),
            port = ports.collector,
            js = quote_path(&built.join("index.js")),
            wasm = quote_path(&built.join("index_bg.wasm")),
            date = quote(&self.compatibility_date),
            flags = flags.join(", "),
        )
    }
}

fn migrated_classes(file: &Table) -> Vec<String> {
    file.get("migrations")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|migration| migration.get("new_sqlite_classes")?.as_array())
        .flatten()
        .filter_map(|class| Some(class.as_str()?.to_owned()))
        .collect()
}

fn table<'a>(parent: &'a Table, name: &str) -> Result<&'a Table> {
    parent
        .get(name)
        .and_then(Value::as_table)
        .with_context(|| format!("the table [{name}] is missing"))
}

fn string(parent: &Table, name: &str) -> Result<String> {
    parent
        .get(name)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .with_context(|| format!("`{name}` is missing or not a text"))
}

fn quote_path(path: &Path) -> String {
    quote(&path.to_string_lossy())
}

/// A text of Cap'n Proto's schema language.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Ports, Secrets, Worker};

    const WRANGLER: &str = include_str!("../../../wrangler.toml");

    #[test]
    fn the_configuration_follows_wrangler_toml() -> anyhow::Result<()> {
        let worker = Worker::parse(WRANGLER)?;
        let text = worker.render(
            Path::new("/r"),
            Path::new("/s"),
            Ports::from(9000),
            &Secrets::default(),
        );
        for part in [
            "(name = \"SITE\", durableObjectNamespace = \"SiteObject\")",
            "(name = \"ASSETS\", service = \"assets\")",
            "disk = (path = \"/r/widget/dist\")",
            "disk = (path = \"/s/objects\", writable = true)",
            "(name = \"SAYSO_PUBLIC_URL\", text = \"http://localhost:9000\")",
            "(name = \"SAYSO_MAILER\", text = \"dev\")",
            "(name = \"SAYSO_KEK\", fromEnvironment = \"SAYSO_KEK\")",
            "(name = \"SAYSO_RETIRED_KEYS\", fromEnvironment = \"SAYSO_RETIRED_KEYS\")",
            "compatibilityDate = \"2026-04-01\"",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        Ok(())
    }

    #[test]
    fn a_class_without_migration_is_refused() {
        let broken = WRANGLER.replace(
            "new_sqlite_classes = [\"SiteObject\", ",
            "new_sqlite_classes = [",
        );
        assert!(Worker::parse(&broken).is_err());
    }
}
