// What the playground says in words, on the page and to screen readers.

import { degrees, nearest, number } from "../shared/numbers.js";
import { beyond, room } from "./room.js";

/** @import { Side, State } from "./state.js" */
/** @import { Seen, Training } from "./training.js" */

const DEGREE = 180 / Math.PI;

/** A share as a percentage. */
export const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(1)} %`;

/** The best angle (radians) between classes, in whole degrees. */
export const atBest = (/** @type {number} */ best) => degrees(best * DEGREE, 0);

const shapeOf = (/** @type {number} */ dim) => (dim === 2 ? "circle" : "sphere");

/**
 * Why the margin of a loss cannot be kept by so many classes; nothing if it can.
 * @param {Side} side
 * @param {State} state
 * @param {number} best how far apart (radians) so many classes can be
 */
export function noRoom({ loss, args }, { classes, dim }, best) {
  if (!beyond(loss, args, best)) return "";
  const where = `${classes.length} classes on a ${shapeOf(dim)}`;
  const most = room(loss, best);
  return most === null
    ? `These margins together are beyond what ${where} allow: they can be ${atBest(best)} apart.`
    : `m = ${number(args.m)} is beyond what ${where} allow: ${most.toFixed(2)}.`;
}

/**
 * How far a training is.
 * @param {string} title
 * @param {Training} run
 */
export function progress(title, { epochs, measures: m }) {
  return (
    `${title}, epoch ${Math.round(epochs)}: ${(100 * m.accuracy).toFixed(0)} % right, ` +
    `intra ${degrees(m.intra)}, inter ${degrees(m.inter)}.`
  );
}

/**
 * @param {string} title
 * @param {Training} run
 * @param {string} why
 */
export function diverged(title, { steps, o }, why) {
  return (
    `${title} diverged after ${steps} steps: its numbers grew beyond all bounds. ` +
    `${why ? `${why} ` : ""}The learning rate is ${number(o.lr)}; lower it, and press Reset.`
  );
}

/**
 * Which of two trainings waits until the other has taken as many steps; nothing if neither does.
 * @param {string[]} titles
 * @param {Training[]} runs
 */
export function waiting(titles, runs) {
  const ahead = runs.findIndex(({ steps }) => runs.some((other) => other.steps < steps));
  if (ahead < 0) return "";
  const epoch = Math.floor(runs[ahead].epochs + 1e-9);
  return `${titles[ahead]} waits at epoch ${epoch} until ${titles[1 - ahead]} has come as far.`;
}

/**
 * What a network takes the reader's own image for, and the classes nearest to it.
 * @param {string} title
 * @param {Training} run
 * @param {string[]} names of the classes
 * @param {Seen | null} seen
 */
export function takenFor(title, { loss }, names, seen) {
  if (!seen) return `${title} has diverged.`;
  const near = nearest(seen.angles, names);
  return `${title} takes it for ${names[seen.guess]}. θ${loss.weight ? "" : " to the means"}: ${near}.`;
}

/**
 * The picture's name.
 * @param {string} title
 * @param {Training} run
 * @param {State} state
 */
export function pictureLabel(title, { rows }, { data, dim, classes, stranger }) {
  const shown = classes.length + (stranger === null ? 0 : 1);
  return (
    `${title}: ${rows.length} ${data} of ${shown} classes as points on a ${shapeOf(dim)}. ` +
    "Arrow keys turn it, N and P step through the points, Escape closes the card."
  );
}

/**
 * What stands below the read-outs.
 * @param {Training} run
 * @param {State} state
 * @param {{names: string[], longest: number, kept: number}} picture
 */
export function notes(run, { unit, dim }, { names, longest, kept }) {
  const { total, active, centers } = run.loss;
  const goes = run.strangerGoes();
  const found = [];
  if (goes) {
    const [stranger, guess, share] = [names[run.C], names[goes[0]], percent(goes[1])];
    found.push(`The stranger ${stranger} is taken for ${guess} in ${share} of its images.`);
  }
  if (!unit) found.push(`The ${shapeOf(dim)} has radius ${longest.toPrecision(3)}, the longest feature.`);
  if (run.loss.weight && run.loss.kind.phi) found.push(`${kept} of ${run.C} arrows have a coloured line.`);
  if (total) found.push(`${active} of ${total} chosen triplets active in the last batch.`);
  if (centers) found.push("Crosses are the centers c.");
  return found.join(" ");
}
