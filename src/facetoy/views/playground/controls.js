// What the reader sets for both sides: the bar above the pictures, the classes, the fields.

import { button, checkbox, PlayButton, slider } from "../shared/controls.js";
import { make } from "../shared/elements.js";
import { choice, field, fillChoice } from "../shared/form.js";
import { classButton, drawIcon } from "../shared/legend.js";
import { DATA, MAX_SEED, OPTIMISERS } from "./state.js";

/** @import { Looks } from "./picture.js" */
/** @import { Limits, State } from "./state.js" */

/**
 * @typedef {object} BarListener
 * @property {() => void} play or pause
 * @property {() => void} step
 * @property {() => void} reset
 * @property {(on: boolean) => void} slow
 * @property {(on: boolean) => void} unit
 */

/** Play, step and reset; how far it is; slow motion and unit length. */
export class Bar {
  #play;
  #clock = make("span", { class: "ft-clock" });
  #unit;

  /**
   * @param {string} id
   * @param {BarListener} on
   * @param {AbortSignal} signal
   */
  constructor(id, on, signal) {
    this.#play = new PlayButton(on.play, signal);
    const slow = checkbox(`${id}-slow`, "slow motion");
    slow.input.addEventListener("change", () => on.slow(slow.input.checked), { signal });
    const unit = checkbox(`${id}-unit`, "unit length");
    unit.input.addEventListener("change", () => on.unit(unit.input.checked), { signal });
    this.#unit = unit.input;
    this.element = make(
      "div",
      { class: "ft-row ft-bar" },
      this.#play.element,
      button("Step", on.step, signal),
      button("Reset", on.reset, signal),
      this.#clock,
      slow.label,
      unit.label,
    );
    this.showPlaying(false);
  }

  /** @param {State} state */
  show({ unit }) {
    this.#unit.checked = unit;
  }

  /** @param {boolean} playing */
  showPlaying(playing) {
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
  element = make("div", { class: "ft-legend ft-short", role: "group", "aria-label": "Classes in training" });
  /** @type {ReturnType<typeof classButton>[]} */
  #chips = [];

  /**
   * @param {State} state
   * @param {Looks} looks
   * @param {(c: number) => void} press
   */
  fill(state, looks, press) {
    const focused = this.#chips.findIndex(({ button }) => button === document.activeElement);
    this.#chips = looks.names.map((name, c) =>
      classButton(name, state.classes.includes(c), () => press(c)),
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

  /**
   * @param {string} id
   * @param {(count: number) => void} act
   * @param {AbortSignal} signal
   */
  constructor(id, act, signal) {
    this.#slider = slider(`${id}-count`, "classes", { min: 2, max: 10, step: 1 });
    const { input, row } = this.#slider;
    input.addEventListener("input", () => act(+input.value), { signal });
    this.element = row;
  }

  /** @param {State} state */
  show({ classes }) {
    this.#slider.input.value = `${classes.length}`;
    this.#slider.output.textContent = `${classes.length} in training`;
  }
}

/**
 * @typedef {object} FieldsListener
 * @property {(value: string) => void} data
 * @property {(value: number | null) => void} stranger
 * @property {(changes: Partial<State>) => void} set training starts anew
 * @property {(changes: Partial<State>) => void} tune training goes on
 * @property {(sentence: string) => void} refuse
 */

/** Data, network and training. */
export class Fields {
  #data;
  #dim;
  #stranger;
  #optimiser;
  #rate;
  #batch;
  #seed = make("input", { type: "number", min: 0, max: MAX_SEED, step: 1 });
  #rates;

  /**
   * @param {string} id
   * @param {Limits} limits
   * @param {FieldsListener} on
   * @param {AbortSignal} signal
   */
  constructor(id, { rates, batches }, on, signal) {
    this.#rates = rates;
    this.#data = choice(Object.entries(DATA), on.data);
    this.#dim = choice([[2, "2, a circle"], [3, "3, a sphere"]], (value) => on.set({ dim: +value }));
    this.#stranger = choice([], (value) => on.stranger(value === "" ? null : +value));
    this.#optimiser = choice(Object.entries(OPTIMISERS), (value) => on.tune({ optimiser: value }));
    this.#rate = choice(rates.map((v) => [v, v]), (value) => on.tune({ lr: +value }));
    this.#batch = choice(batches.map((v) => [v, v]), (value) => on.tune({ batch: +value }));
    this.#seed.addEventListener("change", () => this.#readSeed(on), { signal });
    const drawSeed = () => on.set({ seed: Math.floor(Math.random() * (MAX_SEED + 1)) });
    this.element = make(
      "details",
      {},
      make("summary", {}, "Data, network and training"),
      make(
        "div",
        { class: "ft-fields" },
        field(`${id}-data`, "data", this.#data),
        field(`${id}-dim`, "dimensions d", this.#dim),
        field(`${id}-stranger`, "stranger, held out", this.#stranger),
        field(`${id}-optimiser`, "optimiser", this.#optimiser),
        field(`${id}-lr`, "learning rate", this.#rate),
        field(`${id}-batch`, "batch size", this.#batch),
        field(`${id}-seed`, "seed", this.#seed),
        button("New seed", drawSeed, signal),
      ),
    );
  }

  /** @param {FieldsListener} on */
  #readSeed(on) {
    const { value, validity } = this.#seed;
    if (validity.valid && value !== "") on.set({ seed: +value });
    else on.refuse(`The seed must be a whole number from 0 to ${MAX_SEED}, got ${value || "none"}.`);
  }

  /**
   * Offer these classes as strangers.
   * @param {string[]} names
   */
  offer(names) {
    fillChoice(this.#stranger, [["", "none"], ...names.map((name, c) => /** @type {[number, string]} */ ([c, name]))]);
  }

  /** @param {State} state */
  show({ data, dim, stranger, optimiser, lr, batch, seed }) {
    const off = (/** @type {number} */ rate) => Math.abs(Math.log(rate / lr));
    this.#data.value = data;
    this.#dim.value = `${dim}`;
    this.#stranger.value = `${stranger ?? ""}`;
    this.#stranger.disabled = data === "points";
    this.#optimiser.value = optimiser;
    this.#rate.value = `${this.#rates.reduce((a, b) => (off(b) < off(a) ? b : a))}`;
    this.#batch.value = `${batch}`;
    this.#seed.value = `${seed}`;
  }
}
