// The losses of facetoy/losses/*.py under the same names, with their gradients written by hand.
// All numbers are float64. Arrays are flat, row by row: features x (N, d), weights W (C, d).

import { KINDS } from "../shared/kinds.js";
import { rowLength, TINY, unit } from "../shared/vectors.js";
import { parameter } from "./optimisers.js";

/** @import { Settings } from "../shared/kinds.js" */

/** @typedef {ClassLoss | TripletLoss} Loss */

const SHORT = 1e-12; // lengths below this count as this

/**
 * Gradient at `x`, given the gradient `g` at s · unit(x): tangent to the sphere. In place.
 * @param {Float64Array} g
 * @param {Float64Array} x
 * @param {number} n
 * @param {number} d
 */
function throughUnit(g, x, n, d, s = 1) {
  for (let i = 0; i < n; i++) {
    const long = rowLength(x, i, d);
    let along = 0;
    for (let k = i * d; k < (i + 1) * d; k++) along += (g[k] * x[k]) / long;
    for (let k = i * d; k < (i + 1) * d; k++) {
      g[k] = long > TINY ? (s * (g[k] - (along * x[k]) / long)) / long : 0;
    }
  }
  return g;
}

/**
 * (n, C) scores: the products of the rows of `x` (n, d) and `W` (C, d).
 * @param {Float64Array} x
 * @param {Float64Array} W
 * @param {number} n
 * @param {number} C
 * @param {number} d
 */
export function scores(x, W, n, C, d) {
  const z = new Float64Array(n * C);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < C; j++) {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += x[i * d + k] * W[j * d + k];
      z[i * C + j] = sum;
    }
  }
  return z;
}

/**
 * Mean cross-entropy of the scores `z` (n, C), which become its gradient.
 * @param {Float64Array} z
 * @param {number[]} y
 * @param {number} n
 * @param {number} C
 */
function crossEntropy(z, y, n, C) {
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const at = i * C;
    let most = -Infinity;
    for (let j = at; j < at + C; j++) most = Math.max(most, z[j]);
    let sum = 0;
    for (let j = at; j < at + C; j++) sum += Math.exp(z[j] - most);
    loss += most + Math.log(sum) - z[at + y[i]];
    for (let j = 0; j < C; j++) z[at + j] = (Math.exp(z[at + j] - most) / sum - Number(j === y[i])) / n;
  }
  return loss / n;
}

/** Cross-entropy over one weight vector per class: ClassLoss and all its subclasses. */
class ClassLoss {
  gx = new Float64Array(0); // gradient at the features
  /** @type {Float64Array | null} */
  centers = null;
  total = 0; // triplets
  active = 0;

  /**
   * @param {string} name
   * @param {number} d
   * @param {number} C
   * @param {Settings} o may change at any time
   */
  constructor(name, d, C, o) {
    this.d = d;
    this.C = C;
    this.o = o;
    this.kind = KINDS[name];
    this.weight = parameter(C * d);
    if (name === "center") this.centers = new Float64Array(C * d);
  }

  parameters() {
    return [this.weight];
  }

