// What one step of a last layer costs a rank: facetoy/large/costs.py, where the counts are explained.

/**
 * @typedef {object} Layer
 * @property {number} classes
 * @property {number} dim
 * @property {number} ranks
 * @property {number} rate the share of classes that a step uses
 * @property {number} batch images of all ranks together
 */
/**
 * @typedef {object} Machine what a rank is
 * @property {string} name
 * @property {number} flops a second
 * @property {number} memory bytes a second
 * @property {number} network bytes a second
 * @property {number} fixed seconds of any step
 * @property {number} capacity bytes
 */
/** @typedef {Record<string, number>} Parts bytes or seconds, by what they are for */
/** @typedef {{memory: Parts, sent: Parts, seconds: Parts}} Cost */

// facetoy/losses/_by_rows.py: from how many scores on not all are computed at once, but those of how
// many images at least
const [LARGE, ROWS] = [2 ** 23, 64];

export const sum = (/** @type {Parts} */ parts) => Object.values(parts).reduce((a, b) => a + b, 0);

/**
 * Bytes, at the moment that needs most.
 * @param {Layer} layer
 * @param {{A: number, K: number, S: number, n: number, many: boolean}} counts numbers of all
 *   weights, of those in use, of scores; images at a time, which are all unless there are many
 * @returns {Parts}
 */
function memoryOf({ dim: d, ranks: R, rate, batch: N }, { A, K, S, n, many: byRows }) {
  const both = {
    weights: A, gradient: byRows ? A + K : A, momentum: A, "sampled copy": rate < 1 ? K : 0,
    "rows of length 1": byRows ? 0 : K, scores: byRows ? (n * S) / N : 3 * S + S / R,
    features: byRows ? 4 * N * d + (5 * N * d) / R : 3 * N * d + (2 * N * d) / R,
  };
  const backward = { ...both, gradient: K, "rows of length 1": 4 * K, scores: 0 };
  /** @type {Parts} */
  const memory = !byRows && sum(backward) > sum(both) ? backward : both;
  for (const part of Object.keys(memory)) memory[part] *= 4;
  return memory;
}

/**
 * @param {Layer} layer
 * @param {Machine} machine
 * @returns {Cost}
 */
export function layerCost(layer, machine) {
  const { classes, dim: d, ranks: R, rate, batch: N } = layer;
  const mine = Math.ceil(classes / R);
  const used = Math.min(mine, Math.max(Math.ceil(rate * mine), Math.ceil(N / R)));
  const [A, K, S] = [mine * d, used * d, N * used];
  const many = N * Math.ceil(rate * mine) >= LARGE;
  const n = many ? Math.min(N, Math.max(ROWS, Math.floor(d / 4))) : N;
  const memory = memoryOf(layer, { A, K, S, n, many });
  const passes =
    many ? (10 + 4 * Math.ceil(N / n)) * K + 13 * S : 26 * K + 21 * S + (16 * S) / R;
  const touched = 8 * A + passes + 32 * N * d + (rate < 1 ? A + 5 * K : 0);
  const ring = (R - 1) / R;
  const sent = {
    features: ring * N * (4 * d + 8),
    "gradient of the features": 2 * ring * N * 4 * d,
    softmax: 2 * ring * N * 12,
  };
  const seconds = {
    arithmetic: (6 * N * K) / machine.flops,
    memory: (4 * touched) / machine.memory,
    network: sum(sent) / machine.network,
    fixed: machine.fixed,
  };
  return { memory, sent, seconds };
}

/**
 * The fewest ranks of `choices` on which the layer fits, if any does.
 * @param {number[]} choices
 * @param {Layer} layer
 * @param {Machine} machine
 */
export const enough = (choices, layer, machine) =>
  choices.find((ranks) => sum(layerCost({ ...layer, ranks }, machine).memory) <= machine.capacity);
