// The setup of one side: its loss, and the settings of the loss.

import { slider } from "../shared/controls.js";
import { make } from "../shared/elements.js";
import { degrees, number } from "../shared/numbers.js";
import { choice, field } from "../shared/form.js";
import { MINING } from "./state.js";

/** @import { Settings } from "./losses.js" */
/** @import { Offer, Side } from "./state.js" */

/**
 * @typedef {object} SetupListener
 * @property {(loss: string) => void} loss another loss
 * @property {(change: Partial<Settings>) => void} turn another value of a setting
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
   * @param {AbortSignal} signal
   */
  constructor(id, offer, turn, signal) {
    const { name, label, values } = offer;
    this.#offer = offer;
    this.#slider = slider(id, label, { min: 0, max: values.length - 1, step: 1 });
    const { input, row } = this.#slider;
    input.addEventListener("input", () => turn({ [name]: values[+input.value] }), { signal });
    this.element = row;
  }

  /** @param {Settings} args */
  show(args) {
    const { name, values, radians } = this.#offer;
    const { input, output } = this.#slider;
    const value = args[name];
    input.value = `${nearest(values, value)}`;
    output.textContent = number(value) + (radians ? ` (${degrees((value * 180) / Math.PI, 0)})` : "");
    input.setAttribute("aria-valuetext", output.textContent);
  }
}

export class Setup {
  #id;
  #offers;
  #on;
  #signal;
  #chooser;
  #mining;
  #triplets;
  #sliders = make("div");
  #warning = make("p", { class: "ft-note ft-warning", role: "status" });
  #offered = ""; // the loss whose settings are shown
  /** @type {Knob[]} */
  #knobs = [];

  /**
   * @param {(name: string) => string} id of the input for a setting
   * @param {[string, Offer][]} offers
   * @param {SetupListener} on
   * @param {AbortSignal} signal
   */
  constructor(id, offers, on, signal) {
    this.#id = id;
    this.#offers = Object.fromEntries(offers);
    this.#on = on;
    this.#signal = signal;
    this.#chooser = choice(offers.map(([name, { title }]) => [name, title]), on.loss);
    this.#mining = choice(MINING.map((name) => [name, name]), (mining) => on.turn({ mining }));
    this.#triplets = make("div", { class: "ft-fields" }, field(id("mining"), "triplets", this.#mining));
    this.element = make(
      "div",
      { class: "ft-setup" },
      make("div", { class: "ft-fields" }, field(id("loss"), "loss", this.#chooser)),
      this.#sliders,
      this.#warning,
    );
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

  /** @param {string} loss */
  #offer(loss) {
    this.#offered = loss;
    this.#knobs = this.#offers[loss].sliders.map(
      (offer) => new Knob(this.#id(offer.name), offer, this.#on.turn, this.#signal),
    );
    this.#sliders.replaceChildren(...this.#knobs.map(({ element }) => element));
    if (loss === "triplet") this.#sliders.append(this.#triplets);
  }
}
