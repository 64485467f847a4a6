//! A measure place by place over the rectified card, for people to look at. Nothing is decided by it.

/// Values of square cells that cover the card from its upper left corner on.
#[derive(Debug, Clone, PartialEq)]
pub struct CardMap {
    /// Side of a cell, pixels of the rectified card.
    pub cell_px: u32,
    /// Cells in a row.
    pub columns: usize,
    /// Row after row; `None` where there is nothing to measure.
    pub cells: Vec<Option<f32>>,
}

impl CardMap {
    /// Every cell with a value: its left and upper border in pixels of the rectified card, and the
    /// value.
    pub fn values(&self) -> impl Iterator<Item = ([u32; 2], f32)> {
        self.cells.iter().enumerate().filter_map(|(i, value)| {
            let (column, row) = ((i % self.columns) as u32, (i / self.columns) as u32);
            Some(([column * self.cell_px, row * self.cell_px], (*value)?))
        })
    }
}
