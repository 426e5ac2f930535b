// The network, 64 → 64 → d with PReLU, as PyTorch defines it; and what stands in its place for
// free points.

import { parameter } from "./optimisers.js";
import { normal } from "./random.js";

/** @import { Parameter } from "./optimisers.js" */
/** @import { Random } from "./random.js" */

/**
 * Draw from (-1, 1) / √fan.
 * @param {Parameter} parameter
 * @param {number} fan
 * @param {Random} random
 */
function drawUniform({ value }, fan, random) {
  for (let k = 0; k < value.length; k++) value[k] = (2 * random() - 1) / Math.sqrt(fan);
}

/**
 * nn.Sequential(Linear(pixels, hidden), PReLU(), Linear(hidden, dim, bias=False)).
 * `hidden.weight` is stored by input, the transpose of PyTorch's, so that the many empty pixels
 * cost nothing. `hidden` is a multiple of 4.
 */
export class Embedder {
  #h = new Float64Array(0); // what `forward` saw before PReLU

  /**
   * @param {number} pixels
   * @param {number} hidden
   * @param {number} dim
   */
  constructor(pixels, hidden, dim) {
    this.pixels = pixels;
    this.width = hidden;
    this.dim = dim;
    this.hidden = { weight: parameter(pixels * hidden), bias: parameter(hidden) };
    this.prelu = parameter(1);
    this.output = parameter(dim * hidden);
  }

  /**
   * PyTorch's defaults.
   * @param {Random} random
   */
  reset(random) {
    drawUniform(this.hidden.weight, this.pixels, random);
    drawUniform(this.hidden.bias, this.pixels, random);
    drawUniform(this.output, this.width, random);
    this.prelu.value[0] = 0.25;
  }

  parameters() {
    return [this.hidden.weight, this.hidden.bias, this.prelu, this.output];
  }

  /**
   * Features (n, dim) of the images `rows` of `x` (·, pixels); keeps what `backward` needs.
   * @param {Float64Array} x
   * @param {number[]} rows
   * @param {number} n
   */
  forward(x, rows, n) {
    const { pixels, width, dim } = this;
    const W = this.hidden.weight.value;
    const V = this.output.value;
    const slope = this.prelu.value[0];
    if (this.#h.length < n * width) this.#h = new Float64Array(n * width);
    const h = this.#h;
    const out = new Float64Array(n * dim);
    const row = new Float64Array(width); // of this image alone: it stays in the fastest memory
    for (let i = 0; i < n; i++) {
      row.set(this.hidden.bias.value);
      for (let p = 0; p < pixels; p++) {
        const value = x[rows[i] * pixels + p];
        if (!value) continue;
        const from = p * width;
        for (let k = 0; k < width; k += 4) {
          row[k] += value * W[from + k];
          row[k + 1] += value * W[from + k + 1];
          row[k + 2] += value * W[from + k + 2];
          row[k + 3] += value * W[from + k + 3];
        }
      }
      h.set(row, i * width);
      for (let c = 0; c < dim; c++) {
        let sum = 0;
        for (let k = 0; k < width; k++) {
          const value = row[k];
          sum += (value > 0 ? value : slope * value) * V[c * width + k];
        }
        out[i * dim + c] = sum;
      }
    }
    return out;
  }

  /**
   * Gradients of all parameters, given those of the features that `forward` has just returned.
   * @param {Float64Array} gx
   * @param {Float64Array} x
   * @param {number[]} rows
   * @param {number} n
   */
  backward(gx, x, rows, n) {
    const { pixels, width, dim } = this;
    const h = this.#h;
    for (const { gradient } of this.parameters()) gradient.fill(0);
    const V = this.output.value;
    const gV = this.output.gradient;
    const gW = this.hidden.weight.gradient;
    const gb = this.hidden.bias.gradient;
    const slope = this.prelu.value[0];
    const g = new Float64Array(width);
    let gslope = 0;
    for (let i = 0; i < n; i++) {
      const at = i * width;
      for (let k = 0; k < width; k++) {
        const value = h[at + k];
        const shown = value > 0 ? value : slope * value;
        let sum = 0;
        for (let c = 0; c < dim; c++) {
          sum += gx[i * dim + c] * V[c * width + k];
          gV[c * width + k] += gx[i * dim + c] * shown;
        }
        if (value <= 0) gslope += sum * value;
        g[k] = value > 0 ? sum : slope * sum;
        gb[k] += g[k];
      }
      for (let p = 0; p < pixels; p++) {
        const value = x[rows[i] * pixels + p];
        if (!value) continue;
        const to = p * width;
        for (let k = 0; k < width; k++) gW[to + k] += value * g[k];
      }
    }
    this.prelu.gradient[0] = gslope;
  }
}

/** No network: every sample is its own feature. */
export class FreePoints {
  /**
   * @param {number} count
   * @param {number} dim
   */
  constructor(count, dim) {
    this.dim = dim;
    this.points = parameter(count * dim);
  }

  /** @param {Random} random */
  reset(random) {
    const { value } = this.points;
    for (let k = 0; k < value.length; k++) value[k] = normal(random);
  }

  parameters() {
    return [this.points];
  }

  /**
   * @param {unknown} _
   * @param {number[]} rows
   * @param {number} n
   */
  forward(_, rows, n) {
    const { dim, points } = this;
    const out = new Float64Array(n * dim);
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < dim; c++) out[i * dim + c] = points.value[rows[i] * dim + c];
    }
    return out;
  }

  /**
   * @param {Float64Array} gx
   * @param {unknown} _
   * @param {number[]} rows
   * @param {number} n
   */
  backward(gx, _, rows, n) {
    const { dim, points } = this;
    points.gradient.fill(0);
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < dim; c++) points.gradient[rows[i] * dim + c] += gx[i * dim + c];
    }
  }
}
