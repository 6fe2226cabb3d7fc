//! Logos: small pictures that a site brings. They are shown as images and served with a policy that lets nothing in them run; what is
//! refused here never gets that far.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

/// The largest logo, in bytes of the picture: every page loads it.
pub const LARGEST_LOGO: usize = 16 * 1024;

/// What a drawing does without.
const NEVER: [&str; 12] = [
    "<!doctype",
    "<!entity",
    "<![cdata",
    "<?xml-stylesheet",
    "script",
    "foreignobject",
    "<iframe",
    "<image",
    "<animate",
    "<set",
    "@import",
    "\\",
];

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A picture as `data:image/svg+xml;base64,…` or `data:image/png;base64,…`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Logo(String);

/// A picture, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Which sort
    pub kind: PictureKind,
    /// The file
    pub bytes: Vec<u8>,
}

/// The sorts of pictures that every browser shows and that stay sharp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    /// Drawn in lines
    Svg,
    /// Drawn in dots
    Png,
}

/// Why a picture is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLogo {
    /// Another shape, or another sort
    #[error("must be \"data:image/svg+xml;base64,…\" or \"data:image/png;base64,…\"")]
    Shape,
    /// Too many bytes
    #[error("has {0} bytes; at most {LARGEST_LOGO} are taken, since every page loads it")]
    TooLarge(usize),
    /// Not what it says
    #[error("is not the picture that its type says")]
    OtherSort,
    /// Something that a picture does not need
    #[error("holds `{0}`; a logo is only drawn: no scripts, no pages, nothing from elsewhere")]
    MoreThanAPicture(String),
}

impl PictureKind {
    /// The media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
        }
    }

    /// The end of the file's name.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }
}

impl Logo {
    /// The picture, if it is one that may be shown.
    pub fn picture(&self) -> Result<Picture, BadLogo> {
        let rest = self.0.strip_prefix("data:").ok_or(BadLogo::Shape)?;
        let (kind, data) = rest.split_once(";base64,").ok_or(BadLogo::Shape)?;
        let kinds = [PictureKind::Svg, PictureKind::Png];
        let kind = kinds.into_iter().find(|known| known.media_type() == kind);
        let kind = kind.ok_or(BadLogo::Shape)?;
        let bytes = STANDARD.decode(data).map_err(|_| BadLogo::Shape)?;
        if bytes.len() > LARGEST_LOGO {
            return Err(BadLogo::TooLarge(bytes.len()));
        }
        match kind {
            PictureKind::Png if !bytes.starts_with(PNG) => return Err(BadLogo::OtherSort),
            PictureKind::Png => {}
            PictureKind::Svg => {
                let text = std::str::from_utf8(&bytes).map_err(|_| BadLogo::OtherSort)?;
                is_only_drawn(text)?;
            }
        }
        Ok(Picture { kind, bytes })
    }
}

/// Refuses more than it must: a word that is only dangerous as a tag is enough. Entities are refused with the `<!` that makes them, so
/// that no name can be hidden, and other encodings with the bytes that are not UTF-8.
fn is_only_drawn(svg: &str) -> Result<(), BadLogo> {
    let lower = svg.trim_start_matches('\u{feff}').to_ascii_lowercase();
    let encoded = lower.contains("encoding=") && !lower.contains("encoding=\"utf-8\"");
    if !lower.contains("<svg") || encoded {
        return Err(BadLogo::OtherSort);
    }
    let refuse = |what: &str| Err(BadLogo::MoreThanAPicture(what.to_owned()));
    if let Some(found) = NEVER.into_iter().find(|never| lower.contains(never)) {
        return refuse(found);
    }
    // What is referred to must be within: `#name`.
    for (what, after) in [("href", "="), ("url", "(")] {
        for (at, _) in lower.match_indices(what) {
            let rest = lower[at + what.len()..].trim_start();
            let Some(rest) = rest.strip_prefix(after) else {
                continue;
            };
            let target = rest.trim_start_matches([' ', '\t', '\r', '\n', '"', '\'']);
            if !target.starts_with('#') {
                return refuse(what);
            }
        }
    }
    // `onload=` and its like.
    let mut words = lower.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '/'));
    let handler = words.find(|word| {
        let name = word.split('=').next().unwrap_or_default();
        name.len() > 2 && name.starts_with("on") && name.bytes().all(|b| b.is_ascii_lowercase())
    });
    handler.map_or(Ok(()), refuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(text: &str) -> Logo {
        Logo(format!(
            "data:image/svg+xml;base64,{}",
            STANDARD.encode(text)
        ))
    }

    #[test]
    fn a_drawing_is_taken() {
        let drawing = r##"<?xml version="1.0" encoding="UTF-8"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">
            <title>We ride on</title><defs><linearGradient id="a"/></defs><style>@media (prefers-color-scheme: dark) { path { fill: #fff } }</style>
            <path d="M0 0h9v9z" fill="url(#a)"/><use href="#b" xlink:href="#b"/></svg>"##;
        let picture = svg(drawing).picture().expect("a drawing");
        assert_eq!(picture.kind, PictureKind::Svg);
        assert_eq!(picture.bytes, drawing.as_bytes());
        let mut png = PNG.to_vec();
        png.extend([0; 40]);
        let png = Logo(format!("data:image/png;base64,{}", STANDARD.encode(png)));
        assert_eq!(png.picture().map(|it| it.kind), Ok(PictureKind::Png));
    }

    #[test]
    fn what_is_more_than_a_drawing_is_refused() {
        for bad in [
            "<script>alert(1)</script>",
            "<x:SCRIPT xmlns:x='http://www.w3.org/2000/svg'/>",
            "<foreignObject/>",
            "<a href='javascript:alert(1)'/>",
            "<a href='https://example.com'/>",
            "<use xlink:href = \"https://example.com/a.svg#b\"/>",
            "<use href=\"data:image/svg+xml,x\"/>",
            "<image href='#a'/>",
            "<path onload=\"a\"/>",
            "<path\nonclick = 'a'/>",
            "<path fill='a'onclick='b'/>",
            "<style>@import 'x'</style>",
            "<style>path { fill: url( 'https://example.com/x') }</style>",
            "<style>path { fill: u\\72l(//x) }</style>",
            "<animate attributeName='href'/>",
        ] {
            let logo = svg(&format!("<svg>{bad}</svg>"));
            let refused = matches!(logo.picture(), Err(BadLogo::MoreThanAPicture(_)));
            assert!(refused, "{bad}");
        }
        let entity = svg("<!DOCTYPE svg [<!ENTITY x 'y'>]><svg/>").picture();
        assert!(matches!(entity, Err(BadLogo::MoreThanAPicture(_))));
    }

    #[test]
    fn what_is_no_such_picture_is_refused() {
        let check = |text: &str| Logo(text.to_owned()).picture();
        for other in [
            "",
            "https://example.com/logo.svg",
            "data:image/gif;base64,AAAA",
            "data:image/png;base64,!",
        ] {
            assert_eq!(check(other), Err(BadLogo::Shape), "{other}");
        }
        assert_eq!(check("data:image/png;base64,AAAA"), Err(BadLogo::OtherSort));
        assert_eq!(svg("<html></html>").picture(), Err(BadLogo::OtherSort));
        let utf7 = svg("<?xml version='1.0' encoding='utf-7'?><svg/>");
        assert_eq!(utf7.picture(), Err(BadLogo::OtherSort));
        let large = svg(&format!("<svg>{}</svg>", " ".repeat(LARGEST_LOGO)));
        assert_eq!(large.picture(), Err(BadLogo::TooLarge(LARGEST_LOGO + 11)));
    }
}
