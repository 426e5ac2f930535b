// The reader's own digit: a pad, what the network is shown of it, and what it says.

import { button } from "./controls.js";
import { digitOf } from "./digit.js";
import { make } from "./elements.js";
import { drawGuestImage } from "./guest.js";
import { Pad } from "./pad.js";
import { Spoken } from "./readouts.js";

/**
 * What a hand asks of its picture.
 * @typedef {object} HandAsked
 * @property {() => void} showHand the image is another, or there is none any more
 */

export class Hand {
  /** @type {Float64Array | null} what was drawn, as the network is shown it */
  image = null;
  picture = make("canvas", { class: "ft-seen", "aria-hidden": "true" });
  #asked;
  #pad;
  #clear;
  #words = make("div", { class: "ft-hand-words" });
  #spoken;

  /** @param {HandAsked} asked @param {AbortSignal} signal */
  constructor(asked, signal) {
    this.#asked = asked;
    this.#spoken = new Spoken(signal);
    const on = {
      drawn: () => this.#drawn(),
      lifted: (/** @type {string} */ words) => this.speak(words),
      said: (/** @type {string} */ words) => this.#spoken.soon(words),
    };
    this.#pad = new Pad(on, signal);
    this.#clear = button("Clear", () => this.clear(), signal);
    this.element = make(
      "div",
      { class: "ft-hand", role: "group", "aria-label": "Your own digit" },
      this.#pad.element,
      make("div", { class: "ft-hand-side" }, this.#words, make("div", { class: "ft-row" }, this.picture, this.#clear)),
      this.#spoken.element,
    );
    this.tell([]);
  }

  /** Is there a pad for such data? */
  offer(/** @type {boolean} */ on) {
    this.element.hidden = !on;
    if (!on) this.clear();
  }

  clear() {
    if (this.#pad.strokes.length) this.#pad.clear();
  }

  #drawn() {
    this.image = digitOf(this.#pad.strokes);
    this.retheme();
    this.#asked.showHand();
    this.speak();
  }

  /** Take on the page's colours. */
  retheme() {
    this.#pad.draw();
    const dark = this.element.closest("[data-theme]")?.getAttribute("data-theme") === "dark";
    const image = this.image ?? new Float64Array(64);
    drawGuestImage(this.picture, image, dark ? [232, 236, 242] : [31, 39, 51]);
  }

  /**
   * Write what the networks make of it.
   * @param {string[]} sentences one for each side
   */
  tell(sentences) {
    this.#clear.disabled = !this.image;
    const words = this.image ? sentences : ["Draw a digit: the network puts it on the picture."];
    this.#words.replaceChildren(...words.map((sentence) => make("p", {}, sentence)));
  }

  /**
   * Say it once the pen rests.
   * @param {string} first what comes before it
   */
  speak(first = "") {
    const told = () => [...this.#words.children].map(({ textContent }) => textContent).join(" ");
    this.#spoken.soon(() => `${first} ${this.image ? told() : "The pad is empty."}`.trim());
  }
}
