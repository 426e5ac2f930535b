// The lines around what each class wins at a moment of a run, and what is said of them.

import { KINDS } from "../shared/kinds.js";
import { bordersOf } from "../shared/margins.js";
import { number } from "../shared/numbers.js";
import { Between } from "./positions.js";

/** @import {Run, Side} from "./unpacking.js" */

/**
 * The settings of a run's loss at a moment, a fractional index of a snapshot.
 * @param {NonNullable<Run["margin"]>} margin
 * @param {number} at
 * @returns {Record<string, number>}
 */
export function settingsAt({ settings }, at) {
  const now = (/** @type {number | number[]} */ given) => {
    if (typeof given === "number") return given;
    const a = Math.min(Math.floor(at), given.length - 1);
    const b = Math.min(a + 1, given.length - 1);
    return given[a] + (given[b] - given[a]) * (at - a);
  };
  return Object.fromEntries(Object.entries(settings).map(([name, given]) => [name, now(given)]));
}

/**
 * The lines around what each class wins, with the arrows as they lie among the `items`; none for a
 * run whose borders are unknown.
 * @param {Float32Array} items
 * @param {Side} side
 * @param {Run} run
 * @param {number} at moment of the run, a fractional index of a snapshot
 */
export function bordersAt(items, { shown, count, known }, run, at) {
  const { margin, weight, steps } = run;
  if (!margin || !weight) return [];
  const between = new Between(at, steps.length, shown);
  const rows = new Float64Array(known * shown);
  for (let j = 0; j < known; j++) {
    const long = between.read(weight, known, j);
    for (let k = 0; k < shown; k++) rows[j * shown + k] = long * items[3 * (count + j) + k];
  }
  return bordersOf(KINDS[margin.loss], settingsAt(margin, at), rows, known, shown);
}

/**
 * What the lines of a snapshot mean.
 * @param {Run} run
 * @param {number} step
 * @param {boolean} flat
 */
export function wordsOnBorders({ margin }, step, flat) {
  if (!margin) return "The borders of this loss are not known.";
  if (!KINDS[margin.loss].phi) {
    return flat ? "Bands show what each class wins." : "Lines are the borders of the classes.";
  }
  const settings = Object.entries(settingsAt(margin, step))
    .filter(([name]) => name !== "s")
    .map(([name, value]) => `${name === "lam" ? "λ" : name} = ${number(+value.toPrecision(2))}`);
  const [border, cap] = flat ? ["Ticks", "band shows"] : ["Thin lines", "coloured line encloses"];
  return (
    `${border} are the borders between classes. A ${cap} what a class wins even with its margin ` +
    `against it, here ${settings.join(", ")}.`
  );
}
