// Two histograms of scores, and the line of the threshold, to be dragged.

import { make } from "../shared/elements.js";
import { makeSvg, setAttributes } from "../shared/svg.js";

/** @import { Kind } from "./counting.js" */

/**
 * @typedef {object} Histograms
 * @property {Record<Kind, number[]>} bars their heights in [0, 1]
 * @property {number} group how many steps of the slider are as wide as a bar
 * @property {Record<"x" | "y", [number, string][]>} ticks a place in [0, 1] and a label each
 */

/** An SVG path around bars of the given heights in [0, 1], each 1 wide; 0 is at the top. */
const outline = (/** @type {number[]} */ heights) =>
  `M 0 1 ${heights.map((height, k) => `V ${1 - height} H ${k + 1}`).join(" ")} V 1`;

/**
 * The bars, stretched to the space there is; errors are strong in colour left and right of the line.
 * @param {Record<Kind, number[]>} bars
 * @param {SVGRectElement} left
 * @param {SVGRectElement} right
 * @param {string} id what the ids of its parts begin with
 */
function drawBars({ same, other }, left, right, id) {
  const [one, two] = [same, other].map(outline);
  const clip = (/** @type {string} */ side) => ({ "clip-path": `url(#${id}-${side})` });
  return makeSvg(
    "svg",
    { viewBox: `0 0 ${same.length} 1`, preserveAspectRatio: "none" },
    makeSvg("clipPath", { id: `${id}-left` }, left),
    makeSvg("clipPath", { id: `${id}-right` }, right),
    makeSvg("path", { d: one, class: "ft-same ft-bars" }),
    makeSvg("path", { d: one, class: "ft-same ft-wrong", ...clip("left") }),
    makeSvg("path", { d: two, class: "ft-other ft-wrong", ...clip("right") }),
    makeSvg("path", { d: two, class: "ft-other ft-bars" }),
  );
}

/**
 * Words beside an axis, which are not stretched.
 * @param {[number, string][]} ticks
 * @param {"x" | "y"} axis
 */
const drawTicks = (ticks, axis) =>
  ticks.map(([at, text]) => {
    const style = `${axis === "x" ? "left" : "bottom"}: ${100 * at}%`;
    return make("span", { class: `ft-tick-${axis}`, style }, text);
  });

export class Chart {
  #left = makeSvg("rect", { y: 0, height: 1 });
  #right = makeSvg("rect", { y: 0, height: 1 });
  #cut = make("div", { class: "ft-cut" });
  #step = 0;
  #grip = 0; // how far beside the line it was taken, in steps
  #count;
  #group;

  /**
   * @param {Histograms} histograms
   * @param {string} id
   */
  constructor({ bars, group, ticks }, id) {
    this.#count = bars.same.length;
    this.#group = group;
    this.element = make(
      "div",
      { class: "ft-chart", role: "img" },
      ...drawTicks(ticks.y, "y"),
      drawBars(bars, this.#left, this.#right, id),
      make("span", { class: "ft-refused" }, "refused"),
      make("span", { class: "ft-accepted" }, "accepted"),
      ...drawTicks(ticks.x, "x"),
      this.#cut,
    );
  }

  /**
   * @param {number} step
   * @param {string} words what the threshold does there
   */
  show(step, words) {
    this.#step = step;
    const edge = step / this.#group; // in bars
    this.element.style.setProperty("--ft-at", `${(100 * step) / (this.#count * this.#group)}%`);
    setAttributes(this.#left, { width: edge });
    setAttributes(this.#right, { x: edge, width: this.#count - edge });
    this.element.setAttribute("aria-label", `Histograms of the scores of pairs. ${words}`);
  }

  /**
   * Tell `move` the step that a reader drags the line to, or clicks at.
   * @param {(step: number) => void} move
   * @param {AbortSignal} signal
   */
  listen(move, signal) {
    const cut = this.#cut;
    cut.addEventListener("pointerdown", (event) => {
      this.#grip = this.#under(event) - this.#step;
      cut.setPointerCapture(event.pointerId);
      event.preventDefault();
    }, { signal });
    cut.addEventListener("pointermove", (event) => {
      if (cut.hasPointerCapture(event.pointerId)) move(this.#under(event) - this.#grip);
    }, { signal });
    this.element.addEventListener("click", (event) => {
      if (event.target !== cut) move(this.#under(event));
    }, { signal });
  }

  /** @param {MouseEvent} event */
  #under({ clientX }) {
    const { x, width } = this.element.getBoundingClientRect();
    return Math.round(((clientX - x) / width) * this.#count * this.#group);
  }
}
