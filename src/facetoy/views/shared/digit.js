// From strokes to an image as those of scikit-learn's digits: NIST's programs made a bitmap of 32 × 32
// pixels of each digit, and of its 8 × 8 blocks the data set has counted the pixels with ink.

/** @typedef {[x: number, y: number]} Spot of a pad: x to the right, y down, each in [0, 1] */
/** @typedef {Spot[]} Stroke */
/** @typedef {{side: number, ink: Uint8Array}} Bitmap rows of 0 and 1 */

export const PEN = 0.1; // width of a stroke, in pads: digits get as much ink as the data set has
export const SIZE = 8; // pixels along a side of the image
const PAGE = 128; // pixels along a side of the pad, as NIST's images have
const SIDE = 32; // of the bitmap
const WIDE = 20; // each digit is stretched to this width and all of the bitmap's height
const [THIN, HAIR] = [256, 108]; // pixels with ink: with fewer, strokes grow once, or twice
const THICK = 412; // with more they shrink

const range = (/** @type {number} */ to) => [...Array(to).keys()];

/** @param {number} side @param {(x: number, y: number) => number | boolean} inked @returns {Bitmap} */
function bitmap(side, inked) {
  const ink = new Uint8Array(side * side);
  for (let k = 0; k < ink.length; k++) ink[k] = Number(inked(k % side, Math.floor(k / side)));
  return { side, ink };
}

/** Is there ink? Beyond the edge there is none. */
const at = (/** @type {Bitmap} */ { side, ink }, /** @type {number} */ x, /** @type {number} */ y) =>
  x >= 0 && y >= 0 && x < side && y < side ? ink[y * side + x] : 0;

/**
 * Square of the distance between (x, y) and the line from a to b.
 * @param {number} x
 * @param {number} y
 * @param {Spot} a
 * @param {Spot} b
 */
function squareTo(x, y, a, b) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const along = ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy || 1);
  const part = Math.max(0, Math.min(1, along));
  return (x - a[0] - part * dx) ** 2 + (y - a[1] - part * dy) ** 2;
}

/**
 * What a round pen leaves on the pad.
 * @param {Stroke[]} strokes
 */
export function inked(strokes) {
  const page = bitmap(PAGE, () => 0);
  const reach = PEN / 2;
  const pixel = (/** @type {number} */ place) => Math.max(0, Math.min(PAGE, Math.round(place * PAGE)));
  for (const stroke of strokes) {
    stroke.forEach((b, k) => {
      const a = stroke[Math.max(0, k - 1)];
      const [left, right] = [Math.min(a[0], b[0]) - reach, Math.max(a[0], b[0]) + reach].map(pixel);
      const [top, bottom] = [Math.min(a[1], b[1]) - reach, Math.max(a[1], b[1]) + reach].map(pixel);
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          const near = squareTo((x + 0.5) / PAGE, (y + 0.5) / PAGE, a, b) <= reach * reach;
          if (near) page.ink[y * PAGE + x] = 1;
        }
      }
    });
  }
  return page;
}

/**
 * The ink's box, stretched to WIDE × SIDE in the middle; null without ink.
 * @param {Bitmap} page
 */
function stretched(page) {
  const lines = range(page.side);
  const columns = lines.filter((x) => lines.some((y) => at(page, x, y)));
  const rows = lines.filter((y) => lines.some((x) => at(page, x, y)));
  if (!rows.length) return null;
  const [left, top] = [columns[0], rows[0]];
  const [width, height] = [columns[columns.length - 1] + 1 - left, rows[rows.length - 1] + 1 - top];
  const edge = (SIDE - WIDE) / 2;
  return bitmap(SIDE, (x, y) => {
    if (x < edge || x >= SIDE - edge) return 0;
    const from = left + Math.floor(((x - edge + 0.5) * width) / WIDE);
    return at(page, from, top + Math.floor(((y + 0.5) * height) / SIDE));
  });
}

/** Its four neighbours and itself: how many have ink? */
const around = (/** @type {Bitmap} */ map, /** @type {number} */ x, /** @type {number} */ y) =>
  at(map, x, y) + at(map, x - 1, y) + at(map, x + 1, y) + at(map, x, y - 1) + at(map, x, y + 1);

const count = (/** @type {Bitmap} */ { ink }) => ink.reduce((sum, pixel) => sum + pixel, 0);

/**
 * Strokes about as thick as those of other digits. NIST's programs shrink twice at most: a straight
 * 1, all of whose box has ink, would then stay larger than any 1 of the data set.
 * @param {Bitmap} map
 */
function evened(map) {
  let now = map;
  const grown = count(map) < HAIR ? 2 : count(map) < THIN ? 1 : 0;
  for (let k = 0; k < grown; k++) now = bitmap(SIDE, (x, y) => around(now, x, y) > 0);
  while (count(now) > THICK) now = bitmap(SIDE, (x, y) => around(now, x, y) === 5);
  return now;
}

/**
 * Upright: row by row moved to a side, so that the first and the last row begin below each other.
 * @param {Bitmap} map
 */
function upright(map) {
  const begins = range(SIDE).map((y) => range(SIDE).find((x) => at(map, x, y)) ?? -1);
  const [first, last] = [begins.findIndex((x) => x >= 0), begins.findLastIndex((x) => x >= 0)];
  const slant = last > first ? (begins[last] - begins[first]) / (last - first) : 0;
  return bitmap(SIDE, (x, y) => at(map, x + Math.round(slant * (y - (first + last) / 2)), y));
}

/**
 * A drawn digit as NIST's bitmap; null without ink.
 * @param {Bitmap} page
 */
export function normalised(page) {
  const map = stretched(page);
  return map && upright(evened(map));
}

/**
 * How many of the pixels of each block have ink, from 0 to 16, row by row.
 * @param {ArrayLike<number>} ink of a bitmap of 32 × 32 pixels
 */
export function countBlocks(ink) {
  const each = SIDE / SIZE;
  const counts = new Array(SIZE * SIZE).fill(0);
  for (let k = 0; k < SIDE * SIDE; k++) {
    const [x, y] = [k % SIDE, Math.floor(k / SIDE)];
    counts[Math.floor(y / each) * SIZE + Math.floor(x / each)] += ink[k];
  }
  return counts;
}

/**
 * The image (8 × 8 numbers in [0, 1]) of what was drawn; null without strokes.
 * @param {Stroke[]} strokes
 */
export function digitOf(strokes) {
  const map = normalised(inked(strokes));
  return map && Float64Array.from(countBlocks(map.ink), (count) => count / 16);
}
