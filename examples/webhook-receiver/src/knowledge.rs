//! What the CRM knows: every event as it arrived, in a file, and from it the present state per person and purpose.
//!
//! The file is the truth, one JSON line per event, appended to; the rest is rebuilt from it at the start. It never lets an older
//! change hide a newer one, whatever the order of arrival. When a person is erased, the file is written anew without the person.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The type of the event that says: forget this person.
pub(crate) const ERASED: &str = "subject.erased";

/// E-mail address → purpose → what is known of it.
pub(crate) type People = BTreeMap<String, BTreeMap<String, Standing>>;

pub(crate) struct Knowledge {
    path: PathBuf,
    file: File,
    seen: HashSet<String>,
    bodies: Vec<Box<RawValue>>,
    people: People,
    /// Under which name the person of an id is known: an address may come written in capitals the next time.
    names: HashMap<String, String>,
    /// Ids of persons who were erased: nothing is known of them, whatever comes late.
    erased: HashSet<String>,
}

/// Where one person stands on one purpose.
pub(crate) struct Standing {
    pub(crate) status: String,
    pub(crate) since: String,
    pub(crate) notice_version: String,
    pub(crate) source: String,
    seq: u64,
}

/// One line of the file. The body is kept as text, so that it stays the bytes that were signed.
#[derive(Serialize, Deserialize)]
struct Line {
    id: String,
    body: String,
}

/// What `GET /state.json` answers.
#[derive(Serialize)]
pub(crate) struct Snapshot<'a> {
    events: &'a [Box<RawValue>],
    people: BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>,
}

impl Knowledge {
    /// Reads back what an earlier run has stored. `path` is a file, or a folder to keep one in.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let path = if path.is_dir() {
            path.join("events.jsonl")
        } else {
            path.to_owned()
        };
        let unusable = |error| format!("cannot keep events in {}: {error}", path.display());

        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(unusable)?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .map_err(unusable)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(unusable)?;

        // A line without its end was being written when we were stopped; it was not acknowledged and comes again.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64).map_err(unusable)?;

        let mut knowledge = Knowledge {
            path: path.clone(),
            file,
            seen: HashSet::new(),
            bodies: Vec::new(),
            people: People::new(),
            names: HashMap::new(),
            erased: HashSet::new(),
        };
        for (number, line) in text[..whole].lines().enumerate() {
            let foreign = |error| {
                format!(
                    "{}, line {}: not an event: {error}",
                    path.display(),
                    number + 1
                )
            };
            let line: Line = serde_json::from_str(line).map_err(foreign)?;
            let body = RawValue::from_string(line.body).map_err(foreign)?;
            knowledge.apply(line.id, body);
        }
        Ok(knowledge)
    }

    pub(crate) fn has_seen(&self, id: &str) -> bool {
        self.seen.contains(id)
    }

    /// Stores an event durably, then knows it. A repeat changes nothing.
    pub(crate) fn learn(&mut self, id: &str, body: &str) -> Result<(), String> {
        if self.has_seen(id) {
            return Ok(());
        }
        let event: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
        let subject = event["data"]["subject"]["id"].as_str().unwrap_or_default();
        if event["type"] == ERASED {
            return self.forget(subject, id, body);
        }
        // It was on its way when the person was erased.
        let body = if self.erased.contains(subject) {
            without_person(event)
        } else {
            body.to_owned()
        };
        let line = line(id, &body)?;
        self.file
            .write_all(line.as_bytes())
            .and_then(|()| self.file.sync_data())
            .map_err(|error| format!("cannot store the event: {error}"))?;
        let raw = RawValue::from_string(body).map_err(|error| error.to_string())?;
        self.apply(id.to_owned(), raw);
        Ok(())
    }

    /// Takes a person out of everything that is stored, and stores that it was done: all or nothing, since the new file takes the
    /// place of the old one at once. What happened stays, under the id that means nothing to anybody any more.
    fn forget(&mut self, subject: &str, id: &str, body: &str) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("cannot forget a person: {error}");
        let mut text = String::new();
        for known in fs::read_to_string(&self.path).map_err(failed)?.lines() {
            let Line { id, body } = serde_json::from_str(known).map_err(|e| e.to_string())?;
            let event: Value = serde_json::from_str(&body).map_err(|e| e.to_string())?;
            let is_this = event["data"]["subject"]["id"] == subject;
            let body = if is_this { without_person(event) } else { body };
            text.push_str(&line(&id, &body)?);
        }
        text.push_str(&line(id, body)?);
        let beside = self.path.with_extension("new");
        let mut file = File::create(&beside).map_err(failed)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_data())
            .and_then(|()| fs::rename(&beside, &self.path))
            .map_err(failed)?;
        *self = Self::open(&self.path)?;
        Ok(())
    }

    pub(crate) fn people(&self) -> &People {
        &self.people
    }

    pub(crate) fn event_count(&self) -> usize {
        self.bodies.len()
    }

    pub(crate) fn snapshot(&self) -> Snapshot<'_> {
        let people = self
            .people
            .iter()
            .map(|(email, purposes)| {
                let statuses = purposes
                    .iter()
                    .map(|(key, standing)| (key.as_str(), standing.status.as_str()))
                    .collect();
                (email.as_str(), statuses)
            })
            .collect();
        Snapshot {
            events: &self.bodies,
            people,
        }
    }

    fn apply(&mut self, id: String, body: Box<RawValue>) {
        let event: Value = serde_json::from_str(body.get()).unwrap_or_default();
        self.seen.insert(id);
        self.bodies.push(body);

        let data = &event["data"];
        let subject = data["subject"]["id"].as_str().unwrap_or_default();
        if event["type"] == ERASED {
            self.people.remove(subject);
            self.erased.insert(subject.to_owned());
        }
        if self.erased.contains(subject) {
            return;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        // Somebody who gave no address, or whose address was erased, still has an id.
        let name = data["subject"]["email"]
            .as_str()
            .or(data["subject"]["id"].as_str());
        let (Some(name), Some(purpose)) = (name, data["purpose"].as_str()) else {
            return;
        };
        let person = self.names.entry(subject.to_owned());
        let person = person.or_insert_with(|| name.to_owned()).clone();
        let standing = Standing {
            status: text(&data["status"]),
            since: text(&event["timestamp"]),
            notice_version: data["notice"]["version"].to_string().replace('"', ""),
            source: text(&data["source"]),
            seq: data["seq"].as_u64().unwrap_or_default(),
        };
        let purposes = self.people.entry(person).or_default();
        match purposes.get(purpose) {
            Some(known) if known.seq > standing.seq => {}
            _ => {
                purposes.insert(purpose.to_owned(), standing);
            }
        }
    }
}

