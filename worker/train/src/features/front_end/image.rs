//! Picture files as they are: red, green and blue from 0 to 1.

use std::path::Path;

use gliss_audio::picture::png;
use gliss_types::recipe::Image;

use super::super::skipped::Unusable;

/// Red, green and blue planes of the file at `path`, divided by 255. A picture of another size is resized by nearest
/// neighbour.
pub(super) fn see(settings: &Image, path: &Path) -> Result<Vec<f32>, Unusable> {
    Ok(planes(settings, &png::read(path)?))
}

fn planes(settings: &Image, pixels: &png::Pixels) -> Vec<f32> {
    let (rows, columns) = (settings.height as usize, settings.width as usize);
    let mut values = Vec::with_capacity(3 * rows * columns);
    for channel in 0..3 {
        for row in 0..rows {
            let line = nearest(row, rows, pixels.height) * pixels.width;
            for column in 0..columns {
                let pixel = line + nearest(column, columns, pixels.width);
                values.push(f32::from(pixels.rgb.get(3 * pixel + channel).copied().unwrap_or(0)) / 255.0);
            }
        }
    }
    values
}

/// The place among `from` that lies where `place` lies among `to`.
fn nearest(place: usize, to: usize, from: usize) -> usize {
    if to == from { place } else { ((2 * place + 1) * from / (2 * to).max(1)).min(from.saturating_sub(1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_become_planes_and_are_resized_only_where_they_must() {
        let pixels = png::Pixels { height: 1, width: 2, rgb: vec![255, 0, 51, 102, 255, 0] };
        let as_is = planes(&Image { height: 1, width: 2 }, &pixels);
        assert_eq!(as_is, [255., 102., 0., 255., 51., 0.].map(|value: f32| value / 255.0));
        let larger = planes(&Image { height: 2, width: 4 }, &pixels);
        let [bright, dim] = [1.0, 102.0 / 255.0];
        assert_eq!(larger[..8], [bright, bright, dim, dim, bright, bright, dim, dim]);
        let smaller = planes(&Image { height: 1, width: 1 }, &pixels);
        assert_eq!(smaller, [dim, 1.0, 0.0]);
    }
}
