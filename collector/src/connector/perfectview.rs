//! PerfectView over SOAP 1.1: one address, and each call named by its `SOAPAction`.

use std::collections::BTreeSet;

use sayso_shared::connector::{
    Change, Lists, Refusals, Says, WhenUnknown,
    perfectview::{
        self as pv, Call, Credentials, Fact, Marked, Person, Settings, has_mark, has_newer,
        has_note, made, note, others, persons, result, with_subject,
    },
    spellings,
};

use super::{Answer, LONGEST, Line, Request, Told, Verdict};

/// Who asks whom.
struct PerfectView<'a, L> {
    line: &'a L,
    settings: &'a Settings,
    credentials: &'a Credentials,
}

/// Tells PerfectView of a change. What it refuses may be about this event or about us (a key that is wrong, a day whose calls are used
/// up), and it says both alike; so it is asked something that is about nobody.
pub(crate) async fn tell(
    line: &impl Line,
    settings: &Settings,
    credentials: &Credentials,
    change: &Change,
) -> Told<Verdict> {
    let perfectview = PerfectView {
        line,
        settings,
        credentials,
    };
    let told = perfectview.tell(change).await;
    if let Err(Verdict::Refused { words }) = told {
        let marks = perfectview.ask(credentials.marks()).await?;
        return Err(match result(&marks) {
            Err(Verdict::Refused { words }) => Verdict::TryLater {
                retry_after: None,
                words,
            },
            _ => Verdict::Refused { words },
        });
    }
    told
}

/// What there is to choose from.
pub(crate) async fn lists(
    line: &impl Line,
    settings: &Settings,
    credentials: &Credentials,
) -> Told<Lists> {
    let perfectview = PerfectView {
        line,
        settings,
        credentials,
    };
    let marks = perfectview.ask(credentials.marks()).await?;
    let fields = perfectview.ask(credentials.fields()).await?;
    let types = perfectview.ask(credentials.types()).await?;
    let lists = pv::lists(&result(&marks)?, &result(&fields)?, &result(&types)?);
    Ok(lists)
}

