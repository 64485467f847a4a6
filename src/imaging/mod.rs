//! Photos as bytes to upright pixels, and the kernels that read pixels.
//!
//! [`decode`] is the one way in: it sniffs the format, checks the [`Limits`] against the header
//! before anything is allocated, decodes at the smallest scale that serves every reader, and turns
//! the picture upright. What it cannot decode whole is a [`PhotoFault`]. [`header`] does the
//! checks alone.
//!
//! Colours are taken as sRGB whatever a profile says; transparency is laid over white. Nothing
//! here knows of models, faces, cards or thresholds, and only this module names the image, JPEG,
//! drawing and Fourier transform crates.

mod bilinear;
mod bmp_header;
mod buffer;
mod draw;
mod edges;
mod encode;
mod fault;
mod format;
mod header;
mod hide;
mod histogram;
mod jpeg;
mod jpeg_header;
mod jpeg_messages;
mod limits;
mod luma;
mod orientation;
mod photo;
mod plain_resize;
mod png_header;
mod pyramid;
mod raster;
mod sample;
mod scale;
mod spectrum;
mod tensor;
mod warp;
mod warp_projective;
mod webp_header;

pub use buffer::{Luma, Rgb};
pub use draw::{GLYPH_PX, draw_cross, draw_label, draw_line, draw_rect};
pub use edges::{CELL_PX, CellGrid, CellStats, cell_grid};
pub use encode::{encode_jpeg, encode_png};
pub use fault::{Exceeded, PhotoFault};
pub use format::{Format, sniff};
pub use header::{Header, header};
pub use hide::{fill_quad, mosaic};
pub use histogram::{histogram, histogram_in};
pub use limits::Limits;
pub use luma::luma;
pub use orientation::Orientation;
pub use photo::{DecodeOptions, Photo, decode};
pub use plain_resize::{Area, plain_resized};
pub use pyramid::{Pyramid, halved};
pub use sample::color_at;
pub use spectrum::Spectrum;
pub use tensor::{ChannelOrder, Layout, Normalisation, TensorFormat, tensor};
pub use warp::{QuarterTurn, letterbox, warp, warp_to_tensor};
pub use warp_projective::{warp_projective, warp_projective_to_tensor};
