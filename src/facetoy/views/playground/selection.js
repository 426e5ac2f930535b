// The point that a reader looks at: what chooses it, and its card.

import { drawImage, fillFacts, imageOf, placeBeside, recognised, spokenFacts } from "../shared/card.js";
import { make } from "../shared/elements.js";
import { degrees } from "../shared/numbers.js";
import { angleOf } from "../shared/vectors.js";

/** @import { Turned } from "../shared/camera.js" */
/** @import { Picture } from "./picture.js" */
/** @import { Images, Training } from "./training.js" */

/** @typedef {{k: number, i: number}} Point side and index */

export class PointCard {
  element = make("div", { class: "ft-card", hidden: true });

  /** What the card says, as a sentence. */
  get spoken() {
    return spokenFacts(this.element);
  }

  /**
   * @param {Training} run
   * @param {string[]} names
   * @param {number} i
   */
  fill(run, names, i) {
    const [label, guess] = [run.labels[i], run.predicted[i]];
    const strange = label === run.C;
    const toward = strange ? guess : label;
    const angle = (angleOf(run.features, i, run.directions, toward, run.d) * 180) / Math.PI;
    fillFacts(this.element, [
      ...recognised(names[label], names[guess], strange),
      [`to ${run.loss.weight ? "weight" : "mean"} of ${names[toward]}`, degrees(angle, 0)],
      ["used", i < run.trained ? "in training" : strange ? "never in training" : "test"],
    ]);
  }

  /**
   * Draw the image in row `row`; free points have none.
   * @param {Images | null} data
   * @param {number} row
   * @param {boolean} dark is it drawn in white?
   */
  drawImage(data, row, dark) {
    const canvas = imageOf(this.element);
    canvas.hidden = !data;
    if (!data) return;
    const { size, images } = data;
    drawImage(canvas, size, size, dark, (p) => images[row * size * size + p]);
  }

  /**
   * @param {HTMLElement} root
   * @param {Picture} picture
   * @param {number} i
   */
  place(root, picture, i) {
    placeBeside(this.element, root, picture.canvas, picture.where(i));
  }
}

/**
 * @typedef {object} Chooser
 * @property {Point | null} chosen
 * @property {(point: Point | null) => void} choose
 * @property {() => void} speakCard
 * @property {() => void} turned
 */

/**
 * How pointer and keys choose a point of one picture. One that was tapped, or reached by keys,
 * stays while the pointer moves on.
 * @implements {Turned}
 */
export class Pointing {
  #picture;
  #k;
  #chooser;
  #pinned = false;

  /**
   * @param {Picture} picture
   * @param {number} k its side
   * @param {Chooser} chooser
   */
  constructor(picture, k, chooser) {
    this.#picture = picture;
    this.#k = k;
    this.#chooser = chooser;
  }

  turned() {
    this.#chooser.turned();
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {boolean} touch
   */
  tapped(x, y, touch) {
    const i = this.#picture.pick(x, y, touch ? 26 : 14);
    this.#pinned = i >= 0;
    this.#choose(i);
  }

  /**
   * @param {number | null} x
   * @param {number | null} y
   */
  hovered(x, y) {
    if (!this.#pinned) this.#choose(x === null || y === null ? -1 : this.#picture.pick(x, y, 12));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const key = event.key.toLowerCase();
    const chosen = this.#chooser.chosen;
    if (!["n", "p", "escape"].includes(key) || (key === "escape" && !chosen)) return false;
    this.#pinned = key !== "escape";
    if (!this.#pinned) this.#choose(-1);
    else {
      const { walk } = this.#picture;
      const from = chosen?.k === this.#k ? walk.indexOf(chosen.i) : key === "n" ? -1 : 0;
      this.#choose(walk[(from + (key === "n" ? 1 : -1) + walk.length) % walk.length]);
      this.#chooser.speakCard();
    }
    return true;
  }

  left() {
    this.#pinned = false;
    this.#choose(-1);
  }

  /** @param {number} i */
  #choose(i) {
    this.#chooser.choose(i < 0 ? null : { k: this.#k, i });
  }
}
