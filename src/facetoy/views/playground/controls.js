// What the reader sets for both sides: the bar above the pictures, the classes, the fields.

import { button, checkbox, slider } from "../shared/controls.js";
import { make, pen } from "../shared/elements.js";
import { drawMarker } from "../shared/markers.js";
import { DATA, MAX_SEED, OPTIMISERS } from "./state.js";

/** @import { Looks } from "./picture.js" */
/** @import { Limits, State } from "./state.js" */

/**
 * A choice among options, [value, text] each.
 * @param {[string | number, string | number][]} options
 * @param {(value: string) => void} act
 * @param {AbortSignal} signal
 */
export function choice(options, act, signal) {
  const select = make("select");
  fillChoice(select, options);
  select.addEventListener("change", () => act(select.value), { signal });
  return select;
}

/**
 * @param {HTMLSelectElement} select
 * @param {[string | number, string | number][]} options
 */
const fillChoice = (select, options) =>
  select.replaceChildren(...options.map(([value, text]) => make("option", { value }, `${text}`)));

/**
 * An input below its name.
 * @param {string} id
 * @param {string} name
 * @param {HTMLElement} input
 */
export const field = (id, name, input) =>
  make("label", { for: (input.id = id) }, make("span", {}, name), input);

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
    this.#play = button("", on.play, signal);
    this.#play.classList.add("ft-play");
    const slow = checkbox(`${id}-slow`, "slow motion");
    slow.input.addEventListener("change", () => on.slow(slow.input.checked), { signal });
    const unit = checkbox(`${id}-unit`, "unit length");
    unit.input.addEventListener("change", () => on.unit(unit.input.checked), { signal });
    this.#unit = unit.input;
    this.element = make(
      "div",
      { class: "ft-row ft-bar" },
      this.#play,
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
    const icon = make("span", { class: playing ? "ft-pause-icon" : "ft-play-icon", "aria-hidden": "true" });
    this.#play.replaceChildren(icon, playing ? "Pause" : "Play");
  }

  /** @param {number[]} epochs of each side */
  showEpochs(epochs) {
    const counts = new Set(epochs.map((count) => Math.floor(count + 1e-9).toLocaleString("en")));
    this.#clock.textContent = `epoch ${[...counts].join(" and ")}`;
  }

  focus() {
    this.#play.focus({ preventScroll: true });
  }
}

/** A button for each of the ten classes, pressed if the class is in training. */
export class Chips {
  element = make("div", { class: "ft-legend ft-short", role: "group", "aria-label": "Classes in training" });
  /** @type {{chip: HTMLButtonElement, icon: HTMLCanvasElement}[]} */
  #chips = [];

  /**
   * @param {State} state
   * @param {Looks} looks
   * @param {(c: number) => void} press
   */
  fill(state, looks, press) {
    const focused = this.#chips.findIndex(({ chip }) => chip === document.activeElement);
    this.#chips = looks.names.map((name, c) => {
      const icon = make("canvas", { width: 40, height: 40, "aria-hidden": "true" });
      const pressed = `${state.classes.includes(c)}`;
      const chip = make("button", { type: "button", "aria-pressed": pressed }, icon, name);
      chip.addEventListener("click", () => press(c));
      return { chip, icon };
    });
    this.element.replaceChildren(...this.#chips.map(({ chip }) => chip));
    if (focused >= 0) this.#chips[focused].chip.focus();
    this.draw(state, looks);
  }

  /**
   * Draw the markers, in the page's colours.
   * @param {State} state
   * @param {Looks} looks
   */
  draw({ classes, stranger }, { markers, colors }) {
    const surface = getComputedStyle(this.element).getPropertyValue("--ft-surface").trim();
    this.#chips.forEach(({ icon }, c) => {
      const g = pen(icon);
      g.clearRect(0, 0, 40, 40);
      g.globalAlpha = classes.includes(c) || c === stranger ? 1 : 0.35;
      drawMarker(g, 20, 21, markers[c], 11, colors[c], c === stranger, surface);
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
    this.#data = choice(Object.entries(DATA), on.data, signal);
    this.#dim = choice([[2, "2, a circle"], [3, "3, a sphere"]], (value) => on.set({ dim: +value }), signal);
    this.#stranger = choice([], (value) => on.stranger(value === "" ? null : +value), signal);
    this.#optimiser = choice(Object.entries(OPTIMISERS), (value) => on.tune({ optimiser: value }), signal);
    this.#rate = choice(rates.map((v) => [v, v]), (value) => on.tune({ lr: +value }), signal);
    this.#batch = choice(batches.map((v) => [v, v]), (value) => on.tune({ batch: +value }), signal);
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
