// A face in grey values, from a person and a photo: `draw` in facetoy/data/toyfaces.py, line by
// line. Lengths are in half pictures, tones in [0, 1]; `p` are a person's values, `c` a photo's.

import { randomNumbers } from "./random.js";

/** @typedef {{name: string, low: number, high: number}} Range of a gene's values */
/** @typedef {Record<string, number>} Values of genes */

const { abs, max, min } = Math;

/** @type {(x: number, low: number, high: number) => number} */
const clip = (x, low, high) => min(high, max(low, x));

/**
 * Distance from (x, y) to an ellipse with half axes a and b, negative inside.
 * @type {(x: number, y: number, a: number, b: number) => number}
 */
const ellipse = (x, y, a, b) => (Math.sqrt((x / a) * (x / a) + (y / b) * (y / b)) - 1) * min(a, b);

/**
 * Numbers in [0, 1], stretched to the ranges of their genes.
 * @param {Range[]} genes
 * @param {number[]} row
 * @returns {Values}
 */
export const stretch = (genes, row) =>
  Object.fromEntries(genes.map(({ name, low, high }, k) => [name, low + (high - low) * row[k]]));

/** A pixel of a photo: where it lies, and what has been painted on it. */
class Pixel {
  /**
   * @param {number} x in [-1, 1], to the right
   * @param {number} y in [-1, 1], upwards
   * @param {number} half the picture, in pixels
   * @param {Values} p
   * @param {Values} c
   */
  constructor(x, y, half, p, c) {
    this.half = half;
    this.tone = c.background;
    // the pose: from the pixel to the head, and from the head to what lies in front of it
    const { yaw, pitch, roll } = c;
    const [cos, sin] = [(1 - roll * roll) / (1 + roll * roll), (2 * roll) / (1 + roll * roll)];
    const [gx, gy] = [x - c["shift x"], y - c["shift y"]];
    this.X = (cos * gx + sin * gy) / c.size;
    this.Y = (cos * gy - sin * gx) / c.size;
    this.x = (this.X - 0.17 * yaw) / (1 - 0.18 * yaw * yaw);
    this.y = this.Y - 0.1 * pitch;
    this.side = abs(this.x);
    this.eyeX = this.side - p["eye distance"];
    this.eyeY = this.y - p["eye height"];
    this.skin = p["skin tone"] + c["light x"] * this.X + c["light y"] * this.Y;
  }

  /**
   * How much of the pixel a shape covers, from the distance to its border.
   * @param {number} distance negative inside
   */
  cover(distance) {
    return clip(0.5 - distance * this.half, 0, 1);
  }

  /**
   * @param {number} alpha
   * @param {number} tone
   */
  paint(alpha, tone) {
    this.tone += alpha * (tone - this.tone);
  }

  /**
   * Paint a shape.
   * @param {number} distance to its border
   * @param {number} tone
   * @param {number} alpha
   */
  fill(distance, tone, alpha = 1) {
    this.paint(this.cover(distance) * alpha, tone);
  }
}

/** @typedef {(pixel: Pixel, p: Values, c: Values) => void} Layer what is painted over the last */

/** @type {Layer} */
function behindTheHead(pixel, p) {
  const { X, Y, skin } = pixel;
  const [w, h, hair, volume] = [p["head width"], p["head height"], p["hair tone"], p["hair volume"]];
  if (p["hair length"] > 0) {
    pixel.fill(max(abs(X) - w - volume, Y - h, -p["hair length"] - Y), hair);
  }
  if (Y > 0) pixel.fill(ellipse(X, Y - 0.05, w + volume, h + volume), hair);
  pixel.fill(max(abs(X) - 0.24, Y + 0.4), skin * 0.85); // the neck
  const ear = p["ear size"];
  pixel.fill(ellipse(abs(X) - w, Y - p["ear height"], ear, ear * 1.5), skin * 0.9);
}

/** @type {Layer} the head, its jaw, the beard, the hair above the forehead */
function theHead(pixel, p) {
  const { X, Y, x, y, side, skin } = pixel;
  const [w, h, hair] = [p["head width"], p["head height"], p["hair tone"]];
  const narrow = 1 - p.jaw * clip(-Y / h, 0, 1);
  const head = pixel.cover(ellipse(X / narrow, Y, w, h));
  pixel.paint(head, skin);
  const chin = pixel.cover(max(y - p["mouth height"] - 0.08, 0.5 * side - 0.22)) * head;
  pixel.paint(chin * clip(p.beard, 0, 1), hair);
  const top = p.hairline + p.parting * 0.35 * x - 0.25 * x * x;
  pixel.fill(top - y, hair, pixel.cover(ellipse(X, Y, w, h)));
}

