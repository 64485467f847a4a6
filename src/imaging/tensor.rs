//! How pixels become numbers for a model: layout, channel order and range.

use ndarray::Array4;

use super::bilinear::Sums;
use super::buffer::Rgb;

/// The order of a tensor's axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Batch, channel, row, column.
    Nchw,
    /// Batch, row, column, channel.
    Nhwc,
}

/// The order of the three channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelOrder {
    /// Red first.
    Rgb,
    /// Blue first.
    Bgr,
}

/// The range of the numbers: `(value - mean) * scale` of a channel value 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalisation {
    /// Subtracted first, in channel values.
    pub mean: f32,
    /// Multiplied after that.
    pub scale: f32,
}

impl Normalisation {
    /// 0 to 255, as it is.
    pub const IDENTITY: Self = Self { mean: 0.0, scale: 1.0 };
    /// 0 to 1.
    pub const ZERO_TO_ONE: Self = Self { mean: 0.0, scale: 1.0 / 255.0 };
    /// -1 to 1: `x / 127.5 - 1`.
    pub const MINUS_ONE_TO_ONE: Self = Self { mean: 127.5, scale: 1.0 / 127.5 };

    /// The number for a channel value 0 to 255, which may lie between two of them.
    pub fn apply(self, value: f32) -> f32 {
        (value - self.mean) * self.scale
    }
}

/// All that turns pixels into a model's input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TensorFormat {
    /// Order of the axes.
    pub layout: Layout,
    /// Order of the channels.
    pub order: ChannelOrder,
    /// Range of the numbers.
    pub normalisation: Normalisation,
}

impl TensorFormat {
    /// The shape of the tensor of one picture.
    pub fn shape(&self, width: u32, height: u32) -> [usize; 4] {
        let (width, height) = (width as usize, height as usize);
        match self.layout {
            Layout::Nchw => [1, 3, height, width],
            Layout::Nhwc => [1, height, width, 3],
        }
    }
}

/// A picture as a tensor of batch 1, without interpolation.
pub fn tensor(picture: &Rgb, format: &TensorFormat) -> Array4<f32> {
    let mut writer = TensorWriter::new(picture.width(), picture.height(), format);
    for (index, pixel) in picture.pixels().iter().enumerate() {
        writer.put(index, pixel.map(f32::from));
    }
    writer.finish()
}

/// Fills a tensor pixel by pixel.
pub(super) struct TensorWriter {
    data: Vec<f32>,
    /// Distance from one channel to the next, and from one pixel to the next.
    strides: (usize, usize),
    format: TensorFormat,
    shape: [usize; 4],
}

impl TensorWriter {
    pub(super) fn new(width: u32, height: u32, format: &TensorFormat) -> Self {
        let pixels = width as usize * height as usize;
        let strides = match format.layout {
            Layout::Nchw => (pixels, 1),
            Layout::Nhwc => (1, 3),
        };
        let shape = format.shape(width, height);
        Self { data: vec![0.0; pixels * 3], strides, format: *format, shape }
    }

    /// Writes the pixel of index `index` in reading order, `rgb` being 0 to 255.
    #[inline]
    pub(super) fn put(&mut self, index: usize, rgb: [f32; 3]) {
        let [r, g, b] = rgb.map(|value| self.format.normalisation.apply(value));
        let channels = match self.format.order {
            ChannelOrder::Rgb => [r, g, b],
            ChannelOrder::Bgr => [b, g, r],
        };
        let (channel_stride, pixel_stride) = self.strides;
        for (channel, value) in channels.into_iter().enumerate() {
            self.data[index * pixel_stride + channel * channel_stride] = value;
        }
    }

    /// Writes row `row`, each channel's values being 0 to 255 times 65,536.
    pub(super) fn put_row(&mut self, row: u32, sums: &[Sums]) {
        let normalisation = self.format.normalisation;
        // Below 2^24, so that the cast is exact.
        let number = |sum: i32| normalisation.apply(sum as f32 / 65_536.0);
        let order = match self.format.order {
            ChannelOrder::Rgb => [0, 1, 2],
            ChannelOrder::Bgr => [2, 1, 0],
        };
        let (channel_stride, pixel_stride) = self.strides;
        for (channel, from) in order.into_iter().enumerate() {
            let first = row as usize * sums.len() * pixel_stride + channel * channel_stride;
            let values = self.data[first..].iter_mut();
            match self.format.layout {
                Layout::Nchw => {
                    values.zip(sums).for_each(|(value, sums)| *value = number(sums.as_array()[from]));
                }
                Layout::Nhwc => {
                    let values = values.step_by(pixel_stride);
                    values.zip(sums).for_each(|(value, sums)| *value = number(sums.as_array()[from]));
                }
            }
        }
    }

    pub(super) fn finish(self) -> Array4<f32> {
        Array4::from_shape_vec(self.shape, self.data).expect("the data was allocated for this very shape")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_and_orders_put_each_channel_in_its_place() {
        let picture = Rgb::new(2, 1, vec![10, 20, 30, 40, 50, 60]).expect("two pixels");
        let with = |layout, order| {
            let format = TensorFormat { layout, order, normalisation: Normalisation::IDENTITY };
            tensor(&picture, &format)
        };
        let nchw = with(Layout::Nchw, ChannelOrder::Rgb);
        assert_eq!(nchw.shape(), [1, 3, 1, 2]);
        assert_eq!(nchw.as_slice(), Some(&[10.0, 40.0, 20.0, 50.0, 30.0, 60.0][..]));
        let nhwc = with(Layout::Nhwc, ChannelOrder::Bgr);
        assert_eq!(nhwc.shape(), [1, 1, 2, 3]);
        assert_eq!(nhwc.as_slice(), Some(&[30.0, 20.0, 10.0, 60.0, 50.0, 40.0][..]));
        assert_eq!(Normalisation::MINUS_ONE_TO_ONE.apply(255.0), 1.0);
    }
}
