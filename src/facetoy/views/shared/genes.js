// Sliders for the genes of a drawn face.

import { slider } from "./controls.js";
import { make, pen } from "./elements.js";
import { drawFace, stretch } from "./face.js";
import { describe, word } from "./face_words.js";

/** @import { Gene, Kind, Rows, Wording } from "./face_words.js" */

/** @type {Kind[]} */
export const KINDS = ["person", "photo"];

/**
 * Show grey values on a canvas, one pixel for each.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} grey from 0 to 255
 */
export function showGrey(canvas, grey) {
  const size = Math.sqrt(grey.length);
  const picture = new ImageData(size, size);
  picture.data.forEach((_, k, data) => (data[k] = k % 4 === 3 ? 255 : grey[k >> 2]));
  canvas.width = canvas.height = size;
  pen(canvas).putImageData(picture, 0, 0);
}

/**
 * Grey values of a person in a photo.
 * @param {Wording["kinds"]} kinds
 * @param {Rows} rows
 * @param {number} size pixels along a side
 * @param {number} seed of the noise
 */
export const drawRows = (kinds, { person, photo }, size, seed = 0) =>
  drawFace(stretch(kinds.person, person), stretch(kinds.photo, photo), size, seed);

/**
 * What is new in a face, in words.
 * @param {Wording} wording
 * @param {Rows} before
 * @param {Rows} now
 */
export function newsOf(wording, before, now) {
  const known = describe({ ...wording, ...before });
  const news = describe({ ...wording, ...now }).filter((part) => !known.includes(part));
  return news.join(", ") || "much the same";
}

/**
 * A slider of a gene, which says a word and a number.
 * @param {Gene} gene
 * @param {string} id
 * @param {boolean} quiet
 */
function makeSlider(gene, id, quiet) {
  const range = { min: 0, max: 1, step: 0.01 };
  const made = slider(`${id}-${gene.name.replace(" ", "-")}`, gene.name, range, quiet);
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

/** The sliders of all genes of a face. */
export class Genes {
  #id;
  #sliders;

  /**
   * @param {Wording["kinds"]} kinds
   * @param {string} id
   * @param {(kind: Kind, turned: (row: number[]) => number[]) => void} turn
   * @param {AbortSignal} signal
   * @param {boolean} quiet whether something else speaks what they say
   */
  constructor(kinds, id, turn, signal, quiet = false) {
    this.#id = id;
    this.#sliders = KINDS.map((kind) =>
      kinds[kind].map((gene, k) => {
        const one = makeSlider(gene, id, quiet);
        const set = () => turn(kind, (row) => row.map((old, i) => (i === k ? +one.input.value : old)));
        one.input.addEventListener("input", set, { signal });
        return one;
      }),
    );
  }

  /**
   * An element for each kind.
   * @param {HTMLButtonElement[]} others to draw the genes of each kind anew
   */
  groups(others) {
    return KINDS.map((kind, g) => makeGroup(kind, this.#sliders[g], others[g], this.#id));
  }

  /** @param {Rows} rows */
  show(rows) {
    KINDS.forEach((kind, g) => this.#sliders[g].forEach((one, k) => showValue(one, rows[kind][k])));
  }
}
