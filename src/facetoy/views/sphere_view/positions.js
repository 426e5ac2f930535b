// Where points, arrows and crosses lie at a moment of a run.

import { spreadAcross } from "../shared/vectors.js";

/** @import {Run, Side} from "./unpacking.js" */

/** Rows of a run's arrays between two snapshots, read one at a time. */
export class Between {
  #a;
  #b;
  #part;
  #d;
  #row = new Float32Array(3);

  /**
   * @param {number} at a fractional index of a snapshot
   * @param {number} steps how many snapshots there are
   * @param {number} d how many dimensions are shown
   */
  constructor(at, steps, d) {
    this.#a = Math.min(Math.floor(at), steps - 1);
    this.#b = Math.min(this.#a + 1, steps - 1);
    this.#part = at - this.#a;
    this.#d = d;
  }

  /**
   * Read row `k` of `count`; returns its length.
   * @param {Float32Array} source
   * @param {number} count
   * @param {number} k
   */
  read(source, count, k) {
    const d = this.#d;
    for (let c = 0; c < d; c++) {
      const from = source[(this.#a * count + k) * d + c];
      this.#row[c] = from + (source[(this.#b * count + k) * d + c] - from) * this.#part;
    }
    return Math.hypot(...this.#row);
  }

  /**
   * Number `k` of `count`.
   * @param {Float32Array} source
   * @param {number} count
   * @param {number} k
   */
  number(source, count, k) {
    const [a, b] = [source[this.#a * count + k], source[this.#b * count + k]];
    return a * (1 - this.#part) + b * this.#part;
  }

  /**
   * Write the row that was read, times `scale`, as item `i`.
   * @param {Float32Array} items
   * @param {number} i
   * @param {number} scale
   */
  write(items, i, scale) {
    for (let c = 0; c < 3; c++) items[3 * i + c] = this.#row[c] * scale;
  }
}

/**
 * Write the positions of all points, ways and crosses into `items`.
 * @param {Float32Array} items
 * @param {Side} side
 * @param {Run} run
 * @param {number} at moment of the run, a fractional index of a snapshot
 * @param {boolean} unit all at length 1
 * @param {{ways: number, crosses: number}} counts
 */
export function arrange(items, { shown, count, known, classes }, run, at, unit, { ways, crosses }) {
  const between = new Between(at, run.steps.length, shown);
  for (let i = 0; i < count; i++) {
    const long = between.read(run.features, count, i);
    let scale = 1;
    if (run.length) {
      if (!unit) scale = between.number(run.length, count, i);
    } else if (unit) {
      scale = long > 0 ? 1 / long : 0;
      if (shown === 2) scale *= spreadAcross(i);
    }
    between.write(items, i, scale);
  }
  for (let k = 0; k < ways; k++) {
    const long = run.weight
      ? between.read(run.weight, known, k)
      : between.read(run.means, classes.length, k);
    between.write(items, count + k, run.length || !long ? 1 : 1 / long);
  }
  for (let k = 0; k < crosses && run.centers; k++) {
    const long = between.read(run.centers, crosses, k);
    between.write(items, count + ways + k, unit && long ? 1 / long : 1);
  }
}

/**
 * Take `items` back to `mix` of the way that began at `from`, along arcs.
 * @param {Float32Array} items
 * @param {Float32Array} from
 * @param {number} mix
 */
export function blend(items, from, mix) {
  const keep = 1 - mix;
  const long = (/** @type {Float32Array} */ p, /** @type {number} */ i) =>
    Math.hypot(p[i], p[i + 1], p[i + 2]);
  for (let i = 0; i < items.length; i += 3) {
    const want = long(from, i) * keep + long(items, i) * mix;
    for (let c = i; c < i + 3; c++) items[c] = from[c] * keep + items[c] * mix;
    const now = long(items, i);
    if (now > 0.05) for (let c = i; c < i + 3; c++) items[c] *= want / now;
  }
}