  /**
   * Features and weights as they go into the scores.
   * @param {Float64Array} x
   * @param {number} n
   */
  #inputs(x, n) {
    const { d, C, kind, o, weight } = this;
    return [kind.x ? unit(x, n, d, o.s) : x, kind.w ? unit(weight.value, C, d) : weight.value];
  }

  /**
   * (n, C) scores without margin.
   * @param {Float64Array} x
   * @param {number} n
   */
  logits(x, n) {
    const [a, W] = this.#inputs(x, n);
    return scores(a, W, n, this.C, this.d);
  }

  /**
   * Mean loss of features `x` (n, d) with labels `y`; writes the gradients at x and W.
   * @param {Float64Array} x
   * @param {number[]} y
   * @param {number} n
   */
  forward(x, y, n) {
    const { d, C, kind, weight } = this;
    const [a, W] = this.#inputs(x, n);
    const z = scores(a, W, n, C, d);
    const margins = this.#addMargins(z, x, y, n);
    const loss = crossEntropy(z, y, n, C);
    for (const margin of margins) {
      margin.g = z[margin.at];
      z[margin.at] *= margin.slope;
    }
    const gx = (this.gx = new Float64Array(n * d));
    const gW = weight.gradient.fill(0);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < C; j++) {
        const g = z[i * C + j];
        for (let k = 0; k < d; k++) {
          gx[i * d + k] += g * W[j * d + k];
          gW[j * d + k] += g * a[i * d + k];
        }
      }
    }
    if (kind.x) throughUnit(gx, x, n, d, this.o.s);
    if (kind.w) throughUnit(gW, weight.value, C, d);
    if (!kind.x) this.#throughRadii(margins, x, y);
    return this.centers ? loss + this.#pull(this.centers, x, y, n) : loss;
  }

  /**
   * Put the margin on each sample's own score; returns what the gradients need of it.
   * @param {Float64Array} z
   * @param {Float64Array} x
   * @param {number[]} y
   * @param {number} n
   */
  #addMargins(z, x, y, n) {
    const { d, C, kind: { x: fixed, w, phi }, o, weight } = this;
    if (!phi) return [];
    return Array.from({ length: n }, (_, i) => {
      const at = i * C + y[i];
      const long = fixed ? o.s : Math.max(SHORT, rowLength(x, i, d));
      const other = w ? 1 : Math.max(SHORT, rowLength(weight.value, y[i], d));
      const r = long * other;
      const cos = z[at] / r;
      const [value, slope] = phi(cos, o);
      z[at] = r * value;
      return { at, long, other, slope, byRadius: value - cos * slope, g: 0 };
    });
  }

  /**
   * The radius ‖x‖ or ‖x‖‖W‖ of a score with a margin has a gradient too; a scale s has none.
   * @param {{g: number, long: number, other: number, byRadius: number}[]} margins
   * @param {Float64Array} x
   * @param {number[]} y
   */
  #throughRadii(margins, x, y) {
    const { d, kind, gx, weight } = this;
    margins.forEach(({ g, long, other, byRadius }, i) => {
      const by = g * byRadius;
      for (let k = 0; k < d; k++) {
        const [at, own] = [i * d + k, y[i] * d + k];
        if (long > SHORT) gx[at] += (by * other * x[at]) / long;
        if (!kind.w && other > SHORT) weight.gradient[own] += (by * long * weight.value[own]) / other;
      }
    });
  }

  /**
   * CenterLoss: λ/2 · mean ‖x - c_y‖², with its gradient added.
   * @param {Float64Array} centers
   * @param {Float64Array} x
   * @param {number[]} y
   * @param {number} n
   */
  #pull(centers, x, y, n) {
    const { d, gx, o } = this;
    let sum = 0;
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < d; k++) {
        const away = x[i * d + k] - centers[y[i] * d + k];
        sum += away * away;
        gx[i * d + k] += (o.lam * away) / n;
      }
    }
    return (o.lam * sum) / (2 * n);
  }

  /**
   * CenterLoss: move the centers by Eq. 4. Nothing to do for the other losses.
   * @param {Float64Array} x
   * @param {number[]} y
   * @param {number} n
   */
  update(x, y, n) {
    const { d, C, centers, o } = this;
    if (!centers) return;
    const count = new Float64Array(C);
    const delta = new Float64Array(C * d);
    for (let i = 0; i < n; i++) {
      count[y[i]]++;
      for (let k = 0; k < d; k++) delta[y[i] * d + k] += centers[y[i] * d + k] - x[i * d + k];
    }
    for (let k = 0; k < C * d; k++) centers[k] -= (o.alpha * delta[k]) / (1 + count[Math.floor(k / d)]);
  }
}

/**
 * For each anchor its farthest positive and its nearest negative, as [a, p, n, a, p, n …].
 * @param {Float64Array} dist
 * @param {number[]} y
 * @param {number} n
 */
