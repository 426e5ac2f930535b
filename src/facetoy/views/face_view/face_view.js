// FaceView: a drawn face with a slider for each gene, and other photos of the same person.

import { button, checkbox, freshId } from "../shared/controls.js";
import { make, mount } from "../shared/elements.js";
import { describe } from "../shared/face_words.js";
import { drawRows, Genes, newsOf, showGrey } from "../shared/genes.js";
import { randomNumbers } from "../shared/random.js";

/** @import { Model } from "../shared/elements.js" */
/** @import { Rows, Wording } from "../shared/face_words.js" */

/** @typedef {Rows & {others: number[][]}} Faces a person, the large photo, the small photos */
/** @typedef {Wording & Faces & {seed: number}} Meta what Python sends */

const SIZE = { large: 96, data: 32, small: 64 }; // pixels

class FaceView {
  #start;
  #now;
  #genes;
  #large = make("canvas", { role: "img", class: "ft-large" });
  #small;
  #asData;
  #spoken = make("div", { class: "ft-spoken", role: "status" });

  /**
   * @param {Meta} meta
   * @param {AbortSignal} signal
   */
  constructor(meta, signal) {
    const id = freshId("fa");
    this.#start = this.#now = meta;
    this.#genes = new Genes(meta.kinds, id, (kind, turned) => {
      this.#now = { ...this.#now, [kind]: turned(this.#now[kind]) };
      this.#show(kind === "person");
    }, signal);
    this.#small = meta.others.map(() => make("canvas", { "aria-hidden": "true" }));
    const words = `${SIZE.data} × ${SIZE.data}, as in the data set`;
    const { input, label } = checkbox(`${id}-data`, words);
    input.addEventListener("change", () => this.#show(false), { signal });
    this.#asData = input;
    this.root = this.#layOut(label, signal);
    this.#show();
  }

  /**
   * @param {HTMLLabelElement} asData
   * @param {AbortSignal} signal
   */
  #layOut(asData, signal) {
    const random = randomNumbers(this.#start.seed);
    const draw = (/** @type {number[]} */ row) => row.map(random);
    const others = [
      this.#makeButton("Another person", ({ person }) => ({ person: draw(person) }), signal),
      this.#makeButton(
        "Another photo",
        ({ photo, others }) => ({ photo: draw(photo), others: others.map(draw) }),
        signal,
      ),
    ];
    const back = this.#makeButton("Back", () => this.#start, signal);
    const strip = { class: "ft-strip", role: "img", "aria-label": "The same person in six other photos" };
    const album = make("div", { class: "ft-album" }, this.#large, make("div", strip, ...this.#small));
    const controls = make(
      "div",
      { class: "ft-controls" },
      make("div", { class: "ft-row ft-small" }, asData, back),
      ...this.#genes.groups(others),
    );
    return make(
      "div",
      { class: "facetoy", role: "group", "aria-label": "Drawn face with sliders" },
      make("div", { class: "ft-faces" }, album, controls),
      this.#spoken,
    );
  }

  /**
   * A button that shows other faces, and says what is new in the large picture.
   * @param {string} what
   * @param {(now: Faces) => Partial<Faces>} change
   * @param {AbortSignal} signal
   */
  #makeButton(what, change, signal) {
    return button(what, () => {
      const before = this.#now;
      this.#now = { ...before, ...change(before) };
      this.#show();
      this.#spoken.textContent = `${what}: ${newsOf(this.#start, before, this.#now)}.`;
    }, signal);
  }

  /**
   * Draw the large face, and the small ones unless nothing of them changed.
   * @param {boolean} all
   */
  #show(all = true) {
    const { photo, others } = this.#now;
    this.#genes.show(this.#now);
    this.#paint(this.#large, photo, this.#asData.checked ? SIZE.data : SIZE.large, 0);
    if (all) this.#small.forEach((canvas, k) => this.#paint(canvas, others[k], SIZE.small, k + 1));
    this.#large.setAttribute("aria-label", `Drawn face: ${describe(this.#now).join(", ")}`);
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {number[]} photo
   * @param {number} size
   * @param {number} seed
   */
  #paint(canvas, photo, size, seed) {
    const { kinds, person } = this.#now;
    showGrey(canvas, drawRows(kinds, { person, photo }, size, seed));
  }
}

/** @param {{model: Model, el: HTMLElement}} widget */
function render({ model, el }) {
  const stop = new AbortController();
  return mount(new FaceView(model.get("_meta"), stop.signal).root, el, stop);
}

export default { render };
