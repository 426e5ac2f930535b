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

/** @param {State} state */
const allDigits = ({ data, classes }) => data === "digits" && classes.length === 10;

/** @type {Challenge} */
const tightClasses = {
  text: "Get the intra angle under 5° with 95 % of the test images right, on all ten digits.",
  done: ({ state, runs }) =>
    allDigits(state) && runs.some(({ measures: m }) => m.accuracy >= 0.95 && m.intra < 5),
};

/** @type {Challenge} */
const largestMargin = {
  text:
    "Find the largest m, of ArcFace or CosFace, that still trains ten digits on a circle: 90 % of " +
    "the test images right, after 30 epochs or more from a fresh start with that m. It counts as " +
    "solved at nine tenths of the m that there is room for.",
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
    "Make the triplet loss collapse (all features in one place), then save it without a reset: " +
    "90 % right.",
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
    "Beat ArcFace (s = 16, m from 0.3 to 0.8) with plain softmax, side by side: more test images right, " +
    "both after 30 epochs or more.",
  done({ state: { sides, data }, runs }) {
    const [soft, arc] = ["softmax", "arcface"].map((name) => sides.findIndex(({ loss }) => loss === name));
    if (soft < 0 || arc < 0 || data === "points" || runs[soft].epochs < 30) return false;
    const { s, m } = sides[arc].args;
    const more = runs[soft].measures.accuracy > runs[arc].measures.accuracy;
    return s === 16 && m >= 0.3 && m <= 0.8 && more;
  },
};

export const CHALLENGES = [tightClasses, largestMargin, collapseAndRescue, beatArcFace];
