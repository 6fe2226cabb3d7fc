//! A colour, and how well one reads on another.
//!
//! The contrast is WCAG 2.2's. `palette` and `contrast` have it too, among much that nobody needs here; for one formula of ten lines
//! neither is worth its weight in the Worker.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The least contrast of text (WCAG 2.2, success criterion 1.4.3, level AA).
pub const LEAST_CONTRAST: f64 = 4.5;

/// A colour of sRGB, written `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

/// It is not written so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a colour such as \"#14532d\": # and six hex digits")]
pub struct NoColour;

impl Colour {
    /// Reads `#rrggbb`.
    pub fn parse(text: &str) -> Result<Self, NoColour> {
        let digits = text.strip_prefix('#').ok_or(NoColour)?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoColour);
        }
        let part = |from: usize| u8::from_str_radix(&digits[from..from + 2], 16);
        match (part(0), part(2), part(4)) {
            (Ok(red), Ok(green), Ok(blue)) => Ok(Self([red, green, blue])),
            _ => Err(NoColour),
        }
    }

    /// How well it reads on `other`, or `other` on it: 1 (not at all) to 21 (WCAG 2.2, "contrast ratio").
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Whether text of this colour may stand on `other`.
    #[must_use]
    pub fn reads_on(self, other: Self) -> bool {
        self.contrast(other) >= LEAST_CONTRAST
    }

    /// It with so many hundredths of `other` in it.
    #[must_use]
    pub fn mixed(self, other: Self, percent: u8) -> Self {
        let share = u32::from(percent.min(100));
        let mix = |own: u8, others: u8| {
            let sum = u32::from(own) * (100 - share) + u32::from(others) * share;
            u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX)
        };
        let ([red, green, blue], others) = (self.0, other.0);
        Self([
            mix(red, others[0]),
            mix(green, others[1]),
            mix(blue, others[2]),
        ])
    }

    /// WCAG 2.2, "relative luminance".
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(out, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Serialize for Colour {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(reader)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        Colour::parse(text).expect("a colour")
    }

    /// Figures that others publish: W3C's own examples (failure F83's #777, technique G18's extremes) and WebAIM's.
    #[test]
    fn contrast_is_what_others_measure() {
        for (one, two, ratio) in [
            ("#000000", "#ffffff", 21.0),
            ("#ffffff", "#ffffff", 1.0),
            ("#777777", "#ffffff", 4.48),
            ("#767676", "#ffffff", 4.54),
            ("#ff0000", "#ffffff", 4.0),
            ("#0000ff", "#ffffff", 8.59),
            ("#00ff00", "#ffffff", 1.37),
            ("#ffff00", "#0000ff", 8.0),
        ] {
            let measured = colour(one).contrast(colour(two));
            assert!(
                (measured - ratio).abs() < 0.01,
                "{one} on {two}: {measured}"
            );
            let turned = colour(two).contrast(colour(one));
            assert!((measured - turned).abs() < f64::EPSILON);
        }
    }

    #[test]
    fn a_colour_is_read_and_written() {
        assert_eq!(colour("#14532D").to_string(), "#14532d");
        for wrong in [
            "", "14532d", "#14532", "#14532dd", "#14532g", "#+4532d", "red", "#éé",
        ] {
            assert_eq!(Colour::parse(wrong), Err(NoColour), "{wrong}");
        }
    }

    #[test]
    fn a_mix_is_between_the_two() {
        let (black, white) = (colour("#000000"), colour("#ffffff"));
        assert_eq!(black.mixed(white, 0), black);
        assert_eq!(black.mixed(white, 100), white);
        assert_eq!(black.mixed(white, 20).to_string(), "#333333");
    }
}
