// How the threshold slider counts: what each of its steps accepts and refuses. Python has counted
// the pairs (counting.py); here they become rates and words.

import { grouped } from "../shared/numbers.js";

/** @typedef {"same" | "other"} Kind pairs of one person, pairs of two people */
/**
 * A pair that some thresholds get wrong.
 * @typedef {object} Wrong
 * @property {number} step the last that accepts it
 * @property {string} score
 * @property {number[]} images its two, as places in the sprite
 * @property {string[]} names of whom they show, if they are known
 */
/**
 * @typedef {object} Counts
 * @property {string[]} labels the threshold of each step, rising
 * @property {Record<Kind, number>} totals how many pairs there are
 * @property {Record<Kind, number[]>} counts how many of them each step accepts
 * @property {Record<Kind, Wrong[]>} errors some of them, rising in score
 * @property {number} shown how many of each kind are in sight
 */

/**
 * A share in percent, with enough decimals to tell one pair from none.
 * @param {number} count
 * @param {number} total
 */
function percent(count, total) {
  const digits = Math.min(4, Math.max(1, Math.ceil(Math.log10(total)) - 2));
  return `${+((100 * count) / total).toFixed(digits)}\u00a0%`;
}

/**
 * What the threshold does at a step.
 * @param {Counts} meta
 * @param {number} step
 */
export function outcome({ labels, counts, totals }, step) {
  const accepted = grouped(counts.other[step]);
  const far = percent(counts.other[step], totals.other);
  const refused = grouped(totals.same - counts.same[step]);
  const frr = percent(totals.same - counts.same[step], totals.same);
  const tar = percent(counts.same[step], totals.same);
  const does =
    `ccepts ${accepted} of ${grouped(totals.other)} pairs of two people (${far}), ` +
    `refuses ${refused} of ${grouped(totals.same)} pairs of one person (${frr}).`;
  const says = { sentence: `A${does}`, words: `At threshold ${labels[step]}: a${does}` };
  return { threshold: labels[step], accepted, far, refused, frr, tar, ...says };
}

/**
 * The errors of one kind nearest to the threshold, the nearest first.
 * @param {Counts} meta
 * @param {Kind} kind
 * @param {number} step
 */
export const nearest = ({ errors, shown }, kind, step) =>
  kind === "other"
    ? errors.other.filter((error) => error.step >= step).slice(0, shown)
    : errors.same.filter((error) => error.step < step).slice(-shown).reverse();
