// ScalingView: sliders for a last layer; its memory, traffic and time as bars and figures.

import { freshId, say, slider } from "../shared/controls.js";
import { make, mount } from "../shared/elements.js";
import { grouped } from "../shared/numbers.js";
import { Spoken } from "../shared/readouts.js";
import { layerCost, sum } from "./cost.js";
import { drawScatter } from "./scatter.js";
import { Stack } from "./stack.js";
import { BYTES, basis, SECONDS, verdict } from "./words.js";

/** @import { Model } from "../shared/elements.js" */
/** @import { Layer, Machine } from "./cost.js" */
/** @import { Points } from "./scatter.js" */

/**
 * What Python sends.
 * @typedef {object} Meta
 * @property {Layer} layer to begin with
 * @property {Machine[]} machines to choose from
 * @property {number[]} classes where the slider stops, as do the next two
 * @property {number[]} dims
 * @property {number[]} ranks
 * @property {number} leastRate
 * @property {Record<"memory" | "seconds" | "sent", Record<string, string>>} colors of the parts
 * @property {Record<string, string>} where
 * @property {Points[]} charts
 * @property {string[]} markColors
 */

class ScalingView {
  #meta;
  #layer;
  #machine;
  #memory;
  #time;
  #sent;
  #said = make("p", { class: "ft-verdict" });
  #about = make("p", { class: "ft-note" });
  #spoken;

  /**
   * @param {Meta} meta
   * @param {AbortSignal} signal
   */
  constructor(meta, signal) {
    this.#meta = meta;
    this.#layer = meta.layer;
    this.#machine = meta.machines[0];
    this.#memory = new Stack("Memory:", meta.colors.memory, BYTES);
    this.#time = new Stack("Time of a step:", meta.colors.seconds, SECONDS);
    this.#sent = new Stack("Sent in a step:", meta.colors.sent, BYTES);
    this.#spoken = new Spoken(signal);
    const charts = meta.charts.map((chart) => drawScatter(chart, meta.markColors));
    const rest = make("div", {}, this.#time.element, this.#sent.element);
    this.root = make(
      "div",
      { class: "facetoy", role: "group", "aria-label": "What a last layer costs" },
      make("div", { class: "ft-controls" }, ...this.#makeControls(signal)),
      this.#said,
      make("div", { class: "ft-budgets" }, this.#memory.element, rest),
      ...(charts.length ? [make("div", { class: "ft-scatters" }, ...charts)] : []),
      this.#about,
      this.#spoken.element,
    );
    this.#show();
  }

  /** @param {AbortSignal} signal */
  #makeControls(signal) {
    const { classes, dims, ranks, leastRate, machines } = this.#meta;
    const id = freshId("sc");
    const least = Math.round(100 * leastRate);
    const rates = Array.from({ length: 101 - least }, (_, k) => (k + least) / 100);
    const controls = [
      this.#makeSlider("people", "classes", classes, grouped, id, signal),
      this.#makeSlider("dimensions", "dim", dims, String, id, signal),
      this.#makeSlider("ranks", "ranks", ranks, grouped, id, signal),
      this.#makeSlider("classes used", "rate", rates, (rate) => `${Math.round(100 * rate)}\u00a0%`, id, signal),
    ];
    return machines.length > 1 ? [...controls, this.#makeChoice(`${id}-machine`, signal)] : controls;
  }

  /**
   * A slider over `values`, of which `words` says one.
   * @param {string} name
   * @param {keyof Layer} key
   * @param {number[]} values
   * @param {(value: number) => string} words
   * @param {string} id
   * @param {AbortSignal} signal
   */
  #makeSlider(name, key, values, words, id, signal) {
    const range = { min: 0, max: values.length - 1, step: 1, value: values.indexOf(this.#layer[key]) };
    const made = slider(`${id}-${key}`, name, range, true);
    say(made, words(this.#layer[key]));
    made.input.addEventListener("input", () => {
      const value = values[+made.input.value];
      say(made, words(value));
      this.#change({ ...this.#layer, [key]: value }, this.#machine);
    }, { signal });
    return made.row;
  }

  /**
   * @param {string} id
   * @param {AbortSignal} signal
   */
  #makeChoice(id, signal) {
    const { machines } = this.#meta;
    const select = make("select", { id }, ...machines.map(({ name }, k) => make("option", { value: k }, name)));
    select.addEventListener("change", () => {
      this.#change(this.#layer, machines[+select.value]);
    }, { signal });
    return make("div", { class: "ft-slider" }, make("label", { for: id }, "a rank is"), select);
  }

  /**
   * @param {Layer} layer
   * @param {Machine} machine
   */
  #change(layer, machine) {
    this.#layer = layer;
    this.#machine = machine;
    this.#spoken.soon(this.#show());
  }

  /** Show what the layer costs; returns it in words. */
  #show() {
    const [layer, machine] = [this.#layer, this.#machine];
    const cost = layerCost(layer, machine);
    const fits = sum(cost.memory) <= machine.capacity;
    const words = verdict(layer, machine, cost, this.#meta);
    this.#memory.show(cost.memory, machine.capacity);
    this.#time.show(cost.seconds);
    this.#sent.show(cost.sent);
    this.#memory.state.textContent = fits ? "✓ fits" : "✗ does not fit";
    this.root.classList.toggle("ft-full", !fits);
    this.#said.textContent = words;
    this.#about.textContent = basis(layer, machine);
    this.root.dataset.cost = JSON.stringify({ layer, ...cost });
    return words;
  }
}

/** @param {{model: Model, el: HTMLElement}} widget */
function render({ model, el }) {
  const stop = new AbortController();
  return mount(new ScalingView(model.get("_meta"), stop.signal).root, el, stop);
}

export default { render };
