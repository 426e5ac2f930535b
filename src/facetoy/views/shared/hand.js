// The reader's own image: what makes it, what the network is shown of it, and what it says.

import { button } from "./controls.js";
import { make } from "./elements.js";
import { Spoken } from "./readouts.js";

/**
 * What a hand asks of its picture.
 * @typedef {object} HandAsked
 * @property {() => void} showHand the image is another, or there is none any more
 */

/**
 * What a maker of images tells.
 * @typedef {object} MakerListener
 * @property {() => void} made the image is another
 * @property {(words: string) => void} did what has been done, before what the network makes of it
 * @property {(words: string) => void} said what has been done, and no more
 */

/**
 * What the reader makes an image with.
 * @typedef {object} Maker
 * @property {string} name
 * @property {string} invite what to do while there is no image
 * @property {string} empty that there is none
 * @property {HTMLElement} element
 * @property {HTMLElement[]} below
 * @property {() => Float64Array | null} image as the network is shown it
 * @property {() => void} clear
 * @property {() => void} draw itself
 * @property {(canvas: HTMLCanvasElement, image: Float64Array | null, dark: boolean) => void} show
 *   the image, as it lies on the picture
 */

export class Hand {
  /** @type {Float64Array | null} the image, as the network is shown it */
  image = null;
  picture = make("canvas", { class: "ft-seen", "aria-hidden": "true" });
  #asked;
  #maker;
  #clear;
  #words = make("div", { class: "ft-hand-words" });
  #spoken;

  /**
   * @param {(on: MakerListener, signal: AbortSignal) => Maker} maker
   * @param {HandAsked} asked
   * @param {AbortSignal} signal
   */
  constructor(maker, asked, signal) {
    this.#asked = asked;
    this.#spoken = new Spoken(signal);
    const on = {
      made: () => this.#made(),
      did: (/** @type {string} */ words) => this.speak(words),
      said: (/** @type {string} */ words) => this.#spoken.soon(words),
    };
    this.#maker = maker(on, signal);
    this.#clear = button("Clear", () => this.clear(), signal);
    this.element = make(
      "div",
      { class: "ft-hand", role: "group", "aria-label": this.#maker.name },
      this.#maker.element,
      make("div", { class: "ft-hand-side" }, this.#words, make("div", { class: "ft-row" }, this.picture, this.#clear)),
      ...this.#maker.below,
      this.#spoken.element,
    );
    this.tell([]);
  }

  /** Is it for such data? */
  offer(/** @type {boolean} */ on) {
    this.element.hidden = !on;
    if (on) this.retheme();
    else this.clear();
  }

  clear() {
    if (this.image) this.#maker.clear();
  }

  #made() {
    this.image = this.#maker.image();
    this.retheme();
    this.#asked.showHand();
    this.speak();
  }

  /** Take on the page's colours. */
  retheme() {
    this.#maker.draw();
    const dark = this.element.closest("[data-theme]")?.getAttribute("data-theme") === "dark";
    this.#maker.show(this.picture, this.image, dark);
  }

  /**
   * Write what the networks make of it.
   * @param {string[]} sentences one for each side
   */
  tell(sentences) {
    this.#clear.disabled = !this.image;
    const words = this.image ? sentences : [this.#maker.invite];
    this.#words.replaceChildren(...words.map((sentence) => make("p", {}, sentence)));
  }

  /**
   * Say it once the hand rests.
   * @param {string} first what comes before it
   */
  speak(first = "") {
    const told = () => [...this.#words.children].map(({ textContent }) => textContent).join(" ");
    this.#spoken.soon(() => `${first} ${this.image ? told() : this.#maker.empty}`.trim());
  }
}
