//! Themes: the colours and the logo by which a visitor knows the site again on our pages and in its mails.
//!
//! A theme that cannot be read is refused when it is published, with what was measured; what it leaves open is chosen so that every
//! text can be read, by day and by night.

mod colour;
mod logo;
mod palette;

pub use colour::{Colour, LEAST_CONTRAST, NoColour};
pub use logo::{BadLogo, LARGEST_LOGO, Logo, Picture, PictureKind};
pub use palette::{Palette, Shades};

use serde::{Deserialize, Serialize};

use crate::problem::FieldError;

/// How the site's pages and mails look. Everything may be left out. Colours are `#rrggbb`; those of text and what it stands on need a
/// contrast of 4.5:1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Theme {
    /// The colour of the brand, for buttons and what is on
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^#[0-9a-fA-F]{6}$"))]
    pub accent: Option<Colour>,
    /// The same by night. Left out: made from `accent`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^#[0-9a-fA-F]{6}$"))]
    pub accent_dark: Option<Colour>,
    /// What text stands on
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^#[0-9a-fA-F]{6}$"))]
    pub paper: Option<Colour>,
    /// The same by night
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^#[0-9a-fA-F]{6}$"))]
    pub paper_dark: Option<Colour>,
    /// Text
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^#[0-9a-fA-F]{6}$"))]
    pub ink: Option<Colour>,
    /// The same by night
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^#[0-9a-fA-F]{6}$"))]
    pub ink_dark: Option<Colour>,
    /// Beside the controller's name, which always stands there in letters: `data:image/svg+xml;base64,…` or
    /// `data:image/png;base64,…`, at most 16 KiB
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub logo: Option<Logo>,
    /// The same by night. Left out: `logo` stands on light paper then
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub logo_dark: Option<Logo>,
}

impl Theme {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// All that is wrong.
    pub(crate) fn check(&self) -> Vec<FieldError> {
        let palette = Palette::of(self);
        let modes = [
            ("", palette.light, self.paper, self.ink, self.accent),
            (
                "_dark",
                palette.dark,
                self.paper_dark,
                self.ink_dark,
                self.accent_dark,
            ),
        ];
        let mut errors = Vec::new();
        let mut check = |name: String, text: Colour, paper: Colour| {
            if !text.reads_on(paper) {
                let detail = too_little(text, paper);
                errors.push(FieldError::new(format!("/theme/{name}"), detail));
            }
        };
        for (mode, shades, paper, ink, accent) in modes {
            let ink_or_paper = if ink.is_some() { "ink" } else { "paper" };
            if ink.is_some() || paper.is_some() {
                check(format!("{ink_or_paper}{mode}"), shades.ink, shades.paper);
            }
            if let Some(accent) = accent {
                check(format!("accent{mode}"), accent, shades.paper);
            }
        }
        if self.logo_dark.is_some() && self.logo.is_none() {
            errors.push(FieldError::new(
                "/theme/logo",
                "is missing; it is the one by day",
            ));
        }
        for (name, logo) in [("logo", &self.logo), ("logo_dark", &self.logo_dark)] {
            if let Some(Err(error)) = logo.as_ref().map(Logo::picture) {
                errors.push(FieldError::new(format!("/theme/{name}"), error.to_string()));
            }
        }
        errors
    }
}

fn too_little(text: Colour, paper: Colour) -> String {
    // Rounded down: 4.499 is not 4.5.
    let measured = (text.contrast(paper) * 100.0).floor() / 100.0;
    format!(
        "{text} on {paper} has a contrast of {measured:.2}:1; text needs {LEAST_CONTRAST}:1 to be read (WCAG 2.2, 1.4.3)"
    )
}

#[cfg(test)]
mod tests;
