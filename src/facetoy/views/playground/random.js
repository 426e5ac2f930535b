// Random numbers of a training.

import { randomNumbers } from "../shared/random.js";

/** @typedef {() => number} Random in [0, 1) */

/**
 * Random numbers in [0, 1) from a seed; those of neighbouring seeds have nothing in common.
 * @param {number} seed
 * @returns {Random}
 */
export const randomFrom = (seed) => randomNumbers((seed + 1) * 0x9e3779b1);

/**
 * A normally distributed number.
 * @param {Random} random
 */
export const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/**
 * The numbers 0 … n - 1 in a random order.
 * @param {number} n
 * @param {Random} random
 */
export function shuffled(n, random) {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
