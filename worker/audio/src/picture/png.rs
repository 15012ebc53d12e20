//! Pictures of clips in PNG files, as other programs drew them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek};
use std::path::Path;

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};

/// Wider or higher pictures are refused.
const SIDE_LIMIT: u32 = 16_384;
/// Pictures of more pixels are refused: 64 million.
const PIXELS_LIMIT: u64 = 1 << 26;
/// What the decoder may take besides the picture itself.
const BYTES_LIMIT: usize = 64 << 20;

/// A picture in 8 bits a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `height * width` times red, green, blue, row by row from the top left.
    pub rgb: Vec<u8>,
}

/// Why a file gives no picture. The text fits "failed to ...".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PngError {
    /// The system refuses to open or read the file.
    #[error("read the file")]
    Io(#[source] io::Error),
    /// It is no PNG file, or damaged, or cut off.
    #[error("decode it as PNG: {reason}")]
    NotPng {
        /// In the decoder's words.
        reason: String,
    },
    /// It has more pixels than a picture of a clip has.
    #[error(
        "decode a picture of {width}x{height} pixels: at most {SIDE_LIMIT} a side and {PIXELS_LIMIT} in all are read"
    )]
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
}

/// Reads the picture in the file at `path`. Grey becomes red, green and blue alike, palettes are looked up, 16 bits are cut
/// to 8, and transparency is dropped (not blended: papers.md 1.3 b). Of an animation the first picture is read.
///
/// # Errors
/// See [`PngError`]. Time and memory are bounded by the size of the picture, which is bounded itself.
pub fn read(path: &Path) -> Result<Pixels, PngError> {
    decode(BufReader::new(File::open(path).map_err(PngError::Io)?))
}

/// Decodes a PNG file from its beginning, as [`read`] does.
///
/// # Errors
/// See [`PngError`].
pub fn decode(file: impl BufRead + Seek) -> Result<Pixels, PngError> {
    let mut decoder = Decoder::new_with_limits(file, Limits { bytes: BYTES_LIMIT });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let info = decoder.read_header_info().map_err(of_decoder)?;
    let (width, height) = (info.width, info.height);
    let pixels = u64::from(width) * u64::from(height);
    if width > SIDE_LIMIT || height > SIDE_LIMIT || pixels > PIXELS_LIMIT {
        return Err(PngError::TooLarge { width, height });
    }
    let mut reader = decoder.read_info().map_err(of_decoder)?;
    let size = reader.output_buffer_size().ok_or(PngError::TooLarge { width, height })?;
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes).map_err(of_decoder)?;
    bytes.truncate(frame.buffer_size());
    let odd = || PngError::NotPng { reason: format!("{:?} in {:?} bits", frame.color_type, frame.bit_depth) };
    if frame.bit_depth != BitDepth::Eight || (frame.width, frame.height) != (width, height) {
        return Err(odd());
    }
    let rgb = match frame.color_type {
        ColorType::Rgb => bytes,
        ColorType::Rgba => bytes.as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect(),
        ColorType::Grayscale => bytes.into_iter().flat_map(|grey| [grey; 3]).collect(),
        ColorType::GrayscaleAlpha => bytes.as_chunks::<2>().0.iter().flat_map(|[grey, _]| [*grey; 3]).collect(),
        ColorType::Indexed => return Err(odd()),
    };
    Ok(Pixels { height: height as usize, width: width as usize, rgb })
}

fn of_decoder(error: DecodingError) -> PngError {
    match error {
        // Of a file that ends early the system is innocent: only its own errors have a number.
        DecodingError::IoError(source) if source.raw_os_error().is_some() => PngError::Io(source),
        other => PngError::NotPng { reason: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// A picture of 3x2 pixels whose bytes count up from 0.
    fn encoded(color: ColorType, depth: BitDepth, palette: Option<&[u8]>) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 3, 2);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if let Some(palette) = palette {
            encoder.set_palette(palette.to_vec());
        }
        let bytes = 6 * color.samples() * if depth == BitDepth::Sixteen { 2 } else { 1 };
        let mut writer = encoder.write_header().expect("a header");
        let modulo = if palette.is_some() { 2 } else { 256 };
        let data: Vec<u8> = (0..bytes).map(|byte| (byte % modulo) as u8).collect();
        writer.write_image_data(&data).expect("written");
        writer.finish().expect("written");
        file
    }

    fn read_bytes(bytes: &[u8]) -> Result<Pixels, PngError> {
        decode(Cursor::new(bytes))
    }

    #[test]
    fn every_kind_of_colour_becomes_red_green_and_blue() {
        let read = |color, depth, palette| {
            let pixels = read_bytes(&encoded(color, depth, palette)).expect("a picture");
            assert_eq!((pixels.height, pixels.width, pixels.rgb.len()), (2, 3, 18));
            pixels.rgb
        };
        let counting: Vec<u8> = (0..18).collect();
        assert_eq!(read(ColorType::Rgb, BitDepth::Eight, None), counting);
        assert_eq!(read(ColorType::Rgba, BitDepth::Eight, None)[..7], [0, 1, 2, 4, 5, 6, 8]);
        assert_eq!(read(ColorType::Grayscale, BitDepth::Eight, None)[..7], [0, 0, 0, 1, 1, 1, 2]);
        assert_eq!(read(ColorType::GrayscaleAlpha, BitDepth::Eight, None)[..4], [0, 0, 0, 2]);
        assert_eq!(read(ColorType::Rgb, BitDepth::Sixteen, None)[..4], [0, 2, 4, 6]);
        assert_eq!(read(ColorType::Indexed, BitDepth::Eight, Some(&[9, 8, 7, 1, 2, 3]))[..6], [9, 8, 7, 1, 2, 3]);
    }

    #[test]
    fn a_file_cut_or_damaged_anywhere_is_an_error_and_no_panic() {
        let whole = encoded(ColorType::Rgba, BitDepth::Eight, None);
        // The last chunk only says that the file ends.
        for length in 0..whole.len() - 12 {
            assert!(matches!(read_bytes(&whole[..length]), Err(PngError::NotPng { .. })), "{length}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x91;
            if let Ok(pixels) = read_bytes(&damaged) {
                assert_eq!(pixels.rgb.len(), 3 * pixels.height * pixels.width);
            }
        }
        assert!(matches!(read_bytes(b"RIFF....WAVE"), Err(PngError::NotPng { .. })));
    }

    #[test]
    fn a_heading_that_claims_too_much_is_refused() {
        for (width, height) in [(u32::MAX >> 1, 1u32), (16_000, 16_000), (1, 20_000)] {
            let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
            let mut chunk = b"IHDR".to_vec();
            chunk.extend(width.to_be_bytes());
            chunk.extend(height.to_be_bytes());
            chunk.extend([8, 6, 0, 0, 0]);
            file.extend(13u32.to_be_bytes());
            file.extend(&chunk);
            file.extend(crc(&chunk).to_be_bytes());
            let error = read_bytes(&file).expect_err("too large");
            assert!(matches!(error, PngError::TooLarge { .. }), "{error:?}");
        }
    }

    /// The format's check sum, bit by bit.
    fn crc(bytes: &[u8]) -> u32 {
        let step = |sum: u32| (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 };
        !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum)))
    }

    #[test]
    fn a_file_that_is_not_there_is_the_systems_matter() {
        assert!(matches!(read(Path::new("absent.png")), Err(PngError::Io(_))));
    }
}
