// TripletView: a triplet on a circle or in the plane, to drag and to set; its loss in figures.

import { button, checkbox, freshId, slider } from "../shared/controls.js";
import { frame, make, mount } from "../shared/elements.js";
import { readout } from "../shared/readouts.js";
import { Picture } from "./picture.js";
import { kept, kindOf, stepped, tripletLoss } from "./triplet.js";

/** @import { Model } from "../shared/elements.js" */
/** @import { Point, Triplet } from "./triplet.js" */

/** @type {Record<string, Point>} */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const VERDICTS = {
  hard: "A hard negative: nearer to the anchor than the positive is.",
  "semi-hard": "A semi-hard negative: farther than the positive, but within the margin.",
  easy: "An easy negative: beyond the margin, so that nothing pulls.",
};

class TripletView {
  #triplet;
  #picture = new Picture();
  #near = readout("d(a, p)", "to the positive");
  #far = readout("d(a, n)", "to the negative");
  #loss = readout("loss", "d(a, p) − d(a, n) + margin");
  #verdict = make("p", { class: "ft-verdict", role: "status" });
  #id = freshId("tr");
  #margin = slider(`${this.#id}-margin`, "margin", { min: 0.05, max: 1.5, step: 0.05 });
  #squared = checkbox(`${this.#id}-squared`, "squared distance");
  #circle = checkbox(`${this.#id}-circle`, "unit length");

  /**
   * @param {Triplet} start
   * @param {string} label
   * @param {AbortSignal} signal
   */
  constructor(start, label, signal) {
    this.#triplet = start;
    const cells = [this.#near, this.#far, this.#loss].map(({ cell }) => cell);
    const reset = button("Reset", () => this.#show(start), signal);
    this.root = frame(
      label,
      make("div", { class: "ft-stage" }, this.#picture.svg),
      [make("dl", { class: "ft-readouts" }, ...cells), this.#verdict],
      make(
        "div",
        { class: "ft-controls" },
        this.#margin.row,
        make("div", { class: "ft-row ft-small" }, this.#squared.label, this.#circle.label, reset),
      ),
    );
    this.#listenToControls(signal);
    this.#picture.handles.forEach((handle, k) => this.#listenToHandle(handle, k, signal));
    this.#show({});
  }

  /** @param {AbortSignal} signal */
  #listenToControls(signal) {
    const [margin, squared, circle] = [this.#margin, this.#squared, this.#circle].map((c) => c.input);
    margin.addEventListener("input", () => this.#show({ margin: +margin.value }), { signal });
    squared.addEventListener("change", () => this.#show({ squared: squared.checked }), { signal });
    circle.addEventListener("change", () => {
      const normalize = circle.checked;
      this.#show({ normalize, points: this.#triplet.points.map((point) => kept(point, normalize)) });
    }, { signal });
  }

  /**
   * @param {SVGGElement} handle
   * @param {number} k which of the points it moves
   * @param {AbortSignal} signal
   */
  #listenToHandle(handle, k, signal) {
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      handle.focus();
      event.preventDefault();
    }, { signal });
    handle.addEventListener("pointermove", (event) => {
      if (handle.hasPointerCapture(event.pointerId)) this.#move(k, this.#picture.under(event));
    }, { signal });
    handle.addEventListener("keydown", (event) => {
      const way = WAYS[event.key];
      if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.#move(k, stepped(this.#triplet.points[k], way, this.#triplet.normalize));
    }, { signal });
  }

  /**
   * @param {number} moved
   * @param {Point} to
   */
  #move(moved, to) {
    const { points, normalize } = this.#triplet;
    this.#show({ points: points.map((point, k) => (k === moved ? kept(to, normalize) : point)) });
  }

  /** @param {Partial<Triplet>} change of the triplet that is shown */
  #show(change) {
    this.#triplet = { ...this.#triplet, ...change };
    const now = tripletLoss(this.#triplet);
    this.#picture.draw(this.#triplet, now);
    this.#near.value.textContent = now.near.toFixed(2);
    this.#far.value.textContent = now.far.toFixed(2);
    this.#loss.value.textContent = now.loss.toFixed(2);
    this.root.dataset.loss = `${now.loss}`;
    this.#verdict.textContent = VERDICTS[kindOf(now)];
    this.#margin.input.value = `${this.#triplet.margin}`;
    this.#margin.output.textContent = this.#triplet.margin.toFixed(2);
    this.#squared.input.checked = this.#triplet.squared;
    this.#circle.input.checked = this.#triplet.normalize;
  }
}

/** @param {{model: Model, el: HTMLElement}} widget */
function render({ model, el }) {
  const stop = new AbortController();
  const view = new TripletView(model.get("_meta"), model.get("_alt"), stop.signal);
  return mount(view.root, el, stop);
}

export default { render };
