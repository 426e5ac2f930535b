// Rows of flat arrays as vectors.

export const TINY = 1e-6; // a row shorter than this has no direction, as in _base.unit

/**
 * Length of row i of `x` (·, d).
 * @param {ArrayLike<number>} x
 * @param {number} i
 * @param {number} d
 */
export function rowLength(x, i, d) {
  let square = 0;
  for (let k = i * d; k < (i + 1) * d; k++) square += x[k] * x[k];
  return Math.sqrt(square);
}

/**
 * Rows 0 … n - 1 of `x` at length 1, times `s`; a row without direction becomes 0.
 * @param {ArrayLike<number>} x
 * @param {number} n
 * @param {number} d
 */
export function unit(x, n, d, s = 1) {
  const out = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    const long = rowLength(x, i, d);
    if (long > TINY) for (let k = i * d; k < (i + 1) * d; k++) out[k] = (s * x[k]) / long;
  }
  return out;
}

/**
 * Angle in radians between row i of `a` and row j of `b`, exact at 0 and π too.
 * @param {ArrayLike<number>} a
 * @param {number} i
 * @param {ArrayLike<number>} b
 * @param {number} j
 * @param {number} d
 */
export function angleOf(a, i, b, j, d) {
  const [long, other] = [rowLength(a, i, d), rowLength(b, j, d)];
  if (!long || !other) return NaN;
  let [less, more] = [0, 0];
  for (let k = 0; k < d; k++) {
    const [u, v] = [a[i * d + k] / long, b[j * d + k] / other];
    less += (u - v) ** 2;
    more += (u + v) ** 2;
  }
  return 2 * Math.atan2(Math.sqrt(less), Math.sqrt(more));
}

/** Factors that spread points a little across the circle, so that they do not hide each other. */
export const spreadAcross = (/** @type {number} */ i) => 1 + 0.11 * (((i * 0.618034) % 1) - 0.5);
