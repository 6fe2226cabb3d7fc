use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn theme(document: Value) -> Theme {
    serde_json::from_value(document).expect("a theme")
}

fn wrong(document: Value) -> Vec<(String, String)> {
    let errors = theme(document).check().into_iter();
    errors.map(|error| (error.pointer, error.detail)).collect()
}

fn unread(shades: &Shades) -> Vec<String> {
    let texts = shades.texts().into_iter();
    let unread = texts.filter(|(text, paper)| !text.reads_on(*paper));
    unread
        .map(|(text, paper)| too_little(text, paper))
        .collect()
}

#[test]
fn what_everybody_gets_can_be_read() {
    let Palette { light, dark } = Palette::usual();
    assert_eq!((unread(&light), unread(&dark)), (vec![], vec![]));
    assert_eq!(Palette::of(&Theme::default()), Palette::usual());
}

#[test]
fn what_cannot_be_read_is_refused_with_what_was_measured() {
    assert_eq!(wrong(json!({})), []);
    assert_eq!(
        wrong(json!({"accent": "#005f73", "accent_dark": "#94d2bd"})),
        []
    );
    let yellow = wrong(json!({"accent": "#ffcc00"}));
    assert_eq!(yellow.len(), 1);
    assert_eq!(yellow[0].0, "/theme/accent");
    assert!(
        yellow[0]
            .1
            .starts_with("#ffcc00 on #ffffff has a contrast of 1.51:1; text needs 4.5:1"),
        "{yellow:?}"
    );
    let all = wrong(json!({
        "accent": "#ffcc00", "accent_dark": "#202020", "paper": "#777777", "ink_dark": "#333333", "paper_dark": "#222222"
    }));
    let pointers: Vec<&str> = all.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/theme/paper",
            "/theme/accent",
            "/theme/ink_dark",
            "/theme/accent_dark"
        ]
    );
    // Just below the line is not on it.
    let near = wrong(json!({"accent": "#777777"}));
    assert!(near[0].1.contains("4.47:1"), "{near:?}");
}

#[test]
fn a_logo_by_night_needs_one_by_day() {
    let svg = "data:image/svg+xml;base64,PHN2Zy8+";
    assert_eq!(wrong(json!({"logo": svg, "logo_dark": svg})), []);
    assert_eq!(wrong(json!({"logo_dark": svg}))[0].0, "/theme/logo");
    assert_eq!(wrong(json!({"logo": "logo.png"}))[0].0, "/theme/logo");
}

#[test]
fn the_accent_of_one_mode_is_kept_and_the_other_made_from_it() {
    let blue = Colour([0x1d, 0x4e, 0x89]);
    let palette = Palette::of(&theme(json!({"accent": "#1d4e89"})));
    assert_eq!(palette.light.accent, blue);
    assert!(palette.dark.accent.reads_on(palette.dark.paper));
    assert_ne!(palette.dark.accent, Palette::usual().dark.accent);
}

fn some_colour() -> impl Strategy<Value = Option<Colour>> {
    proptest::option::of(any::<[u8; 3]>().prop_map(Colour))
}

proptest! {
    /// Of what is taken, everything can be read.
    #[test]
    fn whatever_is_taken_can_be_read(
        accent in some_colour(), accent_dark in some_colour(), paper in some_colour(), paper_dark in some_colour(),
        ink in some_colour(), ink_dark in some_colour(),
    ) {
        let theme = Theme { accent, accent_dark, paper, paper_dark, ink, ink_dark, logo: None, logo_dark: None };
        let palette = Palette::of(&theme);
        if theme.check().is_empty() {
            prop_assert_eq!(unread(&palette.light), Vec::<String>::new());
            prop_assert_eq!(unread(&palette.dark), Vec::<String>::new());
        }
        // A colour that is given is used, or refused.
        prop_assert!(accent.is_none_or(|accent| palette.light.accent == accent || !theme.check().is_empty()));
    }

    /// Brands choose freely: an accent alone is enough, and most are dark enough.
    #[test]
    fn an_accent_alone_always_gives_the_other(accent in any::<[u8; 3]>()) {
        let theme = Theme { accent: Some(Colour(accent)), ..Theme::default() };
        prop_assert_eq!(unread(&Palette::of(&theme).dark), Vec::<String>::new());
    }
}
