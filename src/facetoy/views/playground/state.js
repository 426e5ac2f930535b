// The state of a playground: what can be set, what a change leads to, and how an address holds it.

import { number } from "../shared/numbers.js";

/** @import { Settings } from "../shared/kinds.js" */

/** @typedef {Exclude<keyof Settings, "mining">} Numeric */
/** @typedef {{loss: string, args: Settings}} Side */

/**
 * @typedef {object} State
 * @property {Side[]} sides one or two
 * @property {string} data a key of DATA
 * @property {number} dim 2 or 3
 * @property {number[]} classes those in training, sorted
 * @property {number | null} stranger
 * @property {boolean} unit are features shown at unit length?
 * @property {string} optimiser a key of OPTIMISERS
 * @property {number} lr
 * @property {number} batch
 * @property {number} seed
 */

/**
 * @typedef {object} Offer What Python says of a loss: `offered` in playground.py.
 * @property {string} title
 * @property {Settings} arguments what it begins with
 * @property {{name: Numeric, label: string, values: number[], whole?: boolean, radians?: boolean}[]} sliders
 */

/**
 * @typedef {object} Offers
 * @property {Record<string, Offer>} losses
 * @property {string[]} order of the losses
 */

/**
 * @typedef {object} Limits
 * @property {Record<string, Offer>} losses
 * @property {number[]} rates
 * @property {number[]} batches
 */

/** @typedef {(state: State) => Partial<State> | string} Change a sentence says why it is refused */

export const MAX_SEED = 999_999;
export const MINING = ["semihard", "hard"];
export const DATA = { digits: "digits", faces: "toy faces", points: "free points, no network" };
export const OPTIMISERS = { adam: "Adam", sgd: "SGD, momentum 0.9" };
const START = "#playground&";
const TOO_FEW = "At least two classes must stay in training.";

/**
 * Settings of a loss as the reader finds them: `start` where it says something.
 * @param {Offer} offer
 * @param {Partial<Settings>} start
 */
function argumentsOf(offer, start = {}) {
  const taken = Object.entries(start).filter(([key]) => key in offer.arguments);
  return { ...offer.arguments, ...Object.fromEntries(taken) };
}

// ---- changes

/** @param {number[]} classes */
const sorted = (classes) => [...classes].sort((a, b) => a - b);

/**
 * Class `c` in training, or no longer.
 * @param {State} state
 * @param {number} c
 */
export function withClassToggled({ classes, stranger }, c) {
  const has = classes.includes(c);
  if (has && classes.length === 2) return TOO_FEW;
  return {
    classes: has ? classes.filter((k) => k !== c) : sorted([...classes, c]),
    stranger: stranger === c ? null : stranger,
  };
}

/**
 * So many classes in training.
 * @param {State} state
 * @param {number} count
 */
export function withClassCount({ classes, stranger }, count) {
  const others = [...Array(10).keys()].filter((c) => !classes.includes(c) && c !== stranger);
  const chosen = [...classes, ...others].slice(0, count);
  return chosen.length < count ? "One of the ten is the stranger." : { classes: sorted(chosen) };
}

/**
 * Another stranger; the one before is trained again.
 * @param {State} state
 * @param {number | null} stranger
 */
export function withStranger(state, stranger) {
  const back = state.stranger === null ? [] : [state.stranger];
  const classes = sorted([...state.classes, ...back].filter((k) => k !== stranger));
  return classes.length < 2 ? TOO_FEW : { stranger, classes };
}

/**
 * Which sides train on under other settings: those with the same loss, on the same task.
 * @param {State} before
 * @param {State} after
 */
export function sidesKept(before, after) {
  const task = (/** @type {State} */ { data, dim, classes, stranger, seed }) =>
    JSON.stringify([data, dim, classes, stranger, seed]);
  const same = task(before) === task(after);
  return after.sides.map((side, k) => same && side === before.sides[k]);
}

/**
 * Other data.
 * @param {State} state
 * @param {string} data
 */
export function withData(state, data) {
  const points = data === "points"; // without a network the learning rate is that of a position
  const lr = points ? 0.3 : state.data === "points" ? 0.01 : state.lr;
  return { data, stranger: points ? null : state.stranger, lr };
}

/**
 * @param {Side[]} sides
 * @param {number} k
 * @param {Side} side
 */
const replaceSide = (sides, k, side) => ({ sides: sides.map((before, i) => (i === k ? side : before)) });

/**
 * Another value of a setting of the loss on side `k`.
 * @param {State} state
 * @param {number} k
 * @param {Partial<Settings>} change
 */
export function withArgument({ sides }, k, change) {
  return replaceSide(sides, k, { ...sides[k], args: { ...sides[k].args, ...change } });
}

/**
 * Another loss on side `k`, at the scale of the one before.
 * @param {State} state
 * @param {number} k
 * @param {string} loss
 * @param {Record<string, Offer>} losses
 */
export function withLoss({ sides }, k, loss, losses) {
  const { args } = sides[k];
  const start = "s" in args ? { s: args.s } : {};
  return replaceSide(sides, k, { loss, args: argumentsOf(losses[loss], start) });
}

/**
 * A second side, or no longer.
 * @param {State} state
 * @param {Record<string, Offer>} losses
 */