/// An event as it is shown since its person was erased.
fn without_person(mut event: Value) -> String {
    let id = event["data"]["subject"]["id"].take();
    event["data"]["subject"] = json!({"id": id, "email": null});
    event.to_string()
}

/// A line of the file.
fn line(id: &str, body: &str) -> Result<String, String> {
    let (id, body) = (id.to_owned(), body.to_owned());
    let line = serde_json::to_string(&Line { id, body }).map_err(|error| error.to_string())?;
    Ok(format!("{line}\n"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use serde_json::json;

    use super::Knowledge;

    fn file(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("sayso-crm-{}-{name}", std::process::id()));
        let _ = fs::remove_file(&path);
        path
    }

    fn event(seq: u64, status: &str) -> String {
        json!({"type": format!("consent.{status}"), "data": {
            "seq": seq, "subject": {"id": "s1", "email": "kim@example.nl"}, "purpose": "STORE", "status": status,
        }})
        .to_string()
    }

    fn status(knowledge: &Knowledge) -> String {
        let purposes = &knowledge.people()["kim@example.nl"];
        purposes["STORE"].status.clone()
    }

    #[test]
    fn who_writes_an_address_in_capitals_is_the_same_person() -> Result<(), String> {
        let mut knowledge = Knowledge::open(&file("capitals"))?;
        knowledge.learn("e1", &event(1, "given"))?;
        let withdrawn = event(2, "withdrawn").replace("kim@", "Kim@");
        knowledge.learn("e2", &withdrawn)?;
        assert_eq!(status(&knowledge), "withdrawn");
        assert_eq!(knowledge.people().len(), 1);
        Ok(())
    }

    #[test]
    fn an_older_change_that_comes_late_hides_nothing() -> Result<(), String> {
        let mut knowledge = Knowledge::open(&file("late"))?;
        knowledge.learn("e2", &event(2, "withdrawn"))?;
        knowledge.learn("e1", &event(1, "given"))?;
        assert_eq!(status(&knowledge), "withdrawn");
        knowledge.learn("e3", &event(3, "given"))?;
        assert_eq!(status(&knowledge), "given");
        assert_eq!(knowledge.event_count(), 3);
        Ok(())
    }

    #[test]
    fn who_is_erased_is_forgotten_and_stays_forgotten() -> Result<(), String> {
        let path = file("erased");
        let mut knowledge = Knowledge::open(&path)?;
        knowledge.learn("e1", &event(1, "given"))?;
        let other = event(2, "given")
            .replace("s1", "s2")
            .replace("kim@", "eva@");
        knowledge.learn("e2", &other)?;
        let erased = json!({"type": "subject.erased", "data": {"seq": 4, "subject": {"id": "s1", "email": null}}});
        knowledge.learn("e4", &erased.to_string())?;
        // It was on its way.
        knowledge.learn("e3", &event(3, "withdrawn"))?;
        for knowledge in [knowledge, Knowledge::open(&path)?] {
            let known: Vec<&String> = knowledge.people().keys().collect();
            assert_eq!(known, ["eva@example.nl"]);
            assert_eq!(knowledge.event_count(), 4);
        }
        let stored = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        assert!(
            !stored.contains("kim@") && stored.contains("eva@"),
            "{stored}"
        );
        Ok(())
    }

    #[test]
    fn a_repeat_changes_nothing_and_a_restart_forgets_nothing() -> Result<(), String> {
        let path = file("again");
        let mut knowledge = Knowledge::open(&path)?;
        knowledge.learn("e1", &event(1, "given"))?;
        knowledge.learn("e1", &event(9, "withdrawn"))?;
        drop(knowledge);

        // The power went while the next line was being written.
        let whole = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        fs::write(&path, format!("{whole}{{\"id\":\"e2\",\"bo")).map_err(|e| e.to_string())?;
        let mut knowledge = Knowledge::open(&path)?;
        assert!(knowledge.has_seen("e1") && !knowledge.has_seen("e2"));
        assert_eq!(status(&knowledge), "given");
        knowledge.learn("e2", &event(2, "withdrawn"))?;
        drop(knowledge);
        assert_eq!(status(&Knowledge::open(&path)?), "withdrawn");
        Ok(())
    }
}