impl<L: Line> PerfectView<'_, L> {
    /// 1. finds the persons of the address, or makes one where somebody said yes;
    /// 2. leaves out a yes where a field says that the person decided later;
    /// 3. gives or takes the mark, unless it is so already;
    /// 4. sets the fields;
    /// 5. leaves a note on each person, unless it is there;
    /// 6. takes the mark, for a no, also from what else has the address: people are mailed by it there too.
    async fn tell(&self, change: &Change) -> Told<Verdict> {
        match change.says() {
            Says::Yes | Says::No => {}
            Says::Pending => {
                let why = "PerfectView has no state for a request.";
                return Ok(Verdict::not_wanted(why));
            }
            Says::Forget => return self.forget(change).await,
        }
        let purpose = change.purpose.as_ref();
        let Some(marked) = purpose.and_then(|purpose| self.settings.purposes.get(purpose)) else {
            let why = "The mapping does not name this purpose.";
            return Ok(Verdict::not_wanted(why));
        };
        let Some(email) = change.email.as_deref() else {
            return Ok(Verdict::not_wanted("The person was erased since."));
        };
        let is_yes = change.says() == Says::Yes;
        let (mut known, mut elsewhere) = (Vec::new(), Vec::new());
        for email in spellings(email) {
            let found = self.ask(self.credentials.search(&email)).await?;
            let found = result(&found)?;
            known.extend(persons(&found));
            elsewhere.extend(others(&found));
        }
        let persons = self.persons(once(known), email, change).await?;
        let elsewhere = if is_yes { Vec::new() } else { once(elsewhere) };
        if persons.is_empty() && elsewhere.is_empty() {
            let why = "PerfectView knows nobody of this address.";
            return Ok(Verdict::not_wanted(why));
        }
        let (mut told, mut refusals) = (0, Refusals::of(change));
        for person in &persons {
            if is_yes && self.has_newer(person, marked, change).await? {
                continue;
            }
            self.write(person, &[marked], change, &mut refusals).await?;
            told += 1;
        }
        let taken = self
            .take_marks(&elsewhere, &[marked], change, &mut refusals)
            .await?;
        if told == 0 && is_yes {
            return Ok(Verdict::not_wanted(
                "PerfectView has a later decision of the person.",
            ));
        }
        refusals.end(Verdict::done(format!(
            "Written at {}.{}",
            count(told),
            also(taken)
        )))
    }

    /// Who is told of it, among those that were found, or is made for it.
    async fn persons(&self, found: Vec<Person>, email: &str, change: &Change) -> Told<Vec<Person>> {
        let create = self.settings.new_person.as_ref();
        let create = create.filter(|_| self.settings.when_unknown == WhenUnknown::Create);
        match create {
            Some(new) if found.is_empty() && change.says() == Says::Yes => {
                let answer = self.set(self.credentials.create(new, email)).await?;
                // A dry run makes nobody, and goes on with nobody's ids.
                Ok(vec![made(&result(&answer)?).unwrap_or_default()])
            }
            _ => {
                let found = self.settings.when_several.among(change.says(), found);
                found.map_err(|several| {
                    Verdict::refused(format!(
                        "PerfectView has {several} persons of this address; `when_several` says to tell none."
                    ))
                })
            }
        }
    }

    /// Whether a field says that the person decided later.
    async fn has_newer(&self, person: &Person, marked: &Marked, change: &Change) -> Told<bool> {
        let field = marked.fields.get(&Fact::DecidedAt);
        let Some(field) = field.filter(|_| !person.is_supposed()) else {
            return Ok(false);
        };
        let known = self.ask(self.credentials.fields_of(person)).await?;
        Ok(has_newer(&result(&known)?, field, change))
    }

    /// Marks first: they are what people are mailed by.
    async fn write(
        &self,
        person: &Person,
        all: &[&Marked],
        change: &Change,
        refusals: &mut Refusals,
    ) -> Told<()> {
        for mark in all.iter().filter_map(|marked| marked.mark.as_ref()) {
            refusals.note(self.mark(person, mark, change).await)?;
        }
        for marked in all {
            let values = self.settings.values(marked, change);
            if !values.is_empty() {
                let answer = self.set(self.credentials.update(person, &values)).await?;
                refusals.note(result(&answer))?;
            }
        }
        if self.settings.note {
            refusals.note(self.leave_note(person, change).await)?;
        }
        Ok(())
    }

    /// Takes the marks from what is no person; how many were there.
    async fn take_marks(
        &self,
        others: &[Person],
        all: &[&Marked],
        change: &Change,
        refusals: &mut Refusals,
    ) -> Told<u32> {
        let mut taken = 0;
        for other in others {
            for mark in all.iter().filter_map(|marked| marked.mark.as_ref()) {
                let was_there = refusals.note(self.mark(other, mark, change).await)?;
                taken += u32::from(was_there.unwrap_or_default());
            }
        }
        Ok(taken)
    }

    async fn leave_note(&self, person: &Person, change: &Change) -> Told<()> {
        let text = note(change);
        let has = !person.is_supposed() && {
            let call = self.credentials.notes_of(person);
            has_note(&result(&self.ask(call).await?)?, &text)
        };
        if !has {
            result(&self.set(self.credentials.add_note(person, &text)).await?)?;
        }
        Ok(())
    }

    /// Gives or takes a mark; whether that changed anything.
    async fn mark(&self, person: &Person, mark: &str, change: &Change) -> Told<bool> {
        let given = change.says() == Says::Yes;
        let has = !person.is_supposed() && {
            let call = self.credentials.marks_of(person);
            has_mark(&result(&self.ask(call).await?)?, mark)
        };
        if given && !has {
            let call = self.credentials.add_mark(person, mark, change);
            result(&self.set(call).await?)?;
        } else if has && !given {
            result(&self.set(self.credentials.remove_mark(person, mark)).await?)?;
        }
        Ok(given != has)
    }

    /// Takes back everything that is mapped, of an erased person whom a field names.
    async fn forget(&self, change: &Change) -> Told<Verdict> {
        let Some(by) = &self.settings.subject else {
            return Ok(Verdict::not_wanted(
                "PerfectView is searched by a field of the person, and the settings name none: erase the person in PerfectView.",
            ));
        };
        let found = self
            .ask(self.credentials.search_subject(by, change))
            .await?;
        let all: Vec<&Marked> = self.settings.purposes.values().collect();
        let (mut told, mut taken, mut refusals) = (0, 0, Refusals::of(change));
        for relation in with_subject(&result(&found)?, by, change) {
            let call = self.credentials.relationships_of(&relation);
            let found = result(&self.ask(call).await?)?;
            for person in persons(&found) {
                self.write(&person, &all, change, &mut refusals).await?;
                told += 1;
            }
            taken += self
                .take_marks(&others(&found), &all, change, &mut refusals)
                .await?;
        }
        refusals.end(Verdict::done(format!(
            "Erased: taken back at {}.{} The person itself is yours to erase.",
            count(told),
            also(taken)
        )))
    }

    async fn ask(&self, call: Call) -> Told<Answer> {
        self.line.read(self.request(call)).await
    }

    async fn set(&self, call: Call) -> Told<Answer> {
        self.line.write(self.request(call)).await
    }

    fn request(&self, call: Call) -> Request {
        let mut request = Request::new("POST", self.settings.url()).reading(LONGEST);
        request.body = Some(call.body);
        request.shown = Some(call.shown);
        request.supposed = pv::supposed();
        request
            .header("content-type", "text/xml; charset=utf-8")
            .header("soapaction", call.action)
    }
}

/// Each only once: who has an address in both spellings is found twice.
fn once(found: Vec<Person>) -> Vec<Person> {
    let mut seen = BTreeSet::new();
    let mut found = found;
    found.retain(|person| seen.insert(person.relationship.clone()));
    found
}

/// What is said of marks that were not a person's own.
fn also(taken: u32) -> String {
    match taken {
        0 => String::new(),
        1 => " 1 mark taken from an employee or organisation.".to_owned(),
        several => format!(" {several} marks taken from employees or organisations."),
    }
}

fn count(persons: usize) -> String {
    match persons {
        1 => "1 person".to_owned(),
        several => format!("{several} persons"),
    }
}
