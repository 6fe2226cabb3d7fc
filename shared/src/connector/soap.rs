//! SOAP 1.1, as much of it as a CRM speaks: one element in an envelope, and one back, or a fault.

use std::io;

use quick_xml::{
    Reader, Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::{Answer, Told, Verdict};

const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// How deep an answer may be nested; those that are documented are not half as deep.
const DEEPEST: usize = 32;

/// An element: text or children. It has no `Debug`: credentials are elements too.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Node {
    name: String,
    text: String,
    children: Vec<Node>,
}

impl Node {
    /// One with these children.
    #[must_use]
    pub fn of(name: &str, children: Vec<Self>) -> Self {
        Self {
            name: name.to_owned(),
            text: String::new(),
            children,
        }
    }

    /// One with a text.
    #[must_use]
    pub fn text(name: &str, text: &(impl ToString + ?Sized)) -> Self {
        Self {
            name: name.to_owned(),
            text: text
                .to_string()
                .chars()
                .filter(|letter| is_xml(*letter))
                .collect(),
            children: Vec::new(),
        }
    }

    /// The first child of this name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of this name.
    pub fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of this name; empty where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.trim())
    }

    /// The children whose names end so.
    pub fn children_whose_name_ends(&self, end: &str) -> impl Iterator<Item = &Self> {
        self.children
            .iter()
            .filter(move |child| child.name.ends_with(end))
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>, namespace: Option<&str>) -> io::Result<()> {
        let mut element = writer.create_element(self.name.as_str());
        if let Some(namespace) = namespace {
            element = element.with_attribute(("xmlns", namespace));
        }
        if self.children.is_empty() {
            element.write_text_content(BytesText::new(&self.text))?;
        } else {
            element.write_inner_content(|writer| {
                let mut children = self.children.iter();
                children.try_for_each(|child| child.write(writer, None))
            })?;
        }
        Ok(())
    }

    /// Whether it has this name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Reads a document; it need not be SOAP.
    pub(super) fn read(document: &[u8]) -> Option<Self> {
        let mut reader = Reader::from_str(std::str::from_utf8(document).ok()?);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) if open.len() <= DEEPEST => {
                    let name = start.local_name();
                    open.push(Self::text(name.as_ref(), ""));
                }
                Event::Empty(empty) => {
                    let name = empty.local_name();
                    let node = Self::text(name.as_ref(), "");
                    open.last_mut()?.children.push(node);
                }
                Event::End(_) => {
                    let done = open.pop()?;
                    open.last_mut()?.children.push(done);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
                Event::CData(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let letter = match reference.resolve_char_ref().ok()? {
                        Some(letter) => letter,
                        None => predefined(&reference.xml10_content())?,
                    };
                    open.last_mut()?.text.push(letter);
                }
                Event::Eof => break,
                // Nobody who answers as documented declares a type, and entities of one's own do harm.
                Event::Start(_) | Event::DocType(_) => return None,
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            }
        }
        let [root] = open.as_mut_slice() else {
            return None;
        };
        root.children.pop()
    }
}

/// Whether a document may have this letter (XML 1.0, section 2.2); it has no way to write the others.
fn is_xml(letter: char) -> bool {
    !matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// The entities that every document has (XML 1.0, section 4.6).
fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// The envelope around a call, whose elements are of that namespace.
#[must_use]
pub fn envelope(call: &Node, namespace: &str) -> String {
    let mut writer = Writer::new(Vec::new());
    let written = writer
        .write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))
        .and_then(|()| {
            let envelope = writer.create_element("soap:Envelope");
            let envelope = envelope.with_attribute(("xmlns:soap", ENVELOPE));
            envelope.write_inner_content(|writer| {
                let body = writer.create_element("soap:Body");
                body.write_inner_content(|writer| call.write(writer, Some(namespace)))?;
                Ok(())
            })?;
            Ok(())
        });
    // Writing to memory does not fail.
    written.map_or_else(
        |_| String::new(),
        |()| String::from_utf8(writer.into_inner()).unwrap_or_default(),
    )
}

/// The element that was answered, or what a fault means: the caller's (`Client`) is refused, the server's waits.
pub fn answered(answer: &Answer) -> Told<Node> {
    let body = Node::read(&answer.body)
        .filter(|envelope| envelope.is("Envelope"))
        .and_then(|envelope| envelope.child("Body").cloned())
        .and_then(|mut body| body.children.pop());
    let Some(body) = body else {
        if answer.is_success() {
            return Err(Verdict::TryLater {
                retry_after: None,
                words: "The CRM answered with something that is not SOAP.".to_owned(),
            });
        }
        return Err(answer.failure(""));
    };
    if !body.is("Fault") {
        return if answer.is_success() {
            Ok(body)
        } else {
            Err(answer.failure(""))
        };
    }
    let words = format!("{}: {}", body.get("faultcode"), body.get("faultstring"));
    if body.get("faultcode").ends_with("Client") {
        return Err(Verdict::refused(words));
    }
    Err(Verdict::TryLater {
        retry_after: answer.retry_after,
        words,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Node> {
        Node::read(text.as_bytes())
    }

    #[test]
    fn what_people_write_stays_text() {
        let call = Node::of("Add", vec![Node::text("text", "<b> & \"c\"\u{1} 'd' é")]);
        let written = envelope(&call, "urn:example");
        assert!(!written.contains("<b>"), "{written}");
        let back = read(&written).expect("a document");
        let body = back.child("Body").expect("a body");
        assert_eq!(
            body.child("Add").expect("the call").get("text"),
            "<b> & \"c\" 'd' é"
        );
    }

    #[test]
    fn prefixes_and_spaces_do_not_matter() {
        let node =
            read("<?xml version='1.0'?>\n<a:x xmlns:a='u'>\n <a:y> 1&#65;&amp; </a:y><z/>\n</a:x>");
        let node = node.expect("a document");
        assert_eq!(
            (node.name.as_str(), node.get("y"), node.get("z")),
            ("x", "1A&", "")
        );
    }

    #[test]
    fn tricks_are_not_read() {
        let deep = "<a>".repeat(100) + &"</a>".repeat(100);
        let bomb = "<!DOCTYPE a [<!ENTITY b 'bb'>]><a>&b;</a>";
        for text in ["", "<a>", "no XML", "<a></b>", bomb, "<a>&b;</a>", &deep] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_fault_of_ours_is_refused_and_one_of_theirs_waits() {
        let fault = |code: &str| {
            let xml = format!(
                "<s:Envelope xmlns:s='{ENVELOPE}'><s:Body><s:Fault><faultcode>soap:{code}</faultcode><faultstring>No.</faultstring></s:Fault></s:Body></s:Envelope>"
            );
            answered(&Answer::new(500, xml))
                .err()
                .and_then(|verdict| verdict.status())
        };
        assert_eq!(fault("Client"), Some(422));
        assert_eq!(fault("Server"), Some(503));
        assert_eq!(
            answered(&Answer::new(200, "<html>"))
                .err()
                .and_then(|v| v.status()),
            Some(503)
        );
        assert_eq!(
            answered(&Answer::new(401, ""))
                .err()
                .and_then(|v| v.status()),
            Some(401)
        );
    }
}
