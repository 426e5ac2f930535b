// The reader's own face: a person and a photo, by sliders.

import { button, freshId } from "../shared/controls.js";
import { make } from "../shared/elements.js";
import { describe } from "../shared/face_words.js";
import { choice, field } from "../shared/form.js";
import { drawRows, Genes, KINDS, newsOf, showGrey } from "../shared/genes.js";
import { randomNumbers } from "../shared/random.js";

/** @import { Kind, Rows, Wording } from "../shared/face_words.js" */
/** @import { Maker, MakerListener } from "../shared/hand.js" */
/** @import { PackedImages } from "./training.js" */

/**
 * What Python ships for own faces.
 * @typedef {Wording & Rows & {people: number[][]}} Making a medium person in a passport photo, and
 *   the people of the data set
 */

const LARGE = 96; // pixels along a side of the face to look at
const OWN = ""; // nobody of the data set
// genes whose sliders are in sight beside the pictures, where all of them have no room
const FEW = ["head width", "hair length", "skin tone", "brightness", "smile", "glasses"];

/** Mark the sliders that are in sight in any case. */
function markFew(/** @type {HTMLElement} */ sliders) {
  for (const row of sliders.querySelectorAll(".ft-slider")) {
    const name = row.querySelector("label")?.textContent ?? "";
    row.classList.toggle("ft-few", FEW.includes(name));
  }
}

/**
 * A button that shows all sliders instead of a few; the style sheet shows it where there is need.
 * @param {HTMLElement} sliders
 * @param {AbortSignal} signal
 */
function fold(sliders, signal) {
  const all = button("All sliders", () => {
    all.setAttribute("aria-expanded", `${sliders.classList.toggle("ft-all")}`);
  }, signal);
  all.classList.add("ft-fold");
  all.setAttribute("aria-expanded", "false");
  all.setAttribute("aria-controls", sliders.id);
  return all;
}

/** @implements {Maker} */
export class FaceMaker {
  name = "Your own face";
  invite = "Choose a person or move a slider: the network puts the face on the picture.";
  empty = "There is no face of yours.";
  element = make("canvas", { class: "ft-face", role: "img" });
  #making;
  #like;
  #on;
  #genes;
  #choice;
  #random = randomNumbers(0);
  /** @type {Rows} */
  #now;
  #own = false; // has the reader made it?

  /**
   * @param {Making} making
   * @param {PackedImages} like what the face becomes an image of
   * @param {MakerListener} on
   * @param {AbortSignal} signal
   */
  constructor(making, like, on, signal) {
    const id = freshId("of");
    this.#making = this.#now = making;
    this.#like = like;
    this.#on = on;
    this.#genes = new Genes(making.kinds, id, (kind, turned) => {
      if (kind === "person") this.#choice.value = OWN;
      this.#make({ [kind]: turned(this.#now[kind]) });
    }, signal, true);
    const people = like.names.map((name, k) => /** @type {const} */ ([k, `person ${name}`]));
    this.#choice = choice([[OWN, "someone new"], ...people], (k) => this.#choose(k));
    const groups = this.#genes.groups(this.#others(signal));
    const sliders = make("div", { class: "ft-own-genes", id: `${id}-all` }, ...groups);
    markFew(sliders);
    const who = field(`${id}-who`, "Whose face", this.#choice);
    this.below = [make("div", { class: "ft-own-person" }, who, fold(sliders, signal)), sliders];
    this.#show();
  }

  image() {
    if (!this.#own) return null;
    const { size, levels } = this.#like;
    const grey = drawRows(this.#making.kinds, this.#now, size);
    return Float64Array.from(grey, (value) => Math.round((value / 255) * levels) / levels);
  }

  clear() {
    this.#choice.value = OWN;
    this.#own = false;
    this.#now = this.#making;
    this.#show();
    this.#on.made();
  }

  draw() {} // a face has the same tones in every theme

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Float64Array | null} image
   */
  show(canvas, image) {
    const { size } = this.#like;
    canvas.hidden = !image;
    if (image) showGrey(canvas, image.map((value) => 255 * value));
    else canvas.width = canvas.height = size;
  }

  /** Buttons that draw the genes of a person, or of a photo, anew. */
  #others(/** @type {AbortSignal} */ signal) {
    return KINDS.map((kind) => button(`Another ${kind}`, () => this.#renew(kind), signal));
  }

  #renew(/** @type {Kind} */ kind) {
    if (kind === "person") this.#choice.value = OWN;
    const before = this.#now;
    this.#make({ [kind]: before[kind].map(this.#random) });
    this.#on.did(`Another ${kind}: ${newsOf(this.#making, before, this.#now)}.`);
  }

  #choose(/** @type {string} */ k) {
    if (k === OWN) this.#renew("person");
    else this.#make({ person: this.#making.people[+k] });
  }

  #make(/** @type {Partial<Rows>} */ change) {
    this.#now = { ...this.#now, ...change };
    this.#own = true;
    this.#show();
    this.#on.made();
  }

  #show() {
    const wording = this.#making;
    this.#genes.show(this.#now);
    showGrey(this.element, drawRows(wording.kinds, this.#now, LARGE));
    const words = describe({ ...wording, ...this.#now }).join(", ");
    this.element.setAttribute("aria-label", `Drawn face: ${words}`);
  }
}
