//! The pixel buffers everything else reads: RGB and luma, 8 bits, rows without padding.

/// An RGB picture: interleaved R, G, B, 0 to 255, taken as sRGB; row after row without padding.
#[derive(Clone, PartialEq, Eq)]
pub struct Rgb {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

/// A luma picture: one byte per pixel, 0 to 255, row after row without padding.
#[derive(Clone, PartialEq, Eq)]
pub struct Luma {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Rgb {
    /// Wraps `pixels`; `None` unless there are exactly `width * height * 3` of them and no side
    /// is zero.
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        fits(width, height, 3, pixels.len()).then_some(Self { width, height, pixels })
    }

    /// One colour everywhere. A side of 0 is taken as 1.
    pub fn filled(width: u32, height: u32, color: [u8; 3]) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        let pixels = color.repeat(width as usize * height as usize);
        Self { width, height, pixels }
    }

    /// Black everywhere, in memory that the system hands out zeroed. No side may be 0.
    pub(super) fn black(width: u32, height: u32) -> Self {
        Self { width, height, pixels: vec![0; width as usize * height as usize * 3] }
    }

    /// Pixels per row, at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows, at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// All bytes, interleaved.
    pub fn bytes(&self) -> &[u8] {
        &self.pixels
    }

    /// All bytes, interleaved.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// All pixels in reading order.
    pub fn pixels(&self) -> &[[u8; 3]] {
        self.pixels.as_chunks::<3>().0
    }

    /// All pixels in reading order.
    pub fn pixels_mut(&mut self) -> &mut [[u8; 3]] {
        self.pixels.as_chunks_mut::<3>().0
    }

    /// One row of pixels.
    ///
    /// # Panics
    /// If `y` is not below the height.
    pub fn row(&self, y: u32) -> &[[u8; 3]] {
        let width = self.width as usize;
        &self.pixels()[y as usize * width..][..width]
    }

    /// The pixel at column `x` of row `y`; `None` outside.
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 3]> {
        (x < self.width && y < self.height).then(|| self.row(y)[x as usize])
    }

    /// The bytes, given away.
    pub fn into_bytes(self) -> Vec<u8> {
        self.pixels
    }
}

impl Luma {
    /// Wraps `pixels`; `None` unless there are exactly `width * height` of them and no side is
    /// zero.
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        fits(width, height, 1, pixels.len()).then_some(Self { width, height, pixels })
    }

    /// Pixels per row, at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows, at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// All pixels in reading order.
    pub fn bytes(&self) -> &[u8] {
        &self.pixels
    }

    /// One row.
    ///
    /// # Panics
    /// If `y` is not below the height.
    pub fn row(&self, y: u32) -> &[u8] {
        let width = self.width as usize;
        &self.pixels[y as usize * width..][..width]
    }
}

// Debug shows no pixels: they are personal data.
impl std::fmt::Debug for Rgb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rgb({} x {})", self.width, self.height)
    }
}

impl std::fmt::Debug for Luma {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Luma({} x {})", self.width, self.height)
    }
}

fn fits(width: u32, height: u32, channels: usize, len: usize) -> bool {
    let expected = (width as usize).checked_mul(height as usize).and_then(|n| n.checked_mul(channels));
    width > 0 && height > 0 && expected == Some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_check_their_length_and_hide_their_pixels() {
        assert!(Rgb::new(2, 2, vec![0; 12]).is_some());
        assert!(Rgb::new(2, 2, vec![0; 11]).is_none());
        assert!(Rgb::new(0, 2, vec![]).is_none());
        assert!(Luma::new(3, 1, vec![0; 3]).is_some());
        assert!(Luma::new(u32::MAX, u32::MAX, vec![0; 3]).is_none());
        let rgb = Rgb::filled(2, 1, [7, 8, 9]);
        assert_eq!(format!("{rgb:?}"), "Rgb(2 x 1)");
        assert_eq!((rgb.pixel(1, 0), rgb.pixel(2, 0)), (Some([7, 8, 9]), None));
    }
}
