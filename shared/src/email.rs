//! E-mail addresses.

use std::fmt;

use thiserror::Error;

/// An address that can be mailed. It has no `Display` and its `Debug` is masked, so that it does not slip into a log;
/// what really needs the address asks for [`EmailAddress::exposed`].
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    address: String,
    at: usize,
}

impl EmailAddress {
    /// Reads an address by the rule that browsers use for `<input type=email>` (WHATWG HTML, "valid e-mail
    /// address"), with what that rule leaves open closed: a dot in the domain, and the lengths of RFC 5321 section 4.5.3.1
    /// (64 before the `@`, 254 in all). White space around it is dropped, the domain is put in lower case.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(EmailError::Missing);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError::NotAnAddress)?;
        let local_is_plain = local
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b));
        if local.is_empty() || local.len() > 64 || text.len() > 254 || !local_is_plain {
            return Err(EmailError::NotAnAddress);
        }
        let label_is_plain = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if !domain.contains('.') || !domain.split('.').all(label_is_plain) {
            return Err(EmailError::NotAnAddress);
        }
        let mut address = String::with_capacity(text.len());
        address.push_str(local);
        address.push('@');
        address.push_str(&domain.to_ascii_lowercase());
        Ok(Self {
            address,
            at: local.len(),
        })
    }

    /// The address itself, for the mail, the CRM and the vault.
    #[must_use]
    pub fn exposed(&self) -> &str {
        &self.address
    }

    /// What is the same for all spellings of one mailbox: the whole in lower case. Hosts that tell `Jan@` from
    /// `jan@` are not found in practice; two records of one person are.
    #[must_use]
    pub fn normalised(&self) -> String {
        self.address.to_ascii_lowercase()
    }

    /// Enough to recognise one's own address by, too little to learn another's: `j…@example.com`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.address.split_at(self.at);
        let mut masked: String = local.chars().take(1).collect();
        masked.push('…');
        masked.push_str(domain);
        masked
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Why a text is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EmailError {
    /// Nothing was filled in.
    #[error("an e-mail address is needed")]
    Missing,
    /// Something was, but it cannot be mailed.
    #[error("must be an e-mail address such as \"name@example.com\"")]
    NotAnAddress,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_a_browser_takes_for_one() {
        for (text, read) in [
            ("jan@example.com", Ok("jan@example.com")),
            (
                " Jan.de-Vries+news@Example.COM ",
                Ok("Jan.de-Vries+news@example.com"),
            ),
            (
                "o'neil@xn--bcher-kva.example",
                Ok("o'neil@xn--bcher-kva.example"),
            ),
            ("", Err(EmailError::Missing)),
            ("  ", Err(EmailError::Missing)),
            ("jan", Err(EmailError::NotAnAddress)),
            ("jan@", Err(EmailError::NotAnAddress)),
            ("@example.com", Err(EmailError::NotAnAddress)),
            ("jan@localhost", Err(EmailError::NotAnAddress)),
            ("jan@exa mple.com", Err(EmailError::NotAnAddress)),
            ("jan@example..com", Err(EmailError::NotAnAddress)),
            ("jan@-example.com", Err(EmailError::NotAnAddress)),
            (
                "jan@example.com\r\nBcc: all@example.com",
                Err(EmailError::NotAnAddress),
            ),
            ("jan@a@example.com", Err(EmailError::NotAnAddress)),
        ] {
            assert_eq!(
                EmailAddress::parse(text)
                    .as_ref()
                    .map(EmailAddress::exposed),
                read.as_ref().copied(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn too_long_is_not_an_address() {
        let local = "a".repeat(65);
        assert_eq!(
            EmailAddress::parse(&format!("{local}@example.com")),
            Err(EmailError::NotAnAddress)
        );
        let domain = "a23456789.".repeat(25);
        assert_eq!(
            EmailAddress::parse(&format!("jan@{domain}com")),
            Err(EmailError::NotAnAddress)
        );
    }

    #[test]
    fn an_address_does_not_show_itself() {
        let address = EmailAddress::parse("jan@example.com").expect("an address");
        assert_eq!(format!("{address:?}"), "j…@example.com");
    }

    #[test]
    fn all_spellings_of_a_mailbox_are_one() {
        let address = |text| EmailAddress::parse(text).expect("an address").normalised();
        assert_eq!(address("Jan@Example.com"), address("jan@example.COM"));
    }
}
