// ThresholdView: scores of pairs, a threshold to set by slider, line or button, its figures and errors.

import { button, freshId, say, slider } from "../shared/controls.js";
import { frame, make, mount } from "../shared/elements.js";
import { grouped } from "../shared/numbers.js";
import { readout, Spoken } from "../shared/readouts.js";
import { Chart } from "./chart.js";
import { nearest, outcome } from "./counting.js";
import { fillGallery, makeGallery } from "./gallery.js";

/** @import { Model } from "../shared/elements.js" */
/** @import { Histograms } from "./chart.js" */
/** @import { Counts, Kind } from "./counting.js" */
/** @import { Sprite } from "./gallery.js" */

/** @typedef {{start: number, buttons: Record<string, number>, sprite: Sprite}} Settings */
/** @typedef {Counts & Histograms & Settings} Meta what Python packs */

/** @type {Kind[]} */
const KINDS = ["other", "same"];

/**
 * What the colours mean.
 * @param {Record<Kind, number>} totals
 */
function makeKey({ same, other }) {
  const item = (/** @type {string} */ name, /** @type {string} */ text) =>
    make("li", {}, make("span", { class: `ft-swatch ft-${name}`, "aria-hidden": "true" }), text);
  return make(
    "ul",
    { class: "ft-key" },
    item("same", `filled: ${grouped(same)} pairs of one person`),
    item("other", `outlined: ${grouped(other)} pairs of two people`),
    item("wrong", "strong colour: errors"),
  );
}

class ThresholdView {
  #meta;
  #step;
  #sprite;
  #chart;
  #at = readout("threshold", "accepted from here on");
  #accepts = readout("false accepts");
  #refuses = readout("false rejects");
  #rate = readout("TAR", "1 − FRR");
  #said = make("p", { class: "ft-verdict" });
  #slider;
  #galleries;
  #spoken;

  /**
   * @param {Meta} meta
   * @param {AbortSignal} signal
   */
  constructor(meta, signal) {
    const id = freshId("th");
    this.#meta = meta;
    this.#step = meta.start;
    this.#sprite = meta.sprite;
    this.#chart = new Chart(meta, id);
    this.#slider = slider(`${id}-at`, "threshold", { min: 0, max: meta.labels.length - 1, step: 1 }, true);
    this.#galleries = KINDS.map((kind) => makeGallery(kind, id));
    this.#spoken = new Spoken(signal);
    const buttons = Object.entries(meta.buttons).map(([name, step]) =>
      button(name, () => this.#move(step), signal),
    );
    const cells = [this.#at, this.#accepts, this.#refuses, this.#rate].map(({ cell }) => cell);
    const axis = make("p", { class: "ft-axis" }, "score of a pair");
    this.root = frame(
      "Scores of pairs, with a threshold to move",
      make("div", {}, this.#chart.element, axis, makeKey(meta.totals)),
      [make("dl", { class: "ft-readouts ft-four" }, ...cells), this.#said],
      make(
        "div",
        { class: "ft-controls" },
        this.#slider.row,
        make("div", { class: "ft-row ft-small ft-jumps" }, ...buttons),
      ),
      make("div", { class: "ft-galleries" }, ...this.#galleries.map(({ element }) => element)),
      make("p", { class: "ft-note" }, "At the buttons the errors nearest to the threshold; elsewhere the nearest of a selection."),
      this.#spoken.element,
    );
    const { input } = this.#slider;
    input.addEventListener("input", () => this.#move(+input.value), { signal });
    this.#chart.listen((step) => this.#move(step), signal);
    this.#show();
  }

  /** @param {BlobPart} png all images, to be shown from now on */
  async unpack(png) {
    const pixels = await createImageBitmap(new Blob([png], { type: "image/png" }));
    this.#sprite = { ...this.#sprite, pixels };
    this.#show();
  }

  /** @param {number} step */
  #move(step) {
    this.#step = Math.min(this.#meta.labels.length - 1, Math.max(0, step));
    this.#spoken.soon(this.#show());
  }

  /** Show what the threshold does; returns it in words. */
  #show() {
    const now = outcome(this.#meta, this.#step);
    this.#chart.show(this.#step, now.words);
    this.#at.value.textContent = now.threshold;
    this.#accepts.value.textContent = now.accepted;
    this.#accepts.hint.textContent = `FAR ${now.far}`;
    this.#refuses.value.textContent = now.refused;
    this.#refuses.hint.textContent = `FRR ${now.frr}`;
    this.#rate.value.textContent = now.tar;
    this.#said.textContent = now.sentence;
    this.#slider.input.value = `${this.#step}`;
    say(this.#slider, now.threshold);
    for (const gallery of this.#galleries) {
      fillGallery(gallery, nearest(this.#meta, gallery.kind, this.#step), this.#sprite);
    }
    return now.words;
  }
}

/** @param {{model: Model, el: HTMLElement}} widget */
function render({ model, el }) {
  const stop = new AbortController();
  const view = new ThresholdView(model.get("_meta"), stop.signal);
  view.unpack(model.get("_data"));
  return mount(view.root, el, stop);
}

export default { render };
