// What a widget says: figures with their names, and words for screen readers.

import { make } from "./elements.js";

const REST = 600; // milliseconds after which a setting is spoken

/** A count with its thousands apart. */
export const grouped = (/** @type {number} */ count) => count.toLocaleString("en-US");

/**
 * A cell of a list of figures: its value, its name, and smaller words below the name.
 * @param {string} name
 * @param {string} words
 */
export function readout(name, words = "") {
  const [value, hint] = [make("dd"), make("span", { class: "ft-hint" }, words)];
  return { value, hint, cell: make("div", {}, make("dt", {}, name, hint), value) };
}

/** Words that only screen readers get. */
export class Spoken {
  element = make("div", { class: "ft-spoken", role: "status" });
  #timer = 0;

  /** @param {AbortSignal} signal after which nothing more is said */
  constructor(signal) {
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  /**
   * Say this once a slider rests.
   * @param {string} words
   */
  soon(words) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.element.textContent = words), REST);
  }
}
