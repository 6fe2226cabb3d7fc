//! A change of a consent, for native tests of performers.

use futures_util::FutureExt as _;
use sayso_shared::{
    connector::{Change, ReceiptName},
    event::EventType,
    key::{PurposeKey, SiteKey},
    manner::Method,
    purpose::{Channel, LegalBasis, Source},
    time::Timestamp,
};
use uuid::Uuid;

/// Ada, who is told of for the purpose `NEWS`, on 15 January 2027.
pub(crate) fn change(kind: EventType) -> Change {
    let at = Timestamp::parse("2027-01-15T08:00:00.000Z").expect("a moment");
    Change {
        event: Uuid::from_u128(1),
        site: SiteKey::parse("demo").expect("a site"),
        subject: Uuid::from_u128(2),
        email: (kind != EventType::Erased).then(|| "ada+x@example.org".to_owned()),
        phone: None,
        external_id: None,
        purpose: (kind != EventType::Erased).then(|| PurposeKey::parse("NEWS").expect("a purpose")),
        title: "News".to_owned(),
        kind,
        at,
        decided_at: at,
        expires_at: None,
        source: Some(Source::WebForm),
        method: Some(Method::DoubleOptIn),
        legal_basis: Some(LegalBasis::Consent),
        channels: vec![Channel::Email],
        receipt: Some(ReceiptName {
            id: Uuid::from_u128(3),
            hash: "0123456789ab".to_owned(),
        }),
    }
}

/// What a performer gives whose line never waits.
pub(crate) fn at_once<T>(performed: impl Future<Output = T>) -> T {
    performed.now_or_never().expect("memory answers at once")
}
