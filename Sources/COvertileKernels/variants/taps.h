// Which of a window's taps lie on a map.

// Channels in a row of pixels: 16 of a block, or 1 of a plain map.
INLINE size_t direct_length(const overtile_convolution *conv) { return conv->plain_src ? 1 : OVERTILE_BLOCK; }

// The part of [0, taps) that falls on [0, extent) from `start` on.
typedef struct {
    size_t first, end;
} tap_range;

INLINE tap_range taps_inside(ptrdiff_t start, size_t taps, size_t dilation, size_t extent) {
    tap_range range = {0, taps};
    while (range.first < taps && start + (ptrdiff_t)(range.first * dilation) < 0) range.first++;
    while (range.end > range.first && start + (ptrdiff_t)((range.end - 1) * dilation) >= (ptrdiff_t)extent) range.end--;
    return range;
}
