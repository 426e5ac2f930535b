// A bar of parts, with their names and figures below; every second one is striped.

import { make } from "../shared/elements.js";
import { sum } from "./cost.js";
import { human } from "./words.js";

/** @import { Parts } from "./cost.js" */
/** @import { Units } from "./words.js" */

export class Stack {
  #title;
  #units;
  #parts;
  #limit = make("i");
  #bar = make("div", { class: "ft-stack", role: "img" });
  #total = make("b");
  state = make("span", { class: "ft-state" });

  /**
   * @param {string} title
   * @param {Record<string, string>} colours of the parts
   * @param {Units} units
   */
  constructor(title, colours, units) {
    this.#title = title;
    this.#units = units;
    this.#parts = Object.entries(colours).map(([name, colour], k) => {
      const look = { class: k % 2 ? "ft-striped" : "", style: `background-color: ${colour}` };
      const [swatch, figure] = [make("span", { ...look, "aria-hidden": "true" }), make("b")];
      const row = make("li", {}, swatch, make("span", {}, name), figure);
      return { name, segment: make("span", look), figure, row };
    });
    this.#bar.append(...this.#parts.map(({ segment }) => segment), this.#limit);
    this.element = make(
      "div",
      { class: "ft-budget" },
      make("p", { class: "ft-title" }, `${title} `, this.#total, " ", this.state),
      this.#bar,
      make("ul", { class: "ft-parts" }, ...this.#parts.map(({ row }) => row)),
    );
  }

  /**
   * @param {Parts} parts
   * @param {number} capacity which is marked, if there is any
   */
  show(parts, capacity = 0) {
    const all = sum(parts);
    const whole = Math.max(all, capacity) || 1; // one rank sends nothing
    const says = (/** @type {number} */ value) => human(value, this.#units);
    for (const { name, segment, figure, row } of this.#parts) {
      segment.style.width = `${(100 * parts[name]) / whole}%`;
      segment.hidden = !parts[name];
      segment.classList.toggle("ft-thin", parts[name] < whole / 60);
      figure.textContent = says(parts[name]);
      row.classList.toggle("ft-none", !parts[name]);
    }
    this.#limit.hidden = !capacity;
    if (capacity) this.#limit.style.left = `${(100 * capacity) / whole}%`;
    const total = says(all) + (capacity ? ` of ${says(capacity)}` : "");
    this.#total.textContent = total;
    this.#bar.classList.toggle("ft-over", capacity > 0 && all > capacity);
    const named = this.#parts.filter(({ name }) => parts[name]).map(({ name }) => `${name} ${says(parts[name])}`);
    this.#bar.setAttribute("aria-label", [`${this.#title} ${total}`, ...named].join(", "));
  }
}
