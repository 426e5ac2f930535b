// Which run of a sweep is shown, and which of its moments: arithmetic on what the reader has set.

/** @import {Run, Side} from "./unpacking.js" */

/**
 * What can be chosen from.
 * @typedef {object} Choices
 * @property {number[]} timeline the steps of the run with the most snapshots
 * @property {string | null} parameter that sweeps are over
 * @property {(number | string)[]} values of this parameter
 */

/** @param {Side[]} sides @returns {Choices} */
export function choicesOf(sides) {
  const timeline = sides
    .flatMap((side) => side.runs)
    .reduce((/** @type {number[]} */ a, { steps }) => (steps.length > a.length ? steps : a), []);
  const parameter = sides.find((side) => side.parameter)?.parameter ?? null;
  const swept = sides.filter((side) => parameter && side.parameter === parameter);
  const values = [...new Set(swept.flatMap((side) => side.values))];
  if (values.every((value) => typeof value === "number")) values.sort((a, b) => +a - +b);
  return { timeline, parameter, values };
}

/**
 * The run of a side that belongs to `value` of the parameter, or the nearest.
 * @param {Side} side
 * @param {string | null} parameter
 * @param {number | string} value
 */
export function runAt({ runs, values, parameter: own }, parameter, value) {
  if (runs.length === 1) return runs[0];
  if (own !== parameter) return runs[runs.length - 1];
  const exact = values.indexOf(value);
  if (exact >= 0 || typeof value !== "number") return runs[Math.max(0, exact)];
  const far = values.map((v) => Math.abs(+v - value));
  return runs[far.indexOf(Math.min(...far))];
}

/**
 * Position of `step` among the increasing `steps`, as a fractional index.
 * @param {number[]} steps
 * @param {number} step
 */
function locate(steps, step) {
  let k = 0;
  while (k < steps.length - 1 && steps[k + 1] <= step) k++;
  if (k === steps.length - 1) return k;
  return k + Math.max(0, step - steps[k]) / (steps[k + 1] - steps[k]);
}

/**
 * The moment of a run that belongs to `t` on the time line; steps are matched, not indices.
 * @param {Run} run
 * @param {number[]} timeline
 * @param {number} t
 */
export function momentAt({ steps }, timeline, t) {
  if (steps === timeline) return t;
  const k = Math.floor(t);
  const next = timeline[Math.min(k + 1, timeline.length - 1)];
  return locate(steps, timeline[k] + (next - timeline[k]) * (t - k));
}
