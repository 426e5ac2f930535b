// What stands below the picture: the slider of a sweep, play and training step, length, reset.

import { button, checkbox, freshId, PlayButton, say, slider } from "../shared/controls.js";
import { make } from "../shared/elements.js";
import { grouped, number } from "../shared/numbers.js";

/** @import {Choices} from "./moments.js" */
/** @import {Side} from "./unpacking.js" */

/** @type {Record<string, string>} */
export const PARAMETERS = { m: "margin m", s: "scale s", lam: "λ", dim: "dimensions d" };

/**
 * What the reader has set.
 * @typedef {object} Settings
 * @property {number} t where on the time line, a fractional index
 * @property {number} value index of the parameter's value
 * @property {boolean} unit all features at length 1
 * @property {boolean} images in the place of markers
 * @property {boolean} margins lines around what each class wins
 */

/**
 * What the controls tell the picture.
 * @typedef {object} Listener
 * @property {() => void} played or paused
 * @property {(settings: Partial<Settings>) => void} set
 * @property {() => void} reset
 */

/** Where on the time line `t` is, in words. */
export const stepWords = (/** @type {number} */ t, /** @type {number[]} */ timeline) =>
  `${grouped(timeline[Math.round(t)])} of ${grouped(timeline[timeline.length - 1])}`;

export class Controls {
  #id = freshId("ft");
  #value = slider(`${this.#id}-value`, "", { min: 0, step: 1 });
  #step = slider(`${this.#id}-step`, "training step", { min: 0, step: 1 });
  #unit = checkbox(`${this.#id}-unit`, "unit length");
  #images = checkbox(`${this.#id}-images`, "images");
  #margins = checkbox(`${this.#id}-margins`, "margins");
  #play;

  /** @param {Listener} on @param {AbortSignal} signal */
  constructor(on, signal) {
    this.#play = new PlayButton(on.played, signal);
    const boxes = [this.#unit, this.#images, this.#margins];
    const reset = button("Reset view", on.reset, signal);
    this.element = make(
      "div",
      { class: "ft-controls" },
      this.#value.row,
      make("div", { class: "ft-row" }, this.#play.element, this.#step.row),
      make("div", { class: "ft-row ft-small" }, ...boxes.map(({ label }) => label), reset),
    );
    const [value, step, unit] = [this.#value.input, this.#step.input, this.#unit.input];
    const [images, margins] = [this.#images.input, this.#margins.input];
    value.addEventListener("input", () => on.set({ value: +value.value }), { signal });
    step.addEventListener("input", () => on.set({ t: +step.value }), { signal });
    unit.addEventListener("change", () => on.set({ unit: unit.checked }), { signal });
    images.addEventListener("change", () => on.set({ images: images.checked }), { signal });
    margins.addEventListener("change", () => on.set({ margins: margins.checked }), { signal });
  }

  /**
   * Offer what can be chosen from.
   * @param {Choices} choices
   * @param {Side[]} sides
   */
  offer({ timeline, parameter, values }, sides) {
    this.#margins.label.hidden = !sides.some(({ runs }) => runs.some(({ margin }) => margin));
    this.#value.row.hidden = values.length < 2;
    this.#value.label.textContent = PARAMETERS[parameter ?? ""] || parameter || "";
    this.#value.input.max = `${values.length - 1}`;
    this.#step.input.max = `${timeline.length - 1}`;
  }

  showPlaying(/** @type {boolean} */ playing) {
    this.#play.show(playing);
  }

  /** @param {Settings} settings @param {Choices} choices */
  show({ t, value, unit, images, margins }, { timeline, values }) {
    this.#unit.input.checked = unit;
    this.#images.input.checked = images;
    this.#margins.input.checked = margins;
    this.#step.input.value = `${Math.round(t)}`;
    say(this.#step, stepWords(t, timeline));
    if (values.length < 2) return;
    this.#value.input.value = `${value}`;
    say(this.#value, number(values[value]));
  }
}
