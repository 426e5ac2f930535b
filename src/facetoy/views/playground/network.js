// The network, 64 → 64 → d with PReLU, and the two optimisers, as PyTorch defines them.

/** A parameter and its gradient. */
const parameter = (size) => ({ value: new Float64Array(size), gradient: new Float64Array(size) });

/**
 * nn.Sequential(Linear(pixels, hidden), PReLU(), Linear(hidden, dim, bias=False)).
 * `hidden.weight` is stored by input, the transpose of PyTorch's, so that the many empty pixels
 * cost nothing. `hidden` is a multiple of 4.
 */
export class Embedder {
  constructor(pixels, hidden, dim) {
    Object.assign(this, { pixels, width: hidden, dim });
    this.hidden = { weight: parameter(pixels * hidden), bias: parameter(hidden) };
    this.prelu = parameter(1);
    this.output = parameter(dim * hidden);
  }

  /** PyTorch's defaults, from random numbers `random()` in [0, 1). */
  reset(random) {
    const draw = (p, fan) => p.value.forEach((_, k) => (p.value[k] = (2 * random() - 1) / Math.sqrt(fan)));
    draw(this.hidden.weight, this.pixels);
    draw(this.hidden.bias, this.pixels);
    draw(this.output, this.width);
    this.prelu.value[0] = 0.25;
  }

  parameters() {
    return [this.hidden.weight, this.hidden.bias, this.prelu, this.output];
  }

  /** Features (n, dim) of the images `rows` of `x` (·, pixels); keeps what `backward` needs. */
  forward(x, rows, n) {
    const { pixels, width, dim } = this;
    const W = this.hidden.weight.value;
    const V = this.output.value;
    const slope = this.prelu.value[0];
    if (!this.h || this.h.length < n * width) this.h = new Float64Array(n * width);
    const h = this.h;
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

  /** Gradients of all parameters, given those of the features that `forward` has just returned. */
  backward(gx, x, rows, n) {
    const { pixels, width, dim, h } = this;
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
  constructor(count, dim) {
    Object.assign(this, { dim, points: parameter(count * dim) });
  }

  reset(random) {
    const { value } = this.points;
    for (let k = 0; k < value.length; k++) value[k] = normal(random);
  }

  parameters() {
    return [this.points];
  }

  forward(_, rows, n) {
    const { dim, points } = this;
    const out = new Float64Array(n * dim);
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < dim; c++) out[i * dim + c] = points.value[rows[i] * dim + c];
    }
    return out;
  }

  backward(gx, _, rows, n) {
    const { dim, points } = this;
    points.gradient.fill(0);
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < dim; c++) points.gradient[rows[i] * dim + c] += gx[i * dim + c];
    }
  }
}

/** torch.optim.SGD(momentum=0.9). */
export class SGD {
  step(parameters, lr) {
    this.speed ??= parameters.map(({ value }) => new Float64Array(value.length));
    parameters.forEach(({ value, gradient }, p) => {
      const speed = this.speed[p];
      for (let k = 0; k < value.length; k++) {
        speed[k] = 0.9 * speed[k] + gradient[k];
        value[k] -= lr * speed[k];
      }
    });
  }
}

/** torch.optim.Adam. */
export class Adam {
  step(parameters, lr) {
    this.mean ??= parameters.map(({ value }) => new Float64Array(value.length));
    this.square ??= parameters.map(({ value }) => new Float64Array(value.length));
    this.steps = (this.steps ?? 0) + 1;
    const rate = lr / (1 - 0.9 ** this.steps);
    const root = Math.sqrt(1 - 0.999 ** this.steps);
    parameters.forEach(({ value, gradient }, p) => {
      const [mean, square] = [this.mean[p], this.square[p]];
      for (let k = 0; k < value.length; k++) {
        const g = gradient[k];
        mean[k] += 0.1 * (g - mean[k]);
        square[k] += 0.001 * (g * g - square[k]);
        value[k] -= (rate * mean[k]) / (Math.sqrt(square[k]) / root + 1e-8);
      }
    });
  }
}

/** Random numbers in [0, 1) from a seed (mulberry32). */
export function randomFrom(seed) {
  let state = (seed + 1) * 0x9e3779b1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A normally distributed number. */
export const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** The numbers 0 … n - 1 in a random order. */
export function shuffled(n, random) {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
