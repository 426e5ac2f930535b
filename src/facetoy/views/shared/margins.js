// Where on the circle or the sphere each class wins, and where even with its margin against it.

import { unit } from "./vectors.js";

/** @import { Kind, Settings } from "./kinds.js" */
/** @typedef {[number, number, number]} Place */

const HALVINGS = 11; // of what a class wins without its margin: lines are found to within 0.1°
const ARC = 48; // parts of a band on the circle
const RING = 60; // directions in which a border on the sphere is looked for
const NEAR = 0.02; // radians: the last steps in search of a place where a class wins

/**
 * Two directions at right angles to the place `p` and to each other. On the circle the first is it.
 * @param {Place} p
 * @param {boolean} flat
 * @returns {[Place, Place]}
 */
function across([x, y, z], flat) {
  const [a, b] = flat || Math.abs(z) < 0.7 ? [-y, x] : [0, -z];
  const c = flat || Math.abs(z) < 0.7 ? 0 : y;
  const long = Math.hypot(a, b, c);
  const [e, f, g] = [a / long, b / long, c / long];
  return [[e, f, g], [y * g - z * f, z * e - x * g, x * f - y * e]];
}

/**
 * The place at the angle `t` from `p` in the direction `way`.
 * @param {Place} p
 * @param {Place} way
 * @param {number} t
 * @returns {Place}
 */
function beside(p, way, t) {
  const [c, s] = [Math.cos(t), Math.sin(t)];
  return [c * p[0] + s * way[0], c * p[1] + s * way[1], c * p[2] + s * way[2]];
}

/** Where one class wins. */
class Region {
  #kind;
  #o;
  #rows;
  #j;
  #long;
  #flat;

  /**
   * @param {Kind} kind
   * @param {Settings} o
   * @param {Place[]} rows the weights as they go into the scores
   * @param {number} j the class
   * @param {boolean} flat
   */
  constructor(kind, o, rows, j, flat) {
    this.#kind = kind;
    this.#o = o;
    this.#rows = rows;
    this.#j = j;
    this.#long = Math.hypot(...rows[j]);
    this.#flat = flat;
  }

  /** The scores of all classes at a place. */
  #scores(/** @type {Place} */ [x, y, z]) {
    return this.#rows.map(([a, b, c]) => a * x + b * y + c * z);
  }

  /**
   * How far the class is ahead of the best other one, where the scores are c · A + s · B.
   * @param {number[]} A
   * @param {number[]} B
   * @param {number} c
   * @param {number} s
   */
  #lead(A, B, c, s) {
    const [j, long, { phi }] = [this.#j, this.#long, this.#kind];
    let most = -Infinity;
    for (let k = 0; k < A.length; k++) {
      const other = c * A[k] + s * B[k];
      if (other > most && k !== j) most = other;
    }
    const own = c * A[j] + s * B[j];
    return (phi && long ? long * phi(own / long, this.#o)[0] : own) - most;
  }

  /** How far it is ahead at a place. */
  #leadAt(/** @type {Place} */ p) {
    const scores = this.#scores(p);
    return this.#lead(scores, scores, 1, 0);
  }

  /**
   * How far the region reaches from the place `p`, inside it, in the direction `way`: an angle.
   * @param {Place} p
   * @param {Place} way
   */
  #reach(p, way) {
    const [A, B, j] = [this.#scores(p), this.#scores(way), this.#j];
    let step = Math.PI; // first to where another class has the same score, without the margin
    for (let k = 0; k < A.length; k++) {
      if (k !== j) step = Math.min(step, Math.PI / 2 + Math.atan2(B[j] - B[k], A[j] - A[k]));
    }
    if (!this.#kind.phi) return step;
    let inside = 0;
    for (let k = 0; k < HALVINGS; k++) {
      step /= 2;
      const t = inside + step;
      if (this.#lead(A, B, Math.cos(t), Math.sin(t)) > 0) inside = t;
    }
    return inside;
  }

  /**
   * A place inside: W itself, or where uphill steps from there lead, as a short W may lie outside.
   * Null if the class wins nowhere.
   */
  #heart() {
    const W = this.#rows[this.#j];
    const long = this.#long || 1;
    /** @type {Place} */
    let p = this.#long ? [W[0] / long, W[1] / long, W[2] / long] : [1, 0, 0];
    let lead = this.#leadAt(p);
    if (lead > 0) return p;
    let best = p;
    for (let step = 0.64; step >= NEAR; ) {
      const before = lead;
      for (const way of this.#ways(p, 8)) {
        const next = beside(p, way, step);
        const there = this.#leadAt(next);
        if (there > lead) [best, lead] = [next, there];
      }
      p = best;
      if (lead === before) step /= 2;
    }
    return lead > 0 ? p : null;
  }

  /**
   * Directions from the place `p`, all around it; two on the circle.
   * @param {Place} p
   * @param {number} count
   */
  #ways(p, count) {
    const [e, f] = across(p, this.#flat);
    const turns = this.#flat ? 2 : count;
    return Array.from({ length: turns }, (_, k) => beside(e, f, (2 * Math.PI * k) / turns));
  }

  /** Its band on the circle, its border on the sphere; null if the class wins nowhere. */
  line() {
    const p = this.#heart();
    if (!p) return null;
    const ways = this.#ways(p, RING);
    const ends = ways.map((way) => this.#reach(p, way));
    if (!this.#flat) {
      const ring = ways.map((way, k) => beside(p, way, ends[k]));
      return [...ring, ring[0]];
    }
    const [to, back] = ends;
    return Array.from({ length: ARC + 1 }, (_, k) => beside(p, ways[0], (k / ARC) * (to + back) - back));
  }
}

/**
 * For each class that wins somewhere the region where it does: a band on the circle, a closed line
 * on the sphere. Of a loss with a margin: thin where the class wins without its margin, then where
 * it wins even so.
 * @param {Kind} kind
 * @param {Partial<Settings>} o those that φ needs
 * @param {ArrayLike<number>} weight (C, d)
 * @param {number} C
 * @param {number} d 2 or 3
 */
export function bordersOf(kind, o, weight, C, d) {
  const W = kind.w ? unit(weight, C, d) : weight;
  const rows = Array.from({ length: C }, (_, j) => {
    /** @type {Place} */
    const row = [W[j * d], W[j * d + 1], d > 2 ? W[j * d + 2] : 0];
    return row;
  });
  const settings = /** @type {Settings} */ (o);
  const around = (/** @type {Kind} */ judged, /** @type {boolean} */ thin) =>
    rows.flatMap((_, cls) => {
      const line = new Region(judged, settings, rows, cls, d === 2).line();
      return line ? [{ cls, line, thin }] : [];
    });
  return [...(kind.phi ? around({}, true) : []), ...around(kind, false)];
}
