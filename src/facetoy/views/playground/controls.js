// What the reader sets for both sides: the bar above the pictures, the classes, the fields.

import { button, checkbox, PlayButton, slider } from "../shared/controls.js";
import { make } from "../shared/elements.js";
import { choice, field, fillChoice } from "../shared/form.js";
import { classButton, drawIcon } from "../shared/legend.js";
import {
  DATA,
  MAX_SEED,
  OPTIMISERS,
  withClassCount,
  withClassToggled,
  withData,
  withStranger,
} from "./state.js";

/** @import { Looks } from "./picture.js" */
/** @import { Change, Limits, State } from "./state.js" */

/**
 * What can be asked of a playground.
 * @typedef {object} Asked
 * @property {string} id what the ids of its elements begin with
 * @property {AbortSignal} signal the end
 * @property {() => void} toggle play or pause
 * @property {() => void} step
 * @property {() => void} reset
 * @property {(on: boolean) => void} setSlow
 * @property {(on: boolean) => void} setUnit
 * @property {(change: Change) => void} set training starts anew
 * @property {(changes: Partial<State>) => void} tune training goes on
 * @property {(sentence: string) => void} refuse
 */

/**
 * A box to tick.
 * @param {string} id
 * @param {string} words
 * @param {(on: boolean) => void} act
 */
function tick(id, words, act) {
  const box = checkbox(id, words);
  box.input.addEventListener("change", () => act(box.input.checked));
  return box;
}

/** Play, step and reset; how far it is; slow motion and unit length. */
export class Bar {
  #play;
  #unit;
  #clock = make("span", { class: "ft-clock" });

  /** @param {Asked} asked */
  constructor(asked) {
    const { id, signal } = asked;
    this.#play = new PlayButton(() => asked.toggle(), signal);
    this.#unit = tick(`${id}-unit`, "unit length", (on) => asked.setUnit(on));
    this.element = make(
      "div",
      { class: "ft-row ft-bar" },
      this.#play.element,
      button("Step", () => asked.step(), signal),
      button("Reset", () => asked.reset(), signal),
      this.#clock,
      tick(`${id}-slow`, "slow motion", (on) => asked.setSlow(on)).label,
      this.#unit.label,
    );
    this.showPlaying(false);
  }

  /** @param {State} state */
  show({ unit }) {
    this.#unit.input.checked = unit;
  }

  showPlaying(/** @type {boolean} */ playing) {
    this.#play.show(playing);
  }

  /** @param {number[]} epochs of each side */
  showEpochs(epochs) {
    const counts = new Set(epochs.map((count) => Math.floor(count + 1e-9).toLocaleString("en")));
    this.#clock.textContent = `epoch ${[...counts].join(" and ")}`;
  }

  focus() {
    this.#play.element.focus({ preventScroll: true });
  }
}

/** A button for each of the ten classes, pressed if the class is in training. */
export class Chips {
  #asked;
  /** @type {ReturnType<typeof classButton>[]} */
  #chips = [];
  element = make("div", { class: "ft-legend ft-short", role: "group", "aria-label": "Classes in training" });

  /** @param {Asked} asked */
  constructor(asked) {
    this.#asked = asked;
  }

  /** @param {State} state @param {Looks} looks */
  fill(state, looks) {
    const focused = this.#chips.findIndex(({ button }) => button === document.activeElement);
    this.#chips = looks.names.map((name, c) =>
      classButton(name, state.classes.includes(c), () => this.#asked.set((now) => withClassToggled(now, c))),
    );
    this.element.replaceChildren(...this.#chips.map(({ button }) => button));
    if (focused >= 0) this.#chips[focused].button.focus();
    this.draw(state, looks);
  }

  /**
   * Draw the markers, in the page's colours.
   * @param {State} state
   * @param {Looks} looks
   */
  draw({ classes, stranger }, { markers, colors }) {
    this.#chips.forEach(({ icon }, c) => {
      const alpha = classes.includes(c) || c === stranger ? 1 : 0.35;
      drawIcon(icon, markers[c], colors[c], c === stranger, alpha);
    });
  }
}

/** How many classes are in training. */
export class ClassCount {
  #slider;

  /** @param {Asked} asked */
  constructor(asked) {
    this.#slider = slider(`${asked.id}-count`, "classes", { min: 2, max: 10, step: 1 });
    const { input, row } = this.#slider;
    input.addEventListener("input", () => asked.set((state) => withClassCount(state, +input.value)));
    this.element = row;
  }

  /** @param {State} state */
  show({ classes }) {
    this.#slider.input.value = `${classes.length}`;
    this.#slider.output.textContent = `${classes.length} in training`;
  }
}

/**
 * The number that the random numbers begin with.
 * @param {Asked} asked
 */
function seedInput(asked) {
  const input = make("input", { type: "number", min: 0, max: MAX_SEED, step: 1 });
  input.addEventListener("change", () => {
    const { value, validity } = input;
    if (validity.valid && value !== "") asked.set(() => ({ seed: +value }));
    else asked.refuse(`The seed must be a whole number from 0 to ${MAX_SEED}, got ${value || "none"}.`);
  });
  return input;
}

/** Data, network and training. */
export class Fields {
  #rates;
  #stranger;
  /** @type {Record<string, HTMLInputElement | HTMLSelectElement>} */
  #inputs;

  /** @param {Limits} limits @param {Asked} asked */
  constructor({ rates, batches }, asked) {
    const same = (/** @type {number} */ value) => /** @type {const} */ ([value, value]);
    this.#rates = rates;
    this.#stranger = choice([], (value) =>
      asked.set((state) => withStranger(state, value === "" ? null : +value)),
    );
    this.#inputs = {
      data: choice(Object.entries(DATA), (value) => asked.set((state) => withData(state, value))),
      dim: choice([[2, "2, a circle"], [3, "3, a sphere"]], (value) => asked.set(() => ({ dim: +value }))),
      stranger: this.#stranger,
      optimiser: choice(Object.entries(OPTIMISERS), (value) => asked.tune({ optimiser: value })),
      lr: choice(rates.map(same), (value) => asked.tune({ lr: +value })),
      batch: choice(batches.map(same), (value) => asked.tune({ batch: +value })),
      seed: seedInput(asked),
    };
    const names = {
      data: "data",
      dim: "dimensions d",
      stranger: "stranger, held out",
      optimiser: "optimiser",
      lr: "learning rate",
      batch: "batch size",
      seed: "seed",
    };
    const fields = Object.entries(names).map(([key, name]) =>
      field(`${asked.id}-${key}`, name, this.#inputs[key]),
    );
    const newSeed = () => asked.set(() => ({ seed: Math.floor(Math.random() * (MAX_SEED + 1)) }));
    this.element = make(
      "details",
      {},
      make("summary", {}, "Data, network and training"),
      make("div", { class: "ft-fields" }, ...fields, button("New seed", newSeed, asked.signal)),
    );
  }

  /** Offer these classes as strangers. */
  offer(/** @type {string[]} */ names) {
    const classes = names.map((name, c) => /** @type {const} */ ([c, name]));
    fillChoice(this.#stranger, [["", "none"], ...classes]);
  }

  /** @param {State} state */
  show(state) {
    const off = (/** @type {number} */ rate) => Math.abs(Math.log(rate / state.lr));
    const lr = this.#rates.reduce((a, b) => (off(b) < off(a) ? b : a));
    for (const [key, value] of Object.entries({ ...state, lr })) {
      if (key in this.#inputs) this.#inputs[key].value = `${value ?? ""}`;
    }
    this.#stranger.disabled = state.data === "points";
  }
}
