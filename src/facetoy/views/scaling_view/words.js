// Costs in words, as words.py says them.

import { grouped } from "../shared/numbers.js";
import { enough, sum } from "./cost.js";

/** @import { Cost, Layer, Machine } from "./cost.js" */

/** @typedef {[number, string][]} Units from the smallest */

/** @type {Units} */
export const BYTES = [[1, "B"], [1e3, "kB"], [1e6, "MB"], [1e9, "GB"], [1e12, "TB"], [1e15, "PB"]];
/** @type {Units} */
export const SECONDS = [[1e-6, "µs"], [1e-3, "ms"], [1, "s"], [60, "min"], [3600, "h"], [86400, "days"]];
/** @type {Units} */
const FLOPS = [[1, "FLOP/s"], [1e9, "GFLOP/s"], [1e12, "TFLOP/s"], [1e15, "PFLOP/s"]];

/**
 * The value to three digits, in the largest unit of which it holds at least one.
 * @param {number} value
 * @param {Units} units
 */
export function human(value, units) {
  const rounded = +value.toPrecision(3);
  const [size, name] = units.findLast(([unit]) => rounded >= unit) || units[0];
  return `${+(rounded / size).toPrecision(3)}\u00a0${name}`;
}

/**
 * What would help a layer that does not fit.
 * @param {Layer} layer
 * @param {Machine} machine
 * @param {number[]} choices of ranks
 */
function wayOut(layer, machine, choices) {
  const least = enough(choices, layer, machine);
  if (least === undefined) return ` Nor would it on ${grouped(choices[choices.length - 1])}\u00a0ranks.`;
  return least > layer.ranks ? ` ${grouped(least)}\u00a0ranks would do.` : "";
}

/**
 * What a setting costs.
 * @param {Layer} layer
 * @param {Machine} machine
 * @param {Cost} cost
 * @param {{ranks: number[], where: Record<string, string>}} meta the choices, names of what takes time
 */
export function verdict(layer, machine, { memory, seconds }, { ranks, where }) {
  const most = Object.keys(seconds).reduce((a, b) => (seconds[b] > seconds[a] ? b : a));
  const on = layer.ranks === 1 ? "its one rank" : `each of its ${grouped(layer.ranks)} ranks`;
  const fits = sum(memory) <= machine.capacity;
  return (
    `A last layer for ${grouped(layer.classes)} people with ${layer.dim} numbers each needs ` +
    `${human(sum(memory), BYTES)} on ${on}, which ${fits ? "fits" : "does not fit"} into ` +
    `${human(machine.capacity, BYTES)} of ${machine.name}; a step takes ` +
    `${human(sum(seconds), SECONDS)}, most of all for ${where[most]}.` +
    (fits ? "" : wayOut(layer, machine, ranks))
  );
}

/**
 * What is counted, and with which figures.
 * @param {Layer} layer
 * @param {Machine} machine
 */
export const basis = ({ batch }, { name, flops, memory, network, fixed }) =>
  `Only the last layer is counted, for ${grouped(batch)} images in a step of all ranks. ` +
  `Figures of ${name}, for a rank: ${human(flops, FLOPS)}, memory ${human(memory, BYTES)}/s, ` +
  `network ${human(network, BYTES)}/s, ${human(fixed, SECONDS)} for any step.`;
