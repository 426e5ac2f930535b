// The losses of facetoy/losses/*.py under the same names, with their gradients written by hand.
// All numbers are float64. Arrays are flat, row by row: features x (N, d), weights W (C, d).

import { rowLength } from "../shared/vectors.js";

const ROUNDING = 2 ** -52;
const TINY = 1e-6; // a row shorter than this has no direction, as in _base.unit

/** Rows 0 … n - 1 of `x` at length 1, times `s`; a row without direction becomes 0. */
export function unit(x, n, d, s = 1) {
  const out = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    const long = rowLength(x, i, d);
    if (long > TINY) for (let k = i * d; k < (i + 1) * d; k++) out[k] = (s * x[k]) / long;
  }
  return out;
}

/** Gradient at `x`, given the gradient `g` at s · unit(x): tangent to the sphere. In place. */
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

/** falling_cos(m1 θ + m2) and its slope in cos θ: the cosine that keeps falling beyond π. */
function widened(cos, m1, m2) {
  const most = 1 - ROUNDING;
  const c = Math.max(-most, Math.min(most, cos));
  const t = m1 * Math.acos(c) + m2;
  const k = Math.floor(t / Math.PI);
  const u = t - k * Math.PI;
  return [Math.cos(u) - 2 * k, c === cos ? (m1 * Math.sin(u)) / Math.sqrt(1 - c * c) : 0];
}

/** L-Softmax's ψ(θ) = widened by a factor m, softened by λ. */
function softened(cos, { m, lam }) {
  const part = lam / (1 + lam);
  const [psi, slope] = widened(cos, m, 0);
  return [psi + part * (cos - psi), slope + part * (1 - slope)];
}

/**
 * For each loss with class weights: φ(cos θ) of the true class with its slope, and whether
 * features (x) and weights (w) are put at unit length. Without φ there is no margin.
 */
export const KINDS = {
  softmax: {},
  center: {},
  normsoftmax: { x: true, w: true },
  lsoftmax: { phi: softened },
  asoftmax: { w: true, phi: softened },
  cosface: { x: true, w: true, phi: (cos, { m }) => [cos - m, 1] },
  amsoftmax: { x: true, w: true, phi: (cos, { m }) => [cos - m, 1] },
  arcface: { x: true, w: true, phi: (cos, { m }) => widened(cos, 1, m) },
  combined: {
    x: true,
    w: true,
    phi(cos, { m1, m2, m3 }) {
      const [value, slope] = widened(cos, m1, m2);
      return [value - m3, slope];
    },
  },
};

/** Cross-entropy over one weight vector per class: ClassLoss and all its subclasses. */
export class ClassLoss {
  /** `o` holds the settings (m, s, lam …) by their names in Python; they may change at any time. */
  constructor(name, d, C, o) {
    Object.assign(this, { d, C, o, kind: KINDS[name] });
    this.weight = { value: new Float64Array(C * d), gradient: new Float64Array(C * d) };
    if (name === "center") this.centers = new Float64Array(C * d);
  }

  parameters() {
    return [this.weight];
  }