/** @type {Layer} */
function eyesAndBrows(pixel, p, c) {
  const { x, eyeX, eyeY } = pixel;
  const tilted = eyeY - p["eye tilt"] * eyeX;
  const opening = p["eye opening"] * c.lids;
  const eye = pixel.cover(ellipse(eyeX, tilted, p["eye width"], opening));
  pixel.paint(eye, 0.97);
  const signed = (x > 0 ? eyeX : -eyeX) - c.gaze * p["eye width"] * 0.4;
  const iris = p["eye opening"] * 1.05;
  pixel.fill(ellipse(signed, eyeY, iris, iris), p["iris tone"], eye);
  pixel.fill(max(abs(eyeX) - p["eye width"], abs(tilted - opening) - 0.014), 0.12);
  const browY = eyeY - p["brow gap"] - c["brow raise"] - p["brow tilt"] * eyeX;
  const brow = max(abs(eyeX) - p["brow length"], abs(browY) - p["brow thickness"]);
  pixel.fill(brow, p["hair tone"] * 0.8);
}

/** @type {Layer} */
function noseMouthAndMole(pixel, p, c) {
  const { x, y, side, skin } = pixel;
  const noseY = p["eye height"] - p["nose length"];
  const bridge = max(abs(x - 0.03) - 0.018, abs(y - noseY / 2) + noseY / 2);
  pixel.fill(bridge, skin * 0.5, 0.25);
  pixel.fill(ellipse(x, y - noseY, p["nose width"], 0.035), skin * 0.55, 0.6);
  const mouth = p["mouth width"] * (1 + c.smile);
  const across = (x / mouth) * (x / mouth);
  const mouthY = y - p["mouth height"] - (p["mouth curve"] + c.smile) * 0.35 * (across - 1);
  const lips = p["lip thickness"] * clip(1.15 - across, 0, 1);
  const opened = clip(c["mouth opening"], 0, 1) * clip(1 - across, 0, 1);
  const ends = side - mouth;
  pixel.fill(max(abs(mouthY) - lips - opened, ends), skin * 0.45);
  pixel.fill(max(abs(mouthY) - opened, ends), 0.08);
  pixel.fill(ellipse(x - p["mole x"], y - p["mole y"], 0.028, 0.028), skin * 0.3);
}

/** @type {Layer} */
function glassesAndHat(pixel, p, c) {
  const { X, Y, side, eyeX, eyeY } = pixel;
  if (c.glasses > 0) {
    const rim = abs(ellipse(eyeX, eyeY, 0.17, 0.13)) - 0.016;
    const bar = max(side - p["eye distance"] + 0.17, abs(eyeY) - 0.014);
    pixel.fill(min(rim, bar), 0.08);
    pixel.fill(ellipse(eyeX, eyeY, 0.16, 0.12), 0.15, clip(c.glasses * 4, 0, 0.7));
  }
  if (c.hat > 0) {
    const hat = max(abs(X) - p["head width"] - 0.08, 0.38 - Y);
    const brim = max(abs(X) - p["head width"] - 0.24, abs(Y - 0.38) - 0.04);
    pixel.fill(min(hat, brim), c["hat tone"]);
  }
}

const LAYERS = [behindTheHead, theHead, eyesAndBrows, noseMouthAndMole, glassesAndHat];

/**
 * What the camera makes of an image: blur and noise.
 * @param {Float64Array} image
 * @param {number} size
 * @param {Values} c
 * @param {number} seed
 */
function takePhoto(image, size, c, seed) {
  const grain = randomNumbers(seed);
  const at = (/** @type {number} */ row, /** @type {number} */ column) =>
    image[clip(row, 0, size - 1) * size + clip(column, 0, size - 1)];
  return image.map((out, pixel) => {
    const [row, column] = [Math.floor(pixel / size), pixel % size];
    const around =
      at(row - 1, column) + at(row + 1, column) + at(row, column - 1) + at(row, column + 1);
    return 255 * (out + c.blur * (around / 4 - out) + c.noise * (2 * grain() - 1));
  });
}

/**
 * Grey values (size * size) of a person in a photo.
 * @param {Values} p
 * @param {Values} c
 * @param {number} size
 * @param {number} seed of the noise
 */
export function drawFace(p, c, size, seed = 0) {
  const half = size / 2;
  const image = new Float64Array(size * size).map((_, k) => {
    const [x, y] = [((k % size) + 0.5) / half - 1, 1 - (Math.floor(k / size) + 0.5) / half];
    const pixel = new Pixel(x, y, half, p, c);
    for (const paint of LAYERS) paint(pixel, p, c);
    return (pixel.tone - 0.5) * c.contrast + c.brightness + 0.5;
  });
  return new Uint8ClampedArray(takePhoto(image, size, c, seed)); // rounds and clips
}
