// What readers set in a widget: sliders, boxes to tick, buttons.

import { make } from "./elements.js";

/** What the ids of a widget's elements begin with, so that a page may show it twice. */
export const freshId = (/** @type {string} */ kind) => kind + Math.random().toString(36).slice(2, 8);

/**
 * A slider with its name and a place for what it says.
 * @param {string} id
 * @param {string} name
 * @param {Record<string, number>} range min, max and step
 * @param {boolean} quiet whether something else speaks what it says
 */
export function slider(id, name, range, quiet = false) {
  const input = make("input", { type: "range", ...range, id });
  const output = make("output", { for: id, "aria-live": quiet && "off" });
  const label = make("label", { for: id }, name);
  return { input, label, output, row: make("div", { class: "ft-slider" }, label, input, output) };
}

/**
 * What a slider says, beside it and to screen readers.
 * @param {{input: HTMLInputElement, output: HTMLOutputElement}} slider
 * @param {string} words
 */
export function say({ input, output }, words) {
  output.textContent = words;
  input.setAttribute("aria-valuetext", words);
}

/**
 * A box to tick, in its label.
 * @param {string} id
 * @param {string} words
 */
export function checkbox(id, words) {
  const input = make("input", { type: "checkbox", id });
  return { input, label: make("label", { class: "ft-check", for: id }, input, words) };
}

/**
 * @param {string} words
 * @param {() => void} act
 * @param {AbortSignal} signal after which it does nothing
 */
export function button(words, act, signal) {
  const element = make("button", { type: "button", class: "ft-button" }, words);
  element.addEventListener("click", act, { signal });
  return element;
}

/** A button that plays and pauses. */
export class PlayButton {
  /** @param {() => void} act @param {AbortSignal} signal */
  constructor(act, signal) {
    this.element = button("", act, signal);
    this.element.classList.add("ft-play");
  }

  show(/** @type {boolean} */ playing) {
    const name = playing ? "Pause" : "Play";
    if (this.element.textContent === name) return;
    const icon = playing ? "ft-pause-icon" : "ft-play-icon";
    this.element.replaceChildren(make("span", { class: icon, "aria-hidden": "true" }), name);
  }
}
