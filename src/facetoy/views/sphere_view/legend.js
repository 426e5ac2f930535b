// The legend: a button for each class, which brings it out.

import { make } from "../shared/elements.js";
import { classButton, drawIcon } from "../shared/legend.js";

/** @import {Side} from "./unpacking.js" */

/** The side that has the most classes. @param {Side[]} sides */
const fullest = (sides) => sides.reduce((a, b) => (b.classes.length > a.classes.length ? b : a));

export class Legend {
  element = make("div", { class: "ft-legend", role: "group", "aria-label": "Classes" });
  /** @type {ReturnType<typeof classButton>[]} */
  #entries = [];
  #cls = -1;
  #changed;

  /** @param {(cls: number) => void} changed told which class is brought out, or none (-1) */
  constructor(changed) {
    this.#changed = changed;
  }

  /** New buttons, for the classes of the side that has the most. */
  fill(/** @type {Side[]} */ sides) {
    const { classes, known } = fullest(sides);
    this.#cls = -1;
    this.#entries = classes.map((name, cls) =>
      classButton(name, false, () => this.bringOut(cls === this.#cls ? -1 : cls)),
    );
    /** @type {HTMLElement[]} */
    const buttons = this.#entries.map(({ button }) => button);
    buttons.forEach((button, cls) => {
      if (cls >= known) button.setAttribute("aria-label", `${classes[cls]}, stranger`);
    });
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

  /** Draw the markers, for the page's colours; hollow is what no side knows. */
  draw(/** @type {Side[]} */ sides) {
    const { colors, markers } = fullest(sides);
    const known = Math.max(...sides.map((side) => side.known));
    this.#entries.forEach(({ icon }, cls) => {
      const [marker, colour] = [markers[cls % markers.length], colors[cls % colors.length]];
      drawIcon(icon, marker, colour, cls >= known);
    });
  }
}
