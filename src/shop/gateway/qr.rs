//! QR codes as SVG path data, small enough to stand inside the pay page.

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around the symbol that scanners need (ISO/IEC 18004).
const QUIET: i32 = 4;

/// The QR code of `text`, at medium error correction or better where that costs no size: modules
/// per side with the quiet zone of 4, and path data that fills the dark modules, for `<svg
/// viewBox="0 0 side side"><path d="…"/></svg>`. `None` when the text is too long for any QR code
/// (about 2.3 KB).
pub fn svg_path(text: &str) -> Option<(u32, String)> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let side = u32::try_from(size + 2 * QUIET).ok()?;
    let mut path = String::new();
    // `z` returns to the start of the run just drawn, so each move is relative to that; the first
    // one, from 0 0.
    let (mut from_x, mut from_y) = (0, 0);
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let start = x;
            // Outside of the symbol every module is light, which ends a run at the edge.
            while code.get_module(x, y) {
                x += 1;
            }
            if x > start {
                let (to_x, to_y) = (start + QUIET, y + QUIET);
                path.push(if path.is_empty() { 'M' } else { 'm' });
                number(&mut path, to_x - from_x);
                path.push(' ');
                number(&mut path, to_y - from_y);
                path.push('h');
                number(&mut path, x - start);
                path.push_str("v1h");
                number(&mut path, start - x);
                path.push('z');
                (from_x, from_y) = (to_x, to_y);
            }
            x += 1;
        }
    }
    Some((side, path))
}

fn number(path: &mut String, value: i32) {
    path.push_str(&value.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rqrr::PreparedImage;

    const URI: &str = "bitcoin:bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu?amount=0.00031122&label=PushGuard";

    /// One run of dark modules: where it starts, and how long it is.
    type Run = (usize, usize, usize);

    /// Reads the path as a browser would, and holds it to the promised shape.
    fn runs(path: &str) -> Vec<Run> {
        let (mut x, mut y) = (0_i32, 0_i32);
        let mut runs = Vec::new();
        for (nth, run) in path.split_terminator('z').enumerate() {
            let (start, rest) = run.split_once('h').unwrap();
            let (length, back) = rest.split_once("v1h").unwrap();
            let start = start.strip_prefix(if nth == 0 { 'M' } else { 'm' }).unwrap();
            let (dx, dy) = start.split_once(' ').unwrap();
            x += dx.parse::<i32>().unwrap();
            y += dy.parse::<i32>().unwrap();
            assert_eq!(back, format!("-{length}"));
            runs.push((x as usize, y as usize, length.parse().unwrap()));
        }
        runs
    }

    /// Paints the runs, each module 4 pixels wide, and reads the picture with an independent
    /// decoder.
    fn scanned(side: u32, path: &str) -> String {
        const PIXELS: usize = 4;
        let side = side as usize;
        let mut dark = vec![false; side * side];
        for (x, y, length) in runs(path) {
            dark[y * side + x..][..length].fill(true);
        }
        let mut image = PreparedImage::prepare_from_greyscale(side * PIXELS, side * PIXELS, |x, y| {
            if dark[y / PIXELS * side + x / PIXELS] { 0 } else { 255 }
        });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    #[test]
    fn a_payment_uri_scans_back() {
        let (side, path) = svg_path(URI).unwrap();
        assert_eq!(scanned(side, &path), URI);
    }

    #[test]
    fn the_quiet_zone_stays_empty() {
        let (side, path) = svg_path(URI).unwrap();
        let side = side as usize;
        for (x, y, length) in runs(&path) {
            assert!(x >= 4 && y >= 4 && x + length <= side - 4 && y < side - 4);
        }
        // The three finder patterns touch the corners of the symbol.
        assert!(path.starts_with("M4 4h7v1h-7z"));
    }

    #[test]
    fn neighbours_are_one_run() {
        let (_, path) = svg_path(URI).unwrap();
        for pair in runs(&path).windows(2) {
            let [(x, y, length), (next_x, next_y, _)] = pair else { panic!("two runs") };
            assert!(next_y > y || (next_y == y && *next_x > x + length));
        }
    }

    #[test]
    fn the_smallest_code_has_21_modules_and_the_path_stays_short() {
        assert_eq!(svg_path("1").unwrap().0, 21 + 8);
        assert_eq!(svg_path("").unwrap().0, 21 + 8);
        assert!(svg_path(URI).unwrap().1.len() < 7000);
    }

    #[test]
    fn a_text_too_long_for_any_code_gives_none() {
        assert!(svg_path(&"a".repeat(2331)).is_some());
        assert!(svg_path(&"a".repeat(2332)).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn any_address_and_amount_scans_back(text in "(bitcoin|litecoin|ethereum):[a-zA-Z0-9@?&=.%-]{1,120}") {
            let (side, path) = svg_path(&text).unwrap();
            prop_assert_eq!(scanned(side, &path), text);
        }
    }
}
