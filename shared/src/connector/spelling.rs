//! How a CRM may have an address spelled.

use idna::punycode;

/// What a label of a domain begins with that stands for letters beyond ASCII (RFC 5890, section 2.3.2.1).
const ENCODED: &str = "xn--";

/// An address as browsers send it, and as people write it whose domain has letters beyond ASCII: CRMs keep either.
#[must_use]
pub fn spellings(email: &str) -> Vec<String> {
    let mut all = vec![email.to_owned()];
    let Some((local, domain)) = email.rsplit_once('@') else {
        return all;
    };
    let labels = domain.split('.').map(|label| {
        let encoded = label.strip_prefix(ENCODED);
        let written = encoded.and_then(punycode::decode_to_string);
        written.unwrap_or_else(|| label.to_owned())
    });
    let domain = labels.collect::<Vec<_>>().join(".");
    all.push(format!("{local}@{domain}"));
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_spelled_as_it_is_sent_and_as_it_is_written() {
        assert_eq!(spellings("ada@example.org"), ["ada@example.org"]);
        assert_eq!(
            spellings("ada@mail.xn--bcher-kva.example"),
            ["ada@mail.xn--bcher-kva.example", "ada@mail.bücher.example"]
        );
        // What stands for nothing is left as it is.
        assert_eq!(spellings("ada@xn--9.example"), ["ada@xn--9.example"]);
    }
}