export function withSecondToggled({ sides }, losses) {
  if (sides.length > 1) return { sides: [sides[0]] };
  const loss = sides[0].loss === "softmax" ? "arcface" : "softmax";
  return { sides: [...sides, { loss, args: argumentsOf(losses[loss]) }] };
}

// ---- the address

/** Does the fragment of an address speak of a playground? */
export const isFragment = (/** @type {string} */ fragment) => fragment.startsWith(START);

/**
 * The whole state as the fragment of an address.
 * @param {State} state
 * @param {Record<string, Offer>} losses
 */
export function toFragment(state, losses) {
  const query = new URLSearchParams();
  state.sides.forEach(({ loss, args }, k) => {
    const mark = k ? "b." : "";
    query.set(`${mark}loss`, loss);
    for (const { name } of losses[loss].sliders) query.set(mark + name, number(args[name]));
    if (loss === "triplet") query.set(`${mark}mining`, args.mining);
  });
  query.set("data", state.data);
  query.set("unit", state.unit ? "1" : "0");
  query.set("dim", `${state.dim}`);
  query.set("classes", state.classes.join(""));
  if (state.stranger !== null) query.set("stranger", `${state.stranger}`);
  for (const key of /** @type {const} */ (["optimiser", "lr", "batch", "seed"])) {
    query.set(key, `${state[key]}`);
  }
  return START + query;
}

/** @param {string} text */
const numeric = (text) => (/^\d{1,7}(\.\d{1,6})?$/.test(text) ? Number(text) : NaN);

/** @param {string} text */
const digits = (text) => (/^[0-9]{2,10}$/.test(text) ? [...new Set(text)].map(Number).sort() : []);

/** @template T @param {T[]} values @returns {(value: T) => boolean} */
const among = (values) => (value) => values.includes(value);

/** @param {number[]} values the lowest first, the highest last @returns {(value: number | null) => boolean} */
const within = (values, whole = false) => (value) =>
  value !== null &&
  value >= values[0] &&
  value <= values[values.length - 1] &&
  (!whole || Number.isInteger(value));

/** Takes settings out of a fragment, each once, and remembers whether all were as they should be. */
class Reader {
  #query;
  #left;
  #good;

  /** @param {string} fragment */
  constructor(fragment) {
    this.#query = new URLSearchParams(fragment.slice(START.length));
    this.#left = new Set(this.#query.keys());
    this.#good = this.#left.size === [...this.#query.keys()].length; // else a key twice
  }

  /** Is everything taken, and good? */
  get done() {
    return this.#good && !this.#left.size;
  }

  /** @param {string} key */
  has(key) {
    return this.#query.has(key);
  }

  /**
   * The value of a key, if it is there and `fits`; else `otherwise`.
   * @template T
   * @param {string} key
   * @param {T} otherwise
   * @param {(value: T) => boolean} fits
   * @param {(text: string) => T} convert
   */
  take(key, otherwise, fits, convert) {
    if (!this.#left.delete(key)) return otherwise;
    const value = convert(this.#query.get(key) ?? "");
    if (fits(value)) return value;
    this.#good = false;
    return otherwise;
  }

  /**
   * @param {string} key
   * @param {string} otherwise
   * @param {string[]} values
   */
  word(key, otherwise, values) {
    return this.take(key, otherwise, among(values), String);
  }

  /**
   * The loss that `mark` stands before, with its settings.
   * @param {string} mark
   * @param {Side} before
   * @param {Limits} limits
   */
  side(mark, before, { losses }) {
    const loss = this.word(`${mark}loss`, before.loss, Object.keys(losses));
    const args = argumentsOf(losses[loss], before.loss === loss ? before.args : {});
    for (const { name, values, whole } of losses[loss].sliders) {
      args[name] = this.take(mark + name, args[name], within(values, whole), numeric);
    }
    if (loss === "triplet") args.mining = this.word(`${mark}mining`, args.mining, MINING);
    return { loss, args };
  }
}

/**
 * The state in a fragment, on top of `base`; null if anything in it is not as it should be.
 * @param {string} fragment
 * @param {State} base
 * @param {Limits} limits
 * @returns {State | null}
 */
export function fromFragment(fragment, base, limits) {
  const reader = new Reader(fragment);
  const sides = [reader.side("", base.sides[0], limits)];
  if (reader.has("b.loss")) sides.push(reader.side("b.", sides[0], limits));
  const state = {
    sides,
    data: reader.word("data", base.data, Object.keys(DATA)),
    dim: reader.take("dim", base.dim, among([2, 3]), numeric),
    classes: reader.take("classes", base.classes, ({ length }) => length > 1, digits),
    stranger: reader.take("stranger", null, within([0, 9], true), numeric),
    unit: reader.word("unit", base.unit ? "1" : "0", ["0", "1"]) === "1",
    optimiser: reader.word("optimiser", base.optimiser, Object.keys(OPTIMISERS)),
    lr: reader.take("lr", base.lr, within(limits.rates), numeric),
    batch: reader.take("batch", base.batch, among(limits.batches), numeric),
    seed: reader.take("seed", base.seed, within([0, MAX_SEED], true), numeric),
  };
  const { data, classes, stranger } = state;
  if (stranger !== null && (data === "points" || classes.includes(stranger))) return null;
  return reader.done ? state : null;
}
