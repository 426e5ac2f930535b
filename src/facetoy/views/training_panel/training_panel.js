// The user interface of TrainingPanel: settings and a Train button above a picture that moves while
// Python trains. The settings appear once a kernel answers; without one there is nothing to press.

import { make } from "../shared/elements.js";
import { Picture } from "../sphere_view/picture.js";
import { Settings } from "./settings.js";

/** @import {Model} from "../shared/elements.js" */
/** @import {Options} from "./settings.js" */

const KERNEL_SECONDS = 4; // without an answer for so long there is no kernel

/**
 * What Python says, with a sentence.
 * @typedef {object} Message
 * @property {"ready" | "progress" | "done" | "error"} type
 * @property {string} text
 * @property {number} [part] of the training that is done, from 0 to 1
 * @property {boolean} [training] whether it goes on, when it is ready
 */

class Panel {
  #settings;
  #send;
  #training = false;
  #away = make("p", { class: "ft-away", hidden: true });
  #said = make("p", { class: "ft-said", role: "status" });
  #train = make("button", { type: "submit", class: "ft-button ft-train" }, "Train");
  #bar = make("progress", { max: 1, value: 0, "aria-label": "Training progress" });
  #form;
  #silence;

  /** @param {Options} options @param {(message: object) => void} send to Python */
  constructor(options, send) {
    this.#settings = new Settings(options);
    this.#send = send;
    const row = make("div", { class: "ft-row" }, this.#train, this.#bar);
    const parts = [this.#settings.element, row, this.#said];
    this.#form = make("form", { class: "ft-form", hidden: true }, ...parts);
    this.element = make("div", { class: "ft-panel" }, this.#form, this.#away);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#press();
    });
    this.#silence = setTimeout(() => this.#giveUp(), KERNEL_SECONDS * 1000);
  }

  #giveUp() {
    this.#away.textContent =
      "This is a finished run. To train your own here, run this cell in a notebook; from a page " +
      "of the book the launch button (the rocket) at its top leads there.";
    this.#away.hidden = false;
  }

  #setTraining(/** @type {boolean} */ on) {
    this.#training = on;
    this.#train.textContent = on ? "Stop" : "Train";
    this.#train.disabled = false;
  }

  #press() {
    if (this.#training) {
      this.#train.disabled = true;
      this.#send({ type: "stop" });
      return;
    }
    this.#said.textContent = "Starting …";
    this.#bar.value = 0;
    this.#setTraining(true);
    this.#send({ type: "train", settings: this.#settings.values });
  }

  /** @param {Message | null} message */
  hear(message) {
    if (!message?.type) return;
    clearTimeout(this.#silence);
    this.#away.hidden = true;
    this.#form.hidden = false;
    this.#said.textContent = message.text;
    this.#said.classList.toggle("ft-error", message.type === "error");
    if (message.type === "progress") this.#bar.value = message.part ?? 0;
    if (message.type === "done") this.#bar.value = 1;
    this.#setTraining(message.type === "progress" || message.training === true);
  }

  destroy() {
    clearTimeout(this.#silence);
  }
}

/**
 * Show panel and picture. Returns the function that takes them down.
 * @param {{model: Model, el: HTMLElement}} widget
 */
function render({ model, el }) {
  const picture = new Picture(el, model.get("_meta"), model.get("_data"), model.get("_alt"));
  const panel = new Panel(model.get("_options"), (message) => model.send(message));
  picture.root.prepend(panel.element);
  const hear = (/** @type {Message | null} */ message) => panel.hear(message);
  const change = () => {
    picture.update(model.get("_meta"), model.get("_data"));
    picture.latest();
    picture.root.setAttribute("aria-label", model.get("_alt"));
  };
  model.on("msg:custom", hear);
  model.on("change:_data", change);
  model.send({ type: "hello" });
  return () => {
    panel.destroy();
    model.off("msg:custom", hear);
    model.off("change:_data", change);
    picture.destroy();
  };
}

export default { render };
