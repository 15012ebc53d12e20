//! Pictures as PNG files.

use png::{BitDepth, ColorType, Compression, Encoder, Filter};

use super::Picture;

/// Why a picture could not be encoded. The text fits "failed to ...".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// It has no pixels, too many for the format, not one or three channels, or not as many values as it says.
    #[error("write a picture of {channels} channels by {height} by {width} with {values} values as PNG")]
    Shape {
        /// The channels it says it has.
        channels: usize,
        /// Its rows.
        height: usize,
        /// Its columns.
        width: usize,
        /// The values that it has.
        values: usize,
    },
    /// The encoder refused.
    #[error("write a picture as PNG")]
    Encoder {
        /// Why.
        #[source]
        source: png::EncodingError,
    },
}

/// The bytes of a PNG file with 8 bits a channel: grey for a picture of one channel, red, green and blue for one of three.
/// Values are clamped to 0 to 1 and rounded to steps of 1/255; what is not a number is 0. The same picture gives the same
/// bytes.
///
/// # Errors
///
/// See [`EncodeError`].
pub fn encode_png(picture: &Picture) -> Result<Vec<u8>, EncodeError> {
    let Picture { channels, height, width, data } = picture;
    let (channels, height, width) = (*channels, *height, *width);
    let shape = EncodeError::Shape { channels, height, width, values: data.len() };
    let colour = match channels {
        1 => ColorType::Grayscale,
        3 => ColorType::Rgb,
        _ => return Err(shape),
    };
    let size = |length: usize| u32::try_from(length).ok().filter(|length| (1..=i32::MAX as u32).contains(length));
    let pixels = height.checked_mul(width);
    let (Some(rows), Some(columns), Some(pixels)) = (size(height), size(width), pixels) else { return Err(shape) };
    if pixels.checked_mul(channels) != Some(data.len()) {
        return Err(shape);
    }
    let mut bytes = vec![0u8; data.len()];
    for (channel, plane) in data.chunks_exact(pixels).enumerate() {
        let places = bytes.iter_mut().skip(channel).step_by(channels);
        // `as` saturates, and makes 0 of what is not a number.
        places.zip(plane).for_each(|(byte, value)| *byte = (value * 255.0).round() as u8);
    }
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, columns, rows);
    encoder.set_color(colour);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    encoder.set_filter(Filter::Adaptive);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&bytes)?;
        writer.finish()
    });
    written.map_err(|source| EncodeError::Encoder { source })?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &[u8]) -> (ColorType, u32, u32, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("a PNG file");
        let mut pixels = vec![0; reader.output_buffer_size().expect("small")];
        let frame = reader.next_frame(&mut pixels).expect("whole");
        (frame.color_type, frame.width, frame.height, pixels)
    }

    #[test]
    fn pixels_read_back_in_their_places() {
        let grey = Picture { channels: 1, height: 2, width: 3, data: vec![0.0, 0.5, 1.0, -1.0, f32::NAN, 7.0] };
        let file = encode_png(&grey).expect("a picture");
        assert_eq!(read(&file), (ColorType::Grayscale, 3, 2, vec![0, 128, 255, 0, 0, 255]));
        assert_eq!(file, encode_png(&grey).expect("a picture"));
        let step = |byte: u8| f32::from(byte) / 255.0;
        let data = [1, 2, 3, 4, 5, 6].map(step).to_vec();
        let colour = Picture { channels: 3, height: 1, width: 2, data };
        assert_eq!(read(&encode_png(&colour).expect("a picture")), (ColorType::Rgb, 2, 1, vec![1, 3, 5, 2, 4, 6]));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for (channels, height, width, values) in
            [(1, 0, 3, 0), (2, 1, 1, 2), (3, 1, 1, 2), (1, usize::MAX, 2, 2), (1, 2, 2, 3)]
        {
            let data = vec![0.0; values];
            let refused = encode_png(&Picture { channels, height, width, data });
            assert!(matches!(refused, Err(EncodeError::Shape { .. })), "{channels} {height} {width} {values}");
        }
    }
}
