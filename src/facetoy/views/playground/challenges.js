// The challenges of the playground, and how the page knows that one is solved.

import { number } from "../shared/numbers.js";
import { room } from "./room.js";

/** @import { State } from "./state.js" */
/** @import { Training } from "./training.js" */

/**
 * What a challenge is asked with.
 * @typedef {object} Moment
 * @property {State} state
 * @property {Training[]} runs one for each side
 * @property {number} best how far apart (radians) so many classes can be
 */

/**
 * What a challenge remembers from one moment to the next.
 * @typedef {object} Memory
 * @property {string} [found] what is said of it
 * @property {number} [share]
 * @property {WeakSet<Training>} [collapsed]
 * @property {boolean} [saved]
 */

/**
 * @typedef {object} Challenge
 * @property {string} text
 * @property {(moment: Moment, memory: Memory) => boolean} done
 */

const PLAIN = ["softmax", "center", "normsoftmax"]; // losses without a margin

/**
 * Mean accuracy over the last 30 epochs.
 * @param {Training} run
 */
function lately({ history, epochs }) {
  const last = history.filter((row) => row.epochs > epochs - 30);
  return last.reduce((sum, row) => sum + row.accuracy, 0) / last.length;
}

/** @param {State} state */
const allDigits = ({ data, classes }) => data === "digits" && classes.length === 10;

/** @type {Challenge} */
const tightClasses = {
  text:
    "Without a margin (softmax, center loss, NormSoftmax): intra under 8° and 95 % right, on ten digits.",
  done: ({ state, runs }) =>
    allDigits(state) &&
    runs.some(({ measures: m }, k) => {
      return PLAIN.includes(state.sides[k].loss) && m.accuracy >= 0.95 && m.intra < 8;
    }),
};

/** @type {Challenge} */
const largestMargin = {
  text:
    "Ten digits on a circle, ArcFace or CosFace with nine tenths of the m that there is room for: 90 % " +
    "right after 30 epochs from a fresh start.",
  done({ state, runs, best }, memory) {
    runs.forEach((run, k) => {
      const { loss, args } = state.sides[k];
      const most = room(loss, best);
      if (most === null || state.dim !== 2 || !allDigits(state)) return;
      if (run.touched || run.epochs < 30 || run.measures.accuracy < 0.9) return;
      const share = args.m / most;
      if (share <= (memory.share ?? 0)) return;
      memory.share = share;
      memory.found =
        `best so far: ${loss === "arcface" ? "ArcFace" : "CosFace"} with m = ${number(args.m)}, ` +
        `${Math.round(100 * share)} % of the ${most.toFixed(2)} that there is room for`;
    });
    return (memory.share ?? 0) >= 0.9;
  },
};

/** @type {Challenge} */
const collapseAndRescue = {
  text:
    "Make the triplet loss collapse, all features in one place. Save it without a reset: 90 % right.",
  done({ state, runs }, memory) {
    const collapsed = (memory.collapsed ??= new WeakSet());
    runs.forEach((run, k) => {
      const { inter, accuracy } = run.measures;
      if (state.sides[k].loss !== "triplet" || run.epochs <= 1) return;
      if (inter < 3 && accuracy < 0.5) collapsed.add(run);
    });
    const fallen = runs.filter((run) => collapsed.has(run));
    memory.saved ||= fallen.some((run) => run.measures.accuracy >= 0.9);
    memory.found = fallen.length && !memory.saved ? "collapsed; now save it" : "";
    return memory.saved;
  },
};

/** @type {Challenge} */
const beatArcFace = {
  text:
    "Beat ArcFace (s = 16, m from 0.3 to 0.8, untouched) with softmax beside it: more right over the last " +
    "30 of 60 epochs or more.",
  done({ state: { sides, data }, runs }, memory) {
    const [soft, arc] = ["softmax", "arcface"].map((name) => sides.findIndex(({ loss }) => loss === name));
    if (soft < 0 || arc < 0 || data === "points" || runs[arc].touched) return false;
    const { s, m } = sides[arc].args;
    if (s !== 16 || m < 0.3 || m > 0.8 || runs.some(({ epochs }) => epochs < 60)) return false;
    const [ours, theirs] = [lately(runs[soft]), lately(runs[arc])];
    memory.found = `${(100 * ours).toFixed(1)} % against ${(100 * theirs).toFixed(1)} %`;
    return ours > theirs;
  },
};

export const CHALLENGES = [tightClasses, largestMargin, collapseAndRescue, beatArcFace];
