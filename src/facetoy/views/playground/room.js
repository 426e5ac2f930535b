// Whether there is room for a margin between so many classes.

import { KINDS } from "../shared/kinds.js";

/** @import { Settings } from "../shared/kinds.js" */

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
