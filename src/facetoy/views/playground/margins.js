// Where on the circle or the sphere a margin is kept, and whether there is room for it.

import { rowLength } from "../shared/vectors.js";
import { KINDS, unit } from "./losses.js";

/** @import { ClassLoss, Settings } from "./losses.js" */

/**
 * The cross product of two rows of three numbers.
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 */
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

/** A direction that sets out from the weight of class j, and knows where the margin ends. */
class Walker {
  #u = new Float64Array(3);
  #loss;
  #j;
  #W;
  #x; // unit(W_j), and two directions at right angles to it, of which the circle needs one
  #e;
  #f;

  /**
   * @param {ClassLoss} loss
   * @param {Float64Array} W its weights at unit length
   * @param {number} j
   */
  constructor(loss, W, j) {
    const { d } = loss;
    this.#loss = loss;
    this.#j = j;
    this.#W = W;
    this.#x = [0, 1, 2].map((k) => (k < d ? W[j * d + k] : 0));
    const axis = d === 2 || Math.abs(this.#x[2]) < 0.7 ? [0, 0, 1] : [1, 0, 0];
    this.#e = unit(cross(axis, this.#x), 1, 3);
    this.#f = cross(this.#x, this.#e);
  }

  get place() {
    return [...this.#u];
  }

  /**
   * Go to where the angle from W is `t`, in the direction `a`.
   * @param {number} t
   * @param {number} a
   */
  go(t, a) {
    const [ct, ce, cf] = [Math.cos(t), Math.sin(t) * Math.cos(a), Math.sin(t) * Math.sin(a)];
    const flat = this.#loss.d === 2;
    for (let k = 0; k < 3; k++) {
      this.#u[k] = ct * this.#x[k] + ce * this.#e[k] + (flat ? 0 : cf * this.#f[k]);
    }
  }

  /** Does a feature at this place keep the margin? */
  keeps() {
    const { d, C, kind, o, weight } = this.#loss;
    const [u, W] = [this.#u, this.#W];
    let [own, most] = [0, -Infinity];
    for (let c = 0; c < C; c++) {
      let cos = 0;
      for (let k = 0; k < d; k++) cos += u[k] * W[c * d + k];
      const long = kind.w ? 1 : rowLength(weight.value, c, d);
      if (c === this.#j) own = long * (kind.phi ? kind.phi(cos, o)[0] : cos);
      else most = Math.max(most, long * cos);
    }
    return own > most;
  }

  /**
   * The angle from W at which the margin ends in the direction `a`.
   * @param {number} a
   */
  reach(a) {
    let [inside, step] = [0, Math.PI / 12];
    for (this.go(step, a); inside < Math.PI && this.keeps(); this.go(inside + step, a)) inside += step;
    for (let k = 0; k < 6; k++) {
      step /= 2;
      this.go(inside + step, a);
      if (this.keeps()) inside += step;
    }
    return inside;
  }
}

/**
 * For each class where its margin is kept, as lines of [x, y, z]: the arc on the circle, the
 * border around W on the sphere; null where it is not kept even on W.
 * @param {ClassLoss} loss
 */
export function wedges(loss) {
  const W = unit(loss.weight.value, loss.C, loss.d);
  return Array.from({ length: loss.C }, (_, j) => {
    const walker = new Walker(loss, W, j);
    walker.go(0, 0);
    if (!walker.keeps()) return null;
    return loss.d === 2 ? arcOf(walker) : borderOf(walker);
  });
}

/** @param {Walker} walker */
function arcOf(walker) {
  const [from, to] = [-walker.reach(Math.PI), walker.reach(0)];
  return Array.from({ length: 25 }, (_, k) => {
    walker.go(from + ((to - from) * k) / 24, 0);
    return walker.place;
  });
}

/** @param {Walker} walker */
function borderOf(walker) {
  const line = Array.from({ length: 30 }, (_, k) => {
    const a = (2 * Math.PI * k) / 30;
    walker.go(walker.reach(a), a);
    return walker.place;
  });
  return [...line, line[0]];
}

/**
 * The largest m that classes `best` (radians) apart can keep; null if the loss has no such m.
 * @param {string} loss
 * @param {number} best
 */
export function room(loss, best) {
  if (loss === "arcface") return best;
  return loss === "cosface" || loss === "amsoftmax" ? 1 - Math.cos(best) : null;
}

/**
 * Is the margin of a loss more than classes `best` (radians) apart can keep?
 * @param {string} loss
 * @param {Settings} args
 * @param {number} best
 */
export function beyond(loss, args, best) {
  const { phi, x } = KINDS[loss] ?? {};
  return phi !== undefined && x === true && phi(1, args)[0] < Math.cos(best) - 1e-9;
}
