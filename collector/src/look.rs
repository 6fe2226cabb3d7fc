//! How the pages of a site look: their stylesheet and logo. All of it comes from us: a page asks no third party for anything.
//!
//! Names carry a hash of what is in the file, so that a file never changes. A name that is not current (a page was open while the site
//! changed) gets what is current, for a minute.

use sayso_shared::{
    canonical::{base64url, sha256},
    key::SiteKey,
    problem::Problem,
    theme::{Palette, Picture, Theme},
};
use serde::{Deserialize, Serialize};
use worker::Response;

use crate::{answer, failure::Outcome};

/// What all pages have in common; the colours are a palette's.
const STYLESHEET: &str = include_str!("../templates/pages.css");

/// The policy of a picture: whatever it holds, nothing of it runs and nothing is loaded.
const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// Where a page finds its looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Look {
    pub(crate) stylesheet: String,
    pub(crate) logo: Option<String>,
    /// By night; without it, the other one on a light plate
    pub(crate) logo_dark: Option<String>,
}

impl Default for Look {
    /// That of sites without a theme.
    fn default() -> Self {
        Self {
            stylesheet: "/pages.css".to_owned(),
            logo: None,
            logo_dark: None,
        }
    }
}

/// One file, and its name.
struct File {
    name: String,
    content_type: &'static str,
    bytes: Vec<u8>,
    is_picture: bool,
}

impl Look {
    /// That of a site.
    pub(crate) fn of(site: &SiteKey, theme: &Theme) -> Self {
        if theme.is_empty() {
            return Self::default();
        }
        let path = |file: File| format!("/pages/{site}/{}", file.name);
        Self {
            stylesheet: path(File::stylesheet(theme)),
            logo: File::logo(theme).map(path),
            logo_dark: File::logo_dark(theme).map(path),
        }
    }
}

/// The stylesheet of pages of no site, and of sites without a theme.
pub(crate) fn usual_stylesheet() -> String {
    Palette::usual().css() + STYLESHEET
}

/// The file of this name, of a site with this theme.
pub(crate) fn file(theme: &Theme, name: &str) -> Outcome<Response> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let files = [
        Some(File::stylesheet(theme)),
        File::logo(theme),
        File::logo_dark(theme),
    ];
    let files: Vec<File> = files.into_iter().flatten().collect();
    let of_this_name = files.iter().find(|file| file.name == name);
    let alike = || files.iter().find(|file| ending == file.ending());
    let found = of_this_name.or_else(alike).ok_or_else(Problem::no_route)?;
    let response = answer::body(200, found.content_type, found.bytes.clone())?;
    let headers = response.headers();
    let kept = match of_this_name {
        Some(_) => "public, max-age=31536000, immutable",
        None => "public, max-age=60",
    };
    headers.set("cache-control", kept)?;
    if found.is_picture {
        headers.set("content-security-policy", PICTURE_POLICY)?;
    }
    Ok(response)
}

impl File {
    fn new(ending: &str, content_type: &'static str, bytes: Vec<u8>) -> Self {
        let hash = base64url(&sha256(&bytes)[..12]);
        Self {
            name: format!("{hash}.{ending}"),
            content_type,
            bytes,
            is_picture: content_type.starts_with("image/"),
        }
    }

    fn ending(&self) -> Option<&str> {
        self.name.rsplit_once('.').map(|(_, ending)| ending)
    }

    fn stylesheet(theme: &Theme) -> Self {
        let css = Palette::of(theme).css() + STYLESHEET;
        Self::new("css", "text/css; charset=utf-8", css.into_bytes())
    }

    fn logo(theme: &Theme) -> Option<Self> {
        Some(Self::picture(theme.logo.as_ref()?.picture().ok()?))
    }

    fn logo_dark(theme: &Theme) -> Option<Self> {
        Some(Self::picture(theme.logo_dark.as_ref()?.picture().ok()?))
    }

    fn picture(picture: Picture) -> Self {
        let Picture { kind, bytes } = picture;
        Self::new(kind.ending(), kind.media_type(), bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_without_a_theme_shares_its_stylesheet_with_all() {
        let site = SiteKey::parse("demo").expect("a name");
        assert_eq!(Look::of(&site, &Theme::default()), Look::default());
    }

    #[test]
    fn another_colour_is_another_name() {
        let site = SiteKey::parse("demo").expect("a name");
        let look = |accent: &str| {
            let theme =
                serde_json::json!({"accent": accent, "logo": "data:image/svg+xml;base64,PHN2Zy8+"});
            Look::of(&site, &serde_json::from_value(theme).expect("a theme"))
        };
        let (one, other) = (look("#112233"), look("#112234"));
        assert_ne!(one.stylesheet, other.stylesheet);
        assert_eq!(one.logo, other.logo);
        let css = one.stylesheet.strip_prefix("/pages/demo/");
        assert!(css.is_some_and(|name| name.strip_suffix(".css").is_some()));
        assert!(
            one.logo
                .is_some_and(|logo| logo.strip_suffix(".svg").is_some())
        );
    }

    #[test]
    fn every_colour_of_the_stylesheet_is_the_palettes() {
        let css = usual_stylesheet();
        for used in STYLESHEET.split("var(").skip(1) {
            let name = used.split([')', ',']).next().unwrap_or_default();
            assert!(css.contains(&format!("{name}:")), "{name}");
        }
        assert!(
            !STYLESHEET.contains('#'),
            "a colour of its own, that no theme changes"
        );
    }
}
