/** Which rows of a long list are on screen. Pure arithmetic; `Windowed.svelte` feeds it what it measures. */

/** Heights of rows: one height for all, or the offset of each row and, last, of the end. */
export type Heights = number | ArrayLike<number>;

export function offsetOf(heights: Heights, index: number): number {
  return typeof heights === "number" ? heights * index : (heights[index] ?? 0);
}

/** Offsets of rows whose heights differ. */
export function offsets(heights: readonly number[]): Float64Array {
  const result = new Float64Array(heights.length + 1);
  heights.forEach((height, index) => {
    result[index + 1] = (result[index] ?? 0) + height;
  });
  return result;
}

/** The row at `offset`; the first or last where it lies outside. */
export function rowAt(heights: Heights, count: number, offset: number): number {
  if (count === 0) return 0;
  if (typeof heights === "number") return Math.min(count - 1, Math.max(0, Math.floor(offset / heights)));
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((heights[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Rows to draw, `spare` on either side included; `to` is the first one not drawn. */
export function range(
  heights: Heights,
  count: number,
  top: number,
  height: number,
  spare: number,
): { from: number; to: number } {
  if (count === 0) return { from: 0, to: 0 };
  return {
    from: Math.max(0, rowAt(heights, count, top) - spare),
    to: Math.min(count, rowAt(heights, count, top + height) + spare + 1),
  };
}

/**
 * Which row stands in each of `most` places, so that rows that stay on screen keep theirs; null in places that are not
 * needed. With `first` in the first place they stand in order.
 */
export function placed(drawn: { from: number; to: number }, first: number, most: number): (number | null)[] {
  const places = Array.from<number | null>({ length: most }).fill(null);
  for (let index = drawn.from; index < drawn.to; index += 1) {
    places[(((index - first) % most) + most) % most] = index;
  }
  return places;
}

/** Where to scroll so that a row is in view; `top` itself where it already is. */
export function reveal(heights: Heights, index: number, top: number, height: number): number {
  const from = offsetOf(heights, index);
  const to = offsetOf(heights, index + 1);
  if (from < top) return from;
  if (to > top + height) return to - height;
  return top;
}
