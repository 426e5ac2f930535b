// FaceView: a drawn face with a slider for each gene, and other photos of the same person.

import { button, checkbox, freshId, slider } from "../shared/controls.js";
import { make, mount, pen } from "../shared/elements.js";
import { randomNumbers } from "../shared/random.js";
import { drawFace, stretch } from "./drawing.js";
import { describe, word } from "./words.js";

/** @import { Model } from "../shared/elements.js" */
/** @import { Gene, Kind, Rows, Wording } from "./words.js" */

/** @typedef {Rows & {others: number[][]}} Faces a person, the large photo, the small photos */
/** @typedef {Wording & Faces & {seed: number}} Meta what Python sends */

const SIZE = { large: 96, data: 32, small: 64 }; // pixels
/** @type {Kind[]} */
const KINDS = ["person", "photo"];

/**
 * Show grey values on a canvas, one pixel for each.
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8ClampedArray} grey
 */
function showGrey(canvas, grey) {
  const size = Math.sqrt(grey.length);
  const picture = new ImageData(size, size);
  picture.data.forEach((_, k, data) => (data[k] = k % 4 === 3 ? 255 : grey[k >> 2]));
  canvas.width = canvas.height = size;
  pen(canvas).putImageData(picture, 0, 0);
}

/**
 * A slider of a gene, which says a word and a number.
 * @param {Gene} gene
 * @param {string} id
 */
function makeSlider(gene, id) {
  const range = { min: 0, max: 1, step: 0.01 };
  const made = slider(`${id}-${gene.name.replace(" ", "-")}`, gene.name, range);
  made.output.append(make("span"), make("span", { class: "ft-digits" }));
  return { gene, ...made };
}

/** @typedef {ReturnType<typeof makeSlider>} GeneSlider */

/**
 * @param {GeneSlider} slider
 * @param {number} value
 */
function showValue({ gene, input, output }, value) {
  const [words, digits] = [word(gene, value), value.toFixed(2)];
  input.value = `${value}`;
  output.children[0].textContent = words;
  output.children[1].textContent = digits;
  input.setAttribute("aria-valuetext", `${words}, ${digits}`);
}

/**
 * The sliders of one kind of genes, some of them out of sight, and a button to draw them anew.
 * @param {Kind} kind
 * @param {GeneSlider[]} sliders
 * @param {HTMLButtonElement} another
 * @param {string} id
 */
function makeGroup(kind, sliders, another, id) {
  const title = kind[0].toUpperCase() + kind.slice(1);
  const name = make("span", { class: "ft-title", id: `${id}-${kind}` }, title);
  const [first, more] = [true, false].map((first) =>
    sliders.filter(({ gene }) => gene.first === first).map(({ row }) => row),
  );
  return make(
    "div",
    { class: "ft-genes", role: "group", "aria-labelledby": name.id },
    make("div", { class: "ft-head" }, name, another),
    ...first,
    make("details", {}, make("summary", {}, `${more.length} more`), ...more),
  );
}

class FaceView {
  #start;
  #now;
  #sliders;
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
    this.#sliders = KINDS.map((kind) => this.#makeSliders(kind, id, signal));
    this.#small = meta.others.map(() => make("canvas", { "aria-hidden": "true" }));
    const words = `${SIZE.data} × ${SIZE.data}, as in the data set`;
    const { input, label } = checkbox(`${id}-data`, words);
    input.addEventListener("change", () => this.#show(false), { signal });
    this.#asData = input;
    this.root = this.#layOut(label, id, signal);
    this.#show();
  }

  /**
   * @param {Kind} kind
   * @param {string} id
   * @param {AbortSignal} signal
   */
  #makeSliders(kind, id, signal) {
    return this.#start.kinds[kind].map((gene, k) => {
      const one = makeSlider(gene, id);
      one.input.addEventListener("input", () => {
        const row = this.#now[kind].map((old, i) => (i === k ? +one.input.value : old));
        this.#now = { ...this.#now, [kind]: row };
        this.#show(kind === "person");
      }, { signal });
      return one;
    });
  }

  /**
   * @param {HTMLLabelElement} asData
   * @param {string} id
   * @param {AbortSignal} signal
   */
  #layOut(asData, id, signal) {
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
      ...KINDS.map((kind, k) => makeGroup(kind, this.#sliders[k], others[k], id)),
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
      const before = describe(this.#now);
      this.#now = { ...this.#now, ...change(this.#now) };
      this.#show();
      const news = describe(this.#now).filter((part) => !before.includes(part));
      this.#spoken.textContent = `${what}: ${news.join(", ") || "much the same"}.`;
    }, signal);
  }

  /**
   * Draw the large face, and the small ones unless nothing of them changed.
   * @param {boolean} all
   */
  #show(all = true) {
    const { photo, others } = this.#now;
    KINDS.forEach((kind, g) => this.#sliders[g].forEach((one, k) => showValue(one, this.#now[kind][k])));
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
    showGrey(canvas, drawFace(stretch(kinds.person, person), stretch(kinds.photo, photo), size, seed));
  }
}

/** @param {{model: Model, el: HTMLElement}} widget */
function render({ model, el }) {
  const stop = new AbortController();
  return mount(new FaceView(model.get("_meta"), stop.signal).root, el, stop);
}

export default { render };
