//! Tokens: what a CRM gave for credentials, kept on the heap for as long as a ledger is awake and never stored.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use sayso_shared::key::EndpointKey;

/// The tokens of one connector, by what a performer calls them. It has no `Debug`.
#[derive(Default)]
#[allow(dead_code, reason = "for CRMs that give tokens")]
pub(crate) struct Tokens(RefCell<BTreeMap<&'static str, String>>);

#[allow(dead_code, reason = "for CRMs that give tokens")]
impl Tokens {
    pub(crate) fn recall(&self, name: &'static str) -> Option<String> {
        self.0.borrow().get(name).cloned()
    }

    pub(crate) fn remember(&self, name: &'static str, value: impl Into<String>) {
        self.0.borrow_mut().insert(name, value.into());
    }

    pub(crate) fn forget(&self, name: &'static str) {
        self.0.borrow_mut().remove(name);
    }
}

/// The tokens of all connectors of a ledger. With other credentials, or other settings, a connector begins without any.
#[derive(Default)]
pub(crate) struct AllTokens(RefCell<BTreeMap<EndpointKey, Kept>>);

struct Kept {
    /// By the sealed credentials and the settings
    of: Vec<u8>,
    tokens: Rc<Tokens>,
}

impl AllTokens {
    pub(crate) fn of(&self, key: &EndpointKey, of: Vec<u8>) -> Rc<Tokens> {
        let mut all = self.0.borrow_mut();
        if let Some(kept) = all.get(key).filter(|kept| kept.of == of) {
            return Rc::clone(&kept.tokens);
        }
        let tokens = Rc::<Tokens>::default();
        let kept = Kept {
            of,
            tokens: Rc::clone(&tokens),
        };
        all.insert(key.clone(), kept);
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_credentials_begin_without_tokens() {
        let key = EndpointKey::parse("crm").expect("a name");
        let all = AllTokens::default();
        all.of(&key, vec![1]).remember("access", "t");
        assert_eq!(all.of(&key, vec![1]).recall("access").as_deref(), Some("t"));
        assert_eq!(all.of(&key, vec![2]).recall("access"), None);
    }
}
