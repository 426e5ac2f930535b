// One side of the playground: a loss, the picture of its training, and its figures.

import { attachTurning } from "../shared/camera.js";
import { make } from "../shared/elements.js";
import { Figures } from "./figures.js";
import { Picture } from "./picture.js";
import { Pointing } from "./selection.js";
import { noRoom, notes, pictureLabel } from "./sentences.js";
import { Setup } from "./setup.js";

/** @import { Camera } from "../shared/camera.js" */
/** @import { Moment } from "./challenges.js" */
/** @import { Looks } from "./picture.js" */
/** @import { Chooser } from "./selection.js" */
/** @import { SetupAsked } from "./setup.js" */
/** @import { Offers } from "./state.js" */

export class SideView {
  #k;
  #losses;
  #stop = new AbortController();
  #setup;
  #figures = new Figures();

  /**
   * @param {number} k
   * @param {Offers} offers
   * @param {Camera} camera
   * @param {boolean} flat
   * @param {SetupAsked & Chooser} asked
   */
  constructor(k, offers, camera, flat, asked) {
    this.#k = k;
    this.#losses = offers.losses;
    this.#setup = new Setup(k, offers, asked);
    this.picture = new Picture(camera, flat);
    const { canvas, stage } = this.picture;
    const pointing = new Pointing(this.picture, k, asked);
    const { signal } = this.#stop;
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
    const { title } = this.#losses[run.o.loss];
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
    this.#figures.show(run, notes(run, state, this.picture));
  }
}