function hardTriplets(dist, y, n) {
  const found = [];
  for (let a = 0; a < n; a++) {
    let [p, negative] = [-1, -1];
    for (let j = 0; j < n; j++) {
      if (y[j] !== y[a]) {
        if (negative < 0 || dist[a * n + j] < dist[a * n + negative]) negative = j;
      } else if (j !== a && (p < 0 || dist[a * n + j] > dist[a * n + p])) p = j;
    }
    if (p >= 0 && negative >= 0) found.push(a, p, negative);
  }
  return found;
}

/**
 * For each pair the nearest negative farther away than its positive, as [a, p, n, a, p, n …].
 * @param {Float64Array} dist
 * @param {number[]} y
 * @param {number} n
 */
function semihardTriplets(dist, y, n) {
  const found = [];
  for (let a = 0; a < n; a++) {
    for (let p = 0; p < n; p++) {
      if (p === a || y[p] !== y[a]) continue;
      let [negative, least] = [-1, Infinity];
      for (let j = 0; j < n; j++) {
        const far = dist[a * n + j];
        if (far < least && far > dist[a * n + p] && y[j] !== y[a]) [negative, least] = [j, far];
      }
      if (negative >= 0) found.push(a, p, negative);
    }
  }
  return found;
}

/** TripletLoss with squared distances of unit features, as in FaceNet; mining semihard or hard. */
class TripletLoss {
  /** @type {Float64Array} */
  gx = new Float64Array(0);
  weight = null;
  centers = null;
  total = 0;
  active = 0;

  /**
   * @param {number} d
   * @param {Settings} o may change at any time
   */
  constructor(d, o) {
    this.d = d;
    this.o = o;
  }

  parameters() {
    return [];
  }

  /**
   * How often each distance (n, n) is d(a, p) less how often d(a, n), over the active triplets.
   * @param {Float64Array} dist
   * @param {number[]} y
   * @param {number} n
   */
  #count(dist, y, n) {
    const triplets = (this.o.mining === "hard" ? hardTriplets : semihardTriplets)(dist, y, n);
    const weight = new Float64Array(n * n);
    this.total = triplets.length / 3;
    this.active = 0;
    for (let t = 0; t < triplets.length; t += 3) {
      const [own, other] = [triplets[t] * n + triplets[t + 1], triplets[t] * n + triplets[t + 2]];
      if (!(dist[own] - dist[other] + this.o.margin > 0)) continue;
      this.active++;
      weight[own] += 1;
      weight[other] -= 1;
    }
    return weight;
  }

  /**
   * Mean loss of features `x` (n, d) with labels `y`; writes the gradient at x.
   * @param {Float64Array} x
   * @param {number[]} y
   * @param {number} n
   */
  forward(x, y, n) {
    const { d } = this;
    const u = unit(x, n, d);
    const square = Float64Array.from({ length: n }, (_, i) => rowLength(u, i, d) ** 2);
    const dots = scores(u, u, n, n, d);
    const dist = dots.map((dot, k) => Math.max(0, square[Math.floor(k / n)] + square[k % n] - 2 * dot));
    const weight = this.#count(dist, y, n);
    const gx = new Float64Array(n * d);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const w = weight[i * n + j];
        if (!w) continue;
        sum += w * dist[i * n + j];
        if (!dist[i * n + j]) continue;
        for (let k = 0; k < d; k++) {
          const g = (2 * w * (u[i * d + k] - u[j * d + k])) / this.active;
          gx[i * d + k] += g;
          gx[j * d + k] -= g;
        }
      }
    }
    this.gx = throughUnit(gx, x, n, d);
    return this.active ? sum / this.active + this.o.margin : 0;
  }

  update() {}
}

/**
 * A loss by its name in facetoy.losses.LOSSES.
 * @param {string} name
 * @param {number} d
 * @param {number} C
 * @param {Settings} o
 * @returns {Loss}
 */
export function makeLoss(name, d, C, o) {
  return name === "triplet" ? new TripletLoss(d, o) : new ClassLoss(name, d, C, o);
}
