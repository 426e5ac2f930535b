// What a widget says: figures with their names, and words for screen readers.

import { make } from "./elements.js";

const REST = 600; // milliseconds after which a setting is spoken

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
   * Say this once a slider rests. A function is asked only then, and may say nothing (null).
   * @param {string | (() => string | null)} words
   */
  soon(words) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const said = typeof words === "string" ? words : words();
      if (said !== null) this.element.textContent = said;
    }, REST);
  }
}
