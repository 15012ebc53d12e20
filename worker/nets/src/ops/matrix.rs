//! The matrix product, on one thread, over slices whose bounds are checked.

use super::Element;

/// A matrix in a slice: element (r, c) is `data[r * row_step + c * column_step]`.
#[derive(Clone, Copy)]
pub(crate) struct View<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) row_step: usize,
    pub(crate) column_step: usize,
}

impl<'a, T> View<'a, T> {
    /// Rows of `columns` values, one after the other.
    pub(crate) fn rows(data: &'a [T], columns: usize) -> Self {
        View { data, row_step: columns, column_step: 1 }
    }

    /// The same with rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        View { data: self.data, row_step: self.column_step, column_step: self.row_step }
    }

    fn holds(&self, rows: usize, columns: usize) -> bool {
        rows == 0 || columns == 0 || (rows - 1) * self.row_step + (columns - 1) * self.column_step < self.data.len()
    }
}

/// `into += a b`, or `into = a b` without `add`: `into` has `m` rows of `row_step` places, of which `n` are used; `a` is
/// m x k, `b` is k x n.
#[expect(unsafe_code, reason = "the matrix product takes pointers")]
pub(crate) fn product<T: Element>(
    (m, n, k): (usize, usize, usize),
    a: View<'_, T>,
    b: View<'_, T>,
    into: &mut [T],
    row_step: usize,
    add: bool,
) {
    if m == 0 || n == 0 {
        return;
    }
    assert!(a.holds(m, k) && b.holds(k, n), "matrix views lie in their slices");
    assert!(n <= row_step && (m - 1) * row_step + n <= into.len(), "the product lies in its slice");
    // SAFETY: the assertions bound every element that the product reads or writes, and `into` is borrowed for writing, so
    // it overlaps neither `a` nor `b`.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            into.as_mut_ptr(),
            1,
            row_step as isize,
            add,
            a.data.as_ptr(),
            a.column_step as isize,
            a.row_step as isize,
            b.data.as_ptr(),
            b.column_step as isize,
            b.row_step as isize,
            T::one(),
            T::one(),
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
