// The form of TrainingPanel: a loss, its arguments, dimensions and epochs.

import { freshId } from "../shared/controls.js";
import { make } from "../shared/elements.js";
import { choice, field } from "../shared/form.js";
import { PARAMETERS } from "../sphere_view/controls.js";

/**
 * What there is to set, and what the form begins with.
 * @typedef {object} Options
 * @property {Record<string, {label: string, arguments: Record<string, number>}>} losses with the
 *   defaults of their arguments
 * @property {{loss: string, dim: number, epochs: number} & Record<string, any>} defaults
 */

/** @type {Record<string, string>} */
const NAMES = { ...PARAMETERS, alpha: "α" };

/**
 * @param {number} value
 * @param {number} min
 * @param {number | string} step
 */
const numeric = (value, min, step) =>
  make("input", { type: "number", value, min, step, required: true });

export class Settings {
  #id = freshId("fp");
  #losses;
  #loss;
  #dim = choice([[2, 2], [3, 3]]);
  #epochs;
  /** @type {{name: string, input: HTMLInputElement, element: HTMLElement}[]} */
  #arguments;

  /** @param {Options} options */
  constructor({ losses, defaults }) {
    this.#losses = losses;
    const names = Object.entries(losses).map(([name, { label }]) => /** @type {const} */ ([name, label]));
    this.#loss = choice(names, () => this.#offer({}));
    this.#loss.value = defaults.loss;
    this.#dim.value = `${defaults.dim}`;
    this.#epochs = numeric(defaults.epochs, 1, 1);
    // One field per argument that any loss takes; those of other losses are out of sight.
    const all = new Set(Object.values(losses).flatMap((loss) => Object.keys(loss.arguments)));
    this.#arguments = [...all].map((name) => {
      const input = numeric(0, 0, "any");
      return { name, input, element: this.#field(name, NAMES[name] || name, input) };
    });
    this.#offer(defaults);
    this.element = make(
      "div",
      { class: "ft-fields" },
      this.#field("loss", "loss", this.#loss),
      ...this.#arguments.map(({ element }) => element),
      this.#field("dim", "dimensions", this.#dim),
      this.#field("epochs", "epochs", this.#epochs),
    );
  }

  /**
   * @param {string} name
   * @param {string} words
   * @param {HTMLInputElement | HTMLSelectElement} input
   */
  #field(name, words, input) {
    return field(`${this.#id}-${name}`, words, input);
  }

  /** Offer the arguments of the loss: those in `start` as there, the others at their defaults. */
  #offer(/** @type {Record<string, any>} */ start) {
    const takes = this.#losses[this.#loss.value].arguments;
    for (const { name, input, element } of this.#arguments) {
      element.hidden = input.disabled = !(name in takes);
      if (name in takes) input.value = `${start[name] ?? takes[name]}`;
    }
  }

  /** What `facetoy.fit` is to be given. */
  get values() {
    const taken = this.#arguments.filter(({ input }) => !input.disabled);
    return {
      loss: this.#loss.value,
      dim: +this.#dim.value,
      epochs: +this.#epochs.value,
      ...Object.fromEntries(taken.map(({ name, input }) => [name, +input.value])),
    };
  }
}
