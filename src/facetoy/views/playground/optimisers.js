// Parameters, and the two optimisers that move them, as PyTorch defines them.

/** @typedef {{value: Float64Array, gradient: Float64Array}} Parameter */

/**
 * Zeros, and zeros for their gradient.
 * @param {number} size
 * @returns {Parameter}
 */
export const parameter = (size) => ({ value: new Float64Array(size), gradient: new Float64Array(size) });

/** @param {Parameter[]} parameters */
const zerosLike = (parameters) => parameters.map(({ value }) => new Float64Array(value.length));

/** torch.optim.SGD(momentum=0.9). */
export class SGD {
  /** @type {Float64Array[] | undefined} */
  #speed;

  /**
   * @param {Parameter[]} parameters
   * @param {number} lr
   */
  step(parameters, lr) {
    const speeds = (this.#speed ??= zerosLike(parameters));
    parameters.forEach(({ value, gradient }, p) => {
      const speed = speeds[p];
      for (let k = 0; k < value.length; k++) {
        speed[k] = 0.9 * speed[k] + gradient[k];
        value[k] -= lr * speed[k];
      }
    });
  }
}

/** torch.optim.Adam. */
export class Adam {
  /** @type {Float64Array[] | undefined} */
  #mean;
  /** @type {Float64Array[] | undefined} */
  #square;
  #steps = 0;

  /**
   * @param {Parameter[]} parameters
   * @param {number} lr
   */
  step(parameters, lr) {
    const means = (this.#mean ??= zerosLike(parameters));
    const squares = (this.#square ??= zerosLike(parameters));
    this.#steps++;
    const rate = lr / (1 - 0.9 ** this.#steps);
    const root = Math.sqrt(1 - 0.999 ** this.#steps);
    parameters.forEach(({ value, gradient }, p) => {
      const [mean, square] = [means[p], squares[p]];
      for (let k = 0; k < value.length; k++) {
        const g = gradient[k];
        mean[k] += 0.1 * (g - mean[k]);
        square[k] += 0.001 * (g * g - square[k]);
        value[k] -= (rate * mean[k]) / (Math.sqrt(square[k]) / root + 1e-8);
      }
    });
  }
}
