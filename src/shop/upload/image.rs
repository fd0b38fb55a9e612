//! What the first bytes of an image say: its type, whatever it is called, and how large it is shown.
//! SVG is no image here: it is a program that a browser would run.

/// Pixels of a side. A browser lays out no more, and unpacks four bytes for each pixel.
pub const MAX_SIDE: u32 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    pub mime: &'static str,
    /// As it is shown, in pixels: a photo that its camera marks as turned is shown turned.
    pub width: u32,
    pub height: u32,
}

/// Why bytes are no image that can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// They begin as none of the types that are taken.
    Unknown,
    /// They begin well, and no width and height follow.
    NoSize,
    /// A side is longer than `MAX_SIDE`; both of them.
    TooLarge(u32, u32),
}

pub fn read(bytes: &[u8]) -> Result<Image, Unfit> {
    let (mime, size) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        ("image/png", png(bytes))
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        ("image/jpeg", jpeg(bytes))
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        ("image/gif", gif(bytes))
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        ("image/webp", webp(bytes))
    } else {
        return Err(Unfit::Unknown);
    };
    let (width, height) = size.filter(|(width, height)| *width > 0 && *height > 0).ok_or(Unfit::NoSize)?;
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(Unfit::TooLarge(width, height));
    }
    Ok(Image { mime, width, height })
}

/// A number of at most four bytes.
fn number(bytes: &[u8], at: usize, length: usize, order: Order) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    let add = |sum: u32, byte: &u8| (sum << 8) | u32::from(*byte);
    Some(match order {
        Order::Big => bytes.iter().fold(0, add),
        Order::Little => bytes.iter().rev().fold(0, add),
    })
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Big,
    Little,
}
use Order::{Big, Little};

/// The chunk IHDR comes first (W3C PNG, 11.2.1).
fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    (bytes.get(12..16)? == b"IHDR").then_some(())?;
    Some((number(bytes, 16, 4, Big)?, number(bytes, 20, 4, Big)?))
}

/// The logical screen (GIF89a, 18).
fn gif(bytes: &[u8]) -> Option<(u32, u32)> {
    Some((number(bytes, 6, 2, Little)?, number(bytes, 8, 2, Little)?))
}

/// A simple file has one chunk, lossy (RFC 6386, 9.1) or lossless (RFC 9649, 3.4); an extended one
/// begins with the size of its canvas (RFC 9649, 2.7).
fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    match bytes.get(12..16)? {
        b"VP8 " if bytes.get(23..26)? == b"\x9d\x01\x2a" => {
            // The two upper bits are a scale, which no browser applies.
            Some((number(bytes, 26, 2, Little)? & 0x3fff, number(bytes, 28, 2, Little)? & 0x3fff))
        }
        b"VP8L" if bytes.get(20)? == &0x2f => {
            let bits = number(bytes, 21, 4, Little)?;
            Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        b"VP8X" => Some((number(bytes, 24, 3, Little)? + 1, number(bytes, 27, 3, Little)? + 1)),
        _ => None,
    }
}

/// Walks over the segments to the frame (ITU T.81, B.1 and B.2.2).
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let (mut at, mut is_turned) = (2, false);
    loop {
        (bytes.get(at)? == &0xff).then_some(())?;
        at += 1;
        match bytes.get(at)? {
            // Any marker may have fill bytes before it.
            0xff => continue,
            // These have no length: TEM, and restarts.
            0x01 | 0xd0..=0xd7 => {}
            // The end, or the pixels, and no frame before them.
            0xd9 | 0xda => return None,
            marker => {
                let length = usize::try_from(number(bytes, at + 1, 2, Big)?).ok()?;
                let segment = bytes.get(at + 3..at + 1 + length.max(2))?;
                match marker {
                    // Tables of Huffman codes, extensions and arithmetic codes stand between the frames.
                    0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                        let (height, width) = (number(segment, 1, 2, Big)?, number(segment, 3, 2, Big)?);
                        return Some(if is_turned { (height, width) } else { (width, height) });
                    }
                    0xe1 => is_turned = is_turned || segment.strip_prefix(b"Exif\0\0").is_some_and(is_quarter_turn),
                    _ => {}
                }
                at += length.max(2);
            }
        }
        at += 1;
    }
}

