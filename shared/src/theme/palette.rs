//! Palettes: the colours that pages and mails are made of, by day and by night. Whatever a site chooses of them, text can be read.

use super::{Theme, colour::Colour};

/// The colours of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// By day
    pub light: Shades,
    /// By night
    pub dark: Shades,
}

/// The colours of one mode. Text is `ink`, `soft` or `accent` on `paper`, `soft` on `desk`, and `on_accent` on `accent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shades {
    /// Text
    pub ink: Colour,
    /// Text that steps back
    pub soft: Colour,
    /// Lines between things; no text
    pub line: Colour,
    /// What text stands on
    pub paper: Colour,
    /// What the paper lies on
    pub desk: Colour,
    /// Buttons, links and what is on
    pub accent: Colour,
    /// Text on buttons
    pub on_accent: Colour,
}

const USUAL: Palette = Palette {
    light: Shades {
        ink: Colour([0x17, 0x21, 0x1b]),
        soft: Colour([0x4c, 0x5a, 0x51]),
        line: Colour([0xc9, 0xd3, 0xcc]),
        paper: Colour([0xff, 0xff, 0xff]),
        desk: Colour([0xee, 0xf2, 0xef]),
        accent: Colour([0x14, 0x53, 0x2d]),
        on_accent: Colour([0xff, 0xff, 0xff]),
    },
    dark: Shades {
        ink: Colour([0xe8, 0xef, 0xe9]),
        soft: Colour([0xa9, 0xb8, 0xae]),
        line: Colour([0x3d, 0x4a, 0x42]),
        paper: Colour([0x18, 0x20, 0x1b]),
        desk: Colour([0x10, 0x15, 0x12]),
        accent: Colour([0x86, 0xd9, 0xa4]),
        on_accent: Colour([0x0b, 0x1f, 0x12]),
    },
};

const WHITE: Colour = Colour([0xff; 3]);
const BLACK: Colour = Colour([0; 3]);

impl Palette {
    /// That of sites without a theme.
    #[must_use]
    pub fn usual() -> Self {
        USUAL
    }

    /// That of a theme. An accent that is given for one mode only is brought closer to the other's text colour until it can be read.
    #[must_use]
    pub fn of(theme: &Theme) -> Self {
        let (day, night) = (
            theme.accent.or(theme.accent_dark),
            theme.accent_dark.or(theme.accent),
        );
        Self {
            light: USUAL.light.with(theme.paper, theme.ink, day),
            dark: USUAL.dark.with(theme.paper_dark, theme.ink_dark, night),
        }
    }

    /// As custom properties of CSS. Paper is always printed on by day. By night `--plate` is what a logo stands on that is only meant
    /// for day.
    #[must_use]
    pub fn css(&self) -> String {
        let (light, dark) = (self.light.css(), self.dark.css());
        let dark = format!("{dark};--plate:{}", self.light.paper);
        format!(
            ":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        )
    }
}

impl Shades {
    fn with(self, paper: Option<Colour>, ink: Option<Colour>, accent: Option<Colour>) -> Self {
        let mut shades = self;
        if paper.is_some() || ink.is_some() {
            let (paper, ink) = (paper.unwrap_or(self.paper), ink.unwrap_or(self.ink));
            shades.paper = paper;
            shades.ink = ink;
            // As far from the paper and the ink as text on them still allows.
            let tinted = |percent: u8| paper.mixed(ink, percent);
            shades.desk = first(&[6, 4, 2], tinted, |desk| ink.reads_on(desk)).unwrap_or(paper);
            let paled = |percent: u8| ink.mixed(paper, percent);
            let reads = |soft: Colour| soft.reads_on(paper) && soft.reads_on(shades.desk);
            shades.soft = first(&[30, 25, 20, 15, 10, 5], paled, reads).unwrap_or(ink);
            shades.line = paper.mixed(ink, 20);
        }
        if accent.is_some() || paper.is_some() || ink.is_some() {
            let wanted = accent.unwrap_or(self.accent);
            let inked = |percent: u8| wanted.mixed(shades.ink, percent);
            let steps: Vec<u8> = (0..20).map(|step| step * 5).collect();
            let reads = |accent: Colour| accent.reads_on(shades.paper);
            shades.accent = first(&steps, inked, reads).unwrap_or(shades.ink);
            // One of the two always reads: what is too light for white is light enough for black.
            shades.on_accent = if WHITE.reads_on(shades.accent) {
                WHITE
            } else {
                BLACK
            };
        }
        shades
    }

    /// Every pair of text and what it stands on.
    #[must_use]
    pub fn texts(&self) -> [(Colour, Colour); 5] {
        [
            (self.ink, self.paper),
            (self.soft, self.paper),
            (self.soft, self.desk),
            (self.accent, self.paper),
            (self.on_accent, self.accent),
        ]
    }

    fn css(&self) -> String {
        let Self {
            ink,
            soft,
            line,
            paper,
            desk,
            accent,
            on_accent,
        } = self;
        format!(
            "--ink:{ink};--soft:{soft};--line:{line};--paper:{paper};--desk:{desk};--accent:{accent};--on-accent:{on_accent}"
        )
    }
}

/// The first of these shades that will do.
fn first(
    percents: &[u8],
    shade: impl Fn(u8) -> Colour,
    will_do: impl Fn(Colour) -> bool,
) -> Option<Colour> {
    let mut shades = percents.iter().map(|percent| shade(*percent));
    shades.find(|shade| will_do(*shade))
}
