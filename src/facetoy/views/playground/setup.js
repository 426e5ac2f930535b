// The setup of one side: its loss, and the settings of the loss.

import { say, slider } from "../shared/controls.js";
import { make } from "../shared/elements.js";
import { choice, field } from "../shared/form.js";
import { degrees, number } from "../shared/numbers.js";
import { MINING, withLoss } from "./state.js";

/** @import { Settings } from "../shared/kinds.js" */
/** @import { Change, Offer, Offers, Side } from "./state.js" */

/**
 * What a setup asks of the playground.
 * @typedef {object} SetupAsked
 * @property {string} id
 * @property {(change: Change) => void} set
 * @property {(k: number, change: Partial<Settings>) => void} turn another value of a setting
 */

/**
 * The index of the number nearest to `value`.
 * @param {number[]} values
 * @param {number} value
 */
function nearest(values, value) {
  const away = values.map((v) => Math.abs(v - value));
  return away.indexOf(Math.min(...away));
}

/** One setting of a loss. */
class Knob {
  #offer;
  #slider;

  /**
   * @param {string} id
   * @param {Offer["sliders"][number]} offer
   * @param {(change: Partial<Settings>) => void} turn
   */
  constructor(id, offer, turn) {
    this.#offer = offer;
    this.#slider = slider(id, offer.label, { min: 0, max: offer.values.length - 1, step: 1 });
    const { input, row } = this.#slider;
    input.addEventListener("input", () => turn({ [offer.name]: offer.values[+input.value] }));
    this.element = row;
  }

  /** @param {Settings} args */
  show(args) {
    const { name, values, radians } = this.#offer;
    const value = args[name];
    this.#slider.input.value = `${nearest(values, value)}`;
    say(this.#slider, number(value) + (radians ? ` (${degrees((value * 180) / Math.PI, 0)})` : ""));
  }
}

export class Setup {
  #k;
  #losses;
  #asked;
  #chooser;
  #mining;
  #sliders = make("div");
  #warning = make("p", { class: "ft-note ft-warning", role: "status" });
  #offered = ""; // the loss whose settings are shown
  /** @type {Knob[]} */
  #knobs = [];

  /**
   * @param {number} k its side
   * @param {Offers} offers
   * @param {SetupAsked} asked
   */
  constructor(k, { order, losses }, asked) {
    this.#k = k;
    this.#losses = losses;
    this.#asked = asked;
    this.#chooser = choice(
      order.map((name) => [name, losses[name].title]),
      (loss) => asked.set((state) => withLoss(state, k, loss, losses)),
    );
    this.#mining = choice(MINING.map((name) => [name, name]), (mining) => asked.turn(k, { mining }));
    const row = this.#row("loss", "loss", this.#chooser);
    this.element = make("div", { class: "ft-setup" }, row, this.#sliders, this.#warning);
  }

  /** The id of the input for a setting. */
  #idOf(/** @type {string} */ name) {
    return `${this.#asked.id}-${name}${this.#k}`;
  }

  /** @param {string} name @param {string} words @param {HTMLElement} input */
  #row(name, words, input) {
    return make("div", { class: "ft-fields" }, field(this.#idOf(name), words, input));
  }

  /**
   * Show the settings of the loss; its sliders are made anew only if the loss is another.
   * @param {Side} side
   * @param {string} warning
   */
  show({ loss, args }, warning) {
    this.#chooser.value = loss;
    if (this.#offered !== loss) this.#offer(loss);
    for (const knob of this.#knobs) knob.show(args);
    if (loss === "triplet") this.#mining.value = args.mining;
    this.#warning.textContent = warning;
  }

  #offer(/** @type {string} */ loss) {
    this.#offered = loss;
    this.#knobs = this.#losses[loss].sliders.map(
      (offer) => new Knob(this.#idOf(offer.name), offer, (change) => this.#asked.turn(this.#k, change)),
    );
    this.#sliders.replaceChildren(...this.#knobs.map(({ element }) => element));
    if (loss === "triplet") this.#sliders.append(this.#row("mining", "triplets", this.#mining));
  }
}
