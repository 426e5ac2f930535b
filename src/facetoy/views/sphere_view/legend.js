// The legend: a button for each class, which brings it out.

import { make, pen } from "../shared/elements.js";
import { drawMarker } from "../shared/markers.js";

/** @import {Meta, Side} from "./unpacking.js" */

export class Legend {
  element = make("div", { class: "ft-legend", role: "group", "aria-label": "Classes" });
  /** @type {{button: HTMLButtonElement, icon: HTMLCanvasElement}[]} */
  #entries = [];
  #cls = -1;
  #changed;

  /** @param {(cls: number) => void} changed told which class is brought out, or none (-1) */
  constructor(changed) {
    this.#changed = changed;
  }

  /** New buttons, for the classes of the side that has the most. */
  fill(/** @type {Side[]} */ sides) {
    this.#cls = -1;
    const { classes, known } = sides.reduce((a, b) => (b.classes.length > a.classes.length ? b : a));
    this.#entries = classes.map((name, cls) => {
      const icon = make("canvas", { width: 40, height: 40, "aria-hidden": "true" });
      const text = make("span", {}, name);
      const button = make("button", { type: "button", "aria-pressed": "false" }, icon, text);
      if (cls >= known) button.setAttribute("aria-label", `${name}, stranger`);
      button.addEventListener("click", () => this.bringOut(cls === this.#cls ? -1 : cls));
      return { button, icon };
    });
    /** @type {HTMLElement[]} */
    const buttons = this.#entries.map(({ button }) => button);
    if (known < classes.length) {
      const text = make("span", { class: "ft-strangers" }, "strangers, never seen in training");
      buttons.splice(known, 0, text);
    }
    this.element.replaceChildren(...buttons);
    this.element.classList.toggle("ft-short", classes.every((name) => name.length <= 3));
  }

  bringOut(/** @type {number} */ cls) {
    this.#cls = cls;
    this.#entries.forEach(({ button }, k) => button.setAttribute("aria-pressed", `${k === cls}`));
    this.#changed(cls);
  }

  /** Draw the markers, for the page's colours. */
  draw(/** @type {Meta} */ { colors, markers }, /** @type {number} */ known) {
    const surface = getComputedStyle(this.element).getPropertyValue("--ft-surface").trim();
    this.#entries.forEach(({ icon }, cls) => {
      const g = pen(icon);
      g.clearRect(0, 0, 40, 40);
      const [marker, colour] = [markers[cls % markers.length], colors[cls % colors.length]];
      drawMarker(g, 20, 21, marker, 11, colour, cls >= known, surface);
    });
  }
}