/// Whether the camera was held upright: the tag Orientation of the first directory is 5 to 8 (CIPA
/// DC-008 Exif, 4.6.4). Browsers turn such a photo (CSS Images 3, `image-orientation`).
fn is_quarter_turn(tiff: &[u8]) -> bool {
    const ORIENTATION: u32 = 0x112;
    let find = || {
        let order = match tiff.get(..4)? {
            b"II*\0" => Little,
            b"MM\0*" => Big,
            _ => return None,
        };
        let directory = usize::try_from(number(tiff, 4, 4, order)?).ok()?;
        let count = usize::try_from(number(tiff, directory, 2, order)?).ok()?;
        let entries = tiff.get(directory + 2..)?.chunks_exact(12).take(count);
        let mut found = entries.filter(|entry| number(entry, 0, 2, order) == Some(ORIENTATION));
        number(found.next()?, 8, 2, order)
    };
    matches!(find(), Some(5..=8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(bytes: &[u8]) -> Result<(&'static str, u32, u32), Unfit> {
        read(bytes).map(|image| (image.mime, image.width, image.height))
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
        [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", sides.as_slice()].concat()
    }

    /// A photo with these segments before its frame of 640 × 480.
    fn jpeg(segments: &[&[u8]]) -> Vec<u8> {
        let frame = b"\xff\xff\xc2\0\x0b\x08\x01\xe0\x02\x80\x01\x01\x11\0\xff\xda";
        [b"\xff\xd8", segments.concat().as_slice(), frame].concat()
    }

    fn exif(orientation: u8) -> Vec<u8> {
        let entry = [b"\x01\x12\0\x03\0\0\0\x01\0", [orientation].as_slice(), b"\0\0"].concat();
        [b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01", entry.as_slice(), b"\0\0\0\0"].concat()
    }

    #[test]
    fn each_type_says_how_large_it_is() {
        assert_eq!(size(&png(300, 200)), Ok(("image/png", 300, 200)));
        assert_eq!(size(b"GIF89a\x2c\x01\xc8\0;"), Ok(("image/gif", 300, 200)));
        assert_eq!(
            size(b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\x10\0\0\x9d\x01\x2a\x2c\x41\xc8\0"),
            Ok(("image/webp", 300, 200)),
            "with a scale in the upper bits"
        );
        // 299 | 199 << 14
        assert_eq!(size(b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x2b\xc1\x31\0"), Ok(("image/webp", 300, 200)));
        assert_eq!(size(b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\x10\0\0\0\x2b\x01\0\xc7\0\0"), Ok(("image/webp", 300, 200)));
        let app0 = b"\xff\xe0\0\x04JF";
        let huffman = b"\xff\xc4\0\x05abc";
        assert_eq!(size(&jpeg(&[app0, b"\xff\x01", huffman])), Ok(("image/jpeg", 640, 480)));
    }

    #[test]
    fn a_photo_that_was_taken_upright_is_as_large_as_it_is_shown() {
        for (orientation, expected) in
            [(1, (640, 480)), (3, (640, 480)), (6, (480, 640)), (8, (480, 640)), (9, (640, 480))]
        {
            let image = read(&jpeg(&[&exif(orientation)])).unwrap();
            assert_eq!((image.width, image.height), expected, "{orientation}");
        }
        let other = b"\xff\xe1\0\x0bhttp://x\0";
        assert_eq!(read(&jpeg(&[other, &exif(5)])).unwrap().width, 480);
    }

    #[test]
    fn a_real_photo_is_read() {
        let photo = include_bytes!("../../../scripts/demo/book.jpg");
        assert_eq!(size(photo), Ok(("image/jpeg", 640, 400)));
    }

    #[test]
    fn what_has_no_size_or_too_much_of_it_is_refused() {
        assert_eq!(size(&png(10_000, 1)), Ok(("image/png", 10_000, 1)));
        assert_eq!(size(&png(10_001, 1)), Err(Unfit::TooLarge(10_001, 1)));
        assert_eq!(size(&png(1, u32::MAX)), Err(Unfit::TooLarge(1, u32::MAX)));
        for bytes in [
            png(0, 1),
            png(1, 0),
            jpeg(&[b"\xff\xda"]),
            jpeg(&[b"\xff\xfe\0\x02", b"no marker"]),
            b"GIF87a\x01".to_vec(),
        ] {
            assert_eq!(size(&bytes), Err(Unfit::NoSize), "{bytes:?}");
        }
        for bytes in [&b""[..], b"<svg/>", b"\x89PNG", b"RIFF\0\0\0\0WAVE", b"BM"] {
            assert_eq!(size(bytes), Err(Unfit::Unknown), "{bytes:?}");
        }
        // Cut anywhere, and with any length, nothing panics.
        for whole in
            [jpeg(&[&exif(6)]), png(3, 4), b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\x10\0\0\0\x2b\x01\0\xc7\0\0".to_vec()]
        {
            for end in 0..whole.len() {
                let _ = read(&whole[..end]);
                let mut changed = whole.clone();
                changed[end] = 0xff;
                let _ = read(&changed);
            }
        }
    }
}
