//! A shop's accent colour, and the text that can be read on it.

/// Red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color([u8; 3]);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadColor {
    /// It isn't `#rrggbb`.
    Format,
    /// Neither light nor dark text can be read on it.
    Contrast,
}

/// The two inks of the pages.
const WHITE: &str = "#ffffff";
const DARK: &str = "#0e1116";

impl Color {
    /// Reads `#rrggbb` of a colour that text can stand on.
    pub fn parse(text: &str) -> Result<Color, BadColor> {
        let color = read(text).ok_or(BadColor::Format)?;
        if color.ink().is_some() { Ok(color) } else { Err(BadColor::Contrast) }
    }

    pub fn to_text(self) -> String {
        let Color([red, green, blue]) = self;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// The colour of text on it, white where that can be read.
    pub fn ink(self) -> Option<&'static str> {
        [WHITE, DARK].into_iter().find(|ink| read(ink).is_some_and(|ink| reads(self.luminance(), ink.luminance())))
    }

    /// Relative luminance (WCAG 2.2), of 65,535.
    fn luminance(self) -> u64 {
        let [red, green, blue] = self.0.map(|part| LINEAR.get(usize::from(part)).copied().map_or(0, u64::from));
        (2_126 * red + 7_152 * green + 722 * blue) / 10_000
    }
}

fn read(text: &str) -> Option<Color> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let all_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    all_hex.then_some(Color([part(0)?, part(2)?, part(4)?]))
}

/// Whether the contrast is 4.5 to 1 or more (WCAG 2.2, 1.4.3).
fn reads(one: u64, other: u64) -> bool {
    /// A twentieth of 65,535, which the formula adds.
    const FLARE: u64 = 3_277;
    let (light, dark) = (one.max(other) + FLARE, one.min(other) + FLARE);
    light * 10 >= dark * 45
}

/// sRGB's curve (IEC 61966-2-1): the light of each of 256 steps, of 65,535. A table, because money's rule leaves no float in `src/`.
const LINEAR: [u16; 256] = [
    0, 20, 40, 60, 80, 99, 119, 139, 159, 179, 199, 219, 241, 264, 288, 313, 340, 367, 396, 427, 458, 491, 526, 562,
    599, 637, 677, 718, 761, 805, 851, 898, 947, 997, 1048, 1101, 1156, 1212, 1270, 1330, 1391, 1453, 1517, 1583, 1651,
    1720, 1790, 1863, 1937, 2013, 2090, 2170, 2250, 2333, 2418, 2504, 2592, 2681, 2773, 2866, 2961, 3058, 3157, 3258,
    3360, 3464, 3570, 3678, 3788, 3900, 4014, 4129, 4247, 4366, 4488, 4611, 4736, 4864, 4993, 5124, 5257, 5392, 5530,
    5669, 5810, 5953, 6099, 6246, 6395, 6547, 6700, 6856, 7014, 7174, 7335, 7500, 7666, 7834, 8004, 8177, 8352, 8528,
    8708, 8889, 9072, 9258, 9445, 9635, 9828, 10022, 10219, 10417, 10619, 10822, 11028, 11235, 11446, 11658, 11873,
    12090, 12309, 12530, 12754, 12980, 13209, 13440, 13673, 13909, 14146, 14387, 14629, 14874, 15122, 15371, 15623,
    15878, 16135, 16394, 16656, 16920, 17187, 17456, 17727, 18001, 18277, 18556, 18837, 19121, 19407, 19696, 19987,
    20281, 20577, 20876, 21177, 21481, 21787, 22096, 22407, 22721, 23038, 23357, 23678, 24002, 24329, 24658, 24990,
    25325, 25662, 26001, 26344, 26688, 27036, 27386, 27739, 28094, 28452, 28813, 29176, 29542, 29911, 30282, 30656,
    31033, 31412, 31794, 32179, 32567, 32957, 33350, 33745, 34143, 34544, 34948, 35355, 35764, 36176, 36591, 37008,
    37429, 37852, 38278, 38706, 39138, 39572, 40009, 40449, 40891, 41337, 41785, 42236, 42690, 43147, 43606, 44069,
    44534, 45002, 45473, 45947, 46423, 46903, 47385, 47871, 48359, 48850, 49344, 49841, 50341, 50844, 51349, 51858,
    52369, 52884, 53401, 53921, 54445, 54971, 55500, 56032, 56567, 57105, 57646, 58190, 58737, 59287, 59840, 60396,
    60955, 61517, 62082, 62650, 63221, 63795, 64372, 64952, 65535,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_on_a_colour_can_be_read_or_the_colour_is_refused() {
        for (color, ink) in
            [("#2451d6", WHITE), ("#000000", WHITE), ("#FFD400", DARK), ("#ffffff", DARK), ("#767676", WHITE)]
        {
            assert_eq!(Color::parse(color).map(Color::ink), Ok(Some(ink)), "{color}");
        }
        assert_eq!(Color::parse("#7a7a7a"), Err(BadColor::Contrast));
        for text in ["", "red", "#fff", "#12345g", "#+12345", "2451d6", "#2451d6ff", "#é1234"] {
            assert_eq!(Color::parse(text), Err(BadColor::Format), "{text}");
        }
        assert_eq!(Color::parse("#2451D6").map(Color::to_text), Ok("#2451d6".into()));
    }
}
