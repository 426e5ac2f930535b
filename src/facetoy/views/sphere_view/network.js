// The trained network of a run, as `Embedder` in facetoy/training/networks.py.

import { angleOf } from "../shared/vectors.js";

/** @import {Run} from "./unpacking.js" */

/**
 * A linear layer and the PReLU after it.
 * @typedef {object} Layer
 * @property {Float32Array} weight (outputs, inputs)
 * @property {Float32Array | null} bias (outputs)
 * @property {number | null} slope of PReLU below 0; null at the end
 */

/**
 * The feature of an image.
 * @param {Layer[]} network
 * @param {ArrayLike<number>} image
 */
export function embed(network, image) {
  let x = Float64Array.from(image);
  for (const { weight, bias, slope } of network) {
    const count = weight.length / x.length;
    const out = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      let sum = bias ? bias[i] : 0;
      for (let k = 0; k < x.length; k++) sum += weight[i * x.length + k] * x[k];
      out[i] = slope !== null && sum < 0 ? slope * sum : sum;
    }
    x = out;
  }
  return x;
}

/**
 * Where an image lands once a run's training is over: its feature, and its angles (degrees) to the
 * weights of the classes, or to their means; null if the run has no network.
 * @param {Run} run
 * @param {number} known classes
 * @param {ArrayLike<number>} image
 */
export function see({ network, weight, means, steps }, known, image) {
  if (!network) return null;
  const feature = embed(network, image);
  const d = feature.length;
  const ways = weight ?? means;
  const last = ways.subarray(ways.length - ways.length / steps.length);
  const angles = Array.from(
    { length: known },
    (_, c) => (angleOf(feature, 0, last, c, d) * 180) / Math.PI,
  );
  return { feature, angles, guess: angles.indexOf(Math.min(...angles)) };
}