  /** (N, C) scores without margin, from features and weights as they go into them. */
  static scores(x, W, n, C, d) {
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

  logits(x, n) {
    const { d, C, kind } = this;
    const W = kind.w ? unit(this.weight.value, C, d) : this.weight.value;
    return ClassLoss.scores(kind.x ? unit(x, n, d, this.o.s) : x, W, n, C, d);
  }

  /** Mean loss of features `x` (n, d) with labels `y`; writes the gradients at x and W. */
  forward(x, y, n) {
    const { d, C, kind, weight } = this;
    const s = kind.x ? this.o.s : 1;
    const a = kind.x ? unit(x, n, d, s) : x;
    const W = kind.w ? unit(weight.value, C, d) : weight.value;
    const z = ClassLoss.scores(a, W, n, C, d);
    const gx = new Float64Array(n * d);
    const gW = weight.gradient.fill(0);
    const lengths = Float64Array.from({ length: C }, (_, j) => Math.max(1e-12, rowLength(weight.value, j, d)));
    const further = []; // what reaches x and W through the radius, added after throughUnit
    let loss = 0;
    for (let i = 0; i < n; i++) {
      const at = i * C;
      const own = at + y[i];
      let slope = 1;
      let byRadius = 0;
      const long = kind.x ? 1 : Math.max(1e-12, rowLength(x, i, d));
      if (kind.phi) {
        const r = kind.x ? s : long * (kind.w ? 1 : lengths[y[i]]);
        const cos = z[own] / r;
        const [phi, by] = kind.phi(cos, this.o);
        z[own] = r * phi;
        slope = by;
        byRadius = phi - cos * by;
      }
      let most = -Infinity;
      for (let j = at; j < at + C; j++) most = Math.max(most, z[j]);
      let sum = 0;
      for (let j = at; j < at + C; j++) sum += Math.exp(z[j] - most);
      loss += most + Math.log(sum) - z[own];
      for (let j = 0; j < C; j++) {
        let g = (Math.exp(z[at + j] - most) / sum - (j === y[i])) / n;
        if (j === y[i]) {
          // r = ‖x‖ or ‖x‖‖W‖ has a gradient too; a scale s has none
          if (byRadius && !kind.x) further.push([i, j, g * byRadius, long]);
          g *= slope;
        }
        for (let k = 0; k < d; k++) {
          gx[i * d + k] += g * W[j * d + k];
          gW[j * d + k] += g * a[i * d + k];
        }
      }
    }
    if (kind.x) throughUnit(gx, x, n, d, s);
    if (kind.w) throughUnit(gW, weight.value, C, d);
    for (const [i, j, g, long] of further) {
      const other = kind.w ? 1 : lengths[j];
      for (let k = 0; k < d; k++) {
        if (long > 1e-12) gx[i * d + k] += (g * other * x[i * d + k]) / long;
        if (!kind.w && other > 1e-12) gW[j * d + k] += (g * long * weight.value[j * d + k]) / other;
      }
    }
    loss /= n;
    if (this.centers) loss += this.pull(x, y, n, gx);
    this.gx = gx;
    return loss;
  }

  /** CenterLoss: λ/2 · mean ‖x - c_y‖², with its gradient added to `gx`. */
  pull(x, y, n, gx) {
    const { d, centers, o } = this;
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

  /** CenterLoss: move the centers by Eq. 4. Nothing to do for the other losses. */
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

/** TripletLoss with squared distances of unit features, as in FaceNet; mining semihard or hard. */
class TripletLoss {
  constructor(d, o) {
    Object.assign(this, { d, o, weight: null });
  }

  parameters() {
    return [];
  }

  /** How often each distance (n, n) is d(a, p) less how often d(a, n); how many are active. */
  count(dist, y, n) {
    const weight = new Float64Array(n * n);
    let active = 0;
    let total = 0;
    const add = (a, p, negative) => {
      total++;
      if (!(dist[a * n + p] - dist[a * n + negative] + this.o.margin > 0)) return;
      active++;
      weight[a * n + p] += 1;
      weight[a * n + negative] -= 1;
    };
    for (let a = 0; a < n; a++) {
      if (this.o.mining === "hard") {
        let [p, negative] = [-1, -1];
        for (let j = 0; j < n; j++) {
          if (y[j] !== y[a]) {
            if (negative < 0 || dist[a * n + j] < dist[a * n + negative]) negative = j;
          } else if (j !== a && (p < 0 || dist[a * n + j] > dist[a * n + p])) p = j;
        }
        if (p >= 0 && negative >= 0) add(a, p, negative);
        continue;
      }
      for (let p = 0; p < n; p++) {
        if (p === a || y[p] !== y[a]) continue;
        let [negative, least] = [-1, Infinity];
        for (let j = 0; j < n; j++) {
          const far = dist[a * n + j];
          if (far < least && far > dist[a * n + p] && y[j] !== y[a]) [negative, least] = [j, far];
        }
        if (negative >= 0) add(a, p, negative);
      }
    }
    return [weight, active, total];
  }

  forward(x, y, n) {
    const { d } = this;
    const u = unit(x, n, d);
    const square = Float64Array.from({ length: n }, (_, i) => rowLength(u, i, d) ** 2);
    const dots = ClassLoss.scores(u, u, n, n, d);
    const dist = dots.map((dot, k) => Math.max(0, square[Math.floor(k / n)] + square[k % n] - 2 * dot));
    const [weight, active, total] = this.count(dist, y, n);
    const gx = new Float64Array(n * d);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const w = weight[i * n + j];
        if (!w) continue;
        sum += w * dist[i * n + j];
        if (!dist[i * n + j]) continue;
        for (let k = 0; k < d; k++) {
          const g = (2 * w * (u[i * d + k] - u[j * d + k])) / active;
          gx[i * d + k] += g;
          gx[j * d + k] -= g;
        }
      }
    }
    this.gx = throughUnit(gx, x, n, d);
    Object.assign(this, { active, total });
    return active ? sum / active + this.o.margin : 0;
  }

  update() {}
}

/** A loss by its name in facetoy.losses.LOSSES. */
export function makeLoss(name, d, C, o) {
  return name === "triplet" ? new TripletLoss(d, o) : new ClassLoss(name, d, C, o);
}
