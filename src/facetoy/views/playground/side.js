// One side of the playground: a loss, the picture of its training, and its figures.

import { attachTurning } from "../shared/camera.js";
import { make } from "../shared/elements.js";
import { Figures } from "./figures.js";
import { Picture } from "./picture.js";
import { Pointing } from "./selection.js";
import { noRoom, notes, pictureLabel } from "./sentences.js";
import { Setup } from "./setup.js";

/** @import { Camera } from "../shared/camera.js" */
/** @import { Looks } from "./picture.js" */
/** @import { Moment } from "./challenges.js" */
/** @import { Chooser } from "./selection.js" */
/** @import { SetupListener } from "./setup.js" */
/** @import { Offer } from "./state.js" */

export class SideView {
  #k;
  #offers;
  #stop = new AbortController();
  #setup;
  #figures = new Figures();

  /**
   * @param {number} k
   * @param {string} id of the playground
   * @param {[string, Offer][]} offers
   * @param {Camera} camera
   * @param {boolean} flat
   * @param {SetupListener & Chooser} on
   */
  constructor(k, id, offers, camera, flat, on) {
    this.#k = k;
    this.#offers = Object.fromEntries(offers);
    const { signal } = this.#stop;
    this.picture = new Picture(camera, flat);
    this.#setup = new Setup((name) => `${id}-${name}${k}`, offers, on, signal);
    const { canvas, stage } = this.picture;
    const pointing = new Pointing(this.picture, k, on);
    attachTurning(canvas, camera, flat, pointing, signal);
    canvas.addEventListener("blur", () => pointing.left(), { signal });
    this.element = make(
      "section",
      { class: "ft-side", "aria-label": k ? "second loss" : "first loss" },
      this.#setup.element,
      stage,
      this.#figures.aside,
      this.#figures.charts,
    );
  }

  stop() {
    this.#stop.abort();
  }

  /**
   * Take on a new training.
   * @param {Moment} moment
   * @param {Looks} looks
   */
  begin({ state, runs, best }, looks) {
    const run = runs[this.#k];
    const { title } = this.#offers[state.sides[this.#k].loss];
    this.picture.begin(run, state, looks, pictureLabel(title, run, state));
    this.#figures.begin(run, state.data, best);
  }

  /** @param {Moment} moment */
  showSettings({ state, best }) {
    const side = state.sides[this.#k];
    this.#setup.show(side, noRoom(side, state, best));
  }

  /** @param {Moment} moment */
  showFigures({ state, runs }) {
    const run = runs[this.#k];
    this.#figures.show(run, notes(run, state, this.picture.names, this.picture.longest));
  }
}
