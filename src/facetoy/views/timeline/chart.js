// A chart of dated events: time across, accuracy on LFW up, images trained on as a dot's area; the
// names are buttons among the dots.

/** @import { Box } from "./places.js" */
import { make } from "../shared/elements.js";
import { grouped } from "../shared/numbers.js";
import { placeNames } from "./places.js";

/**
 * What the chart draws of an event: `time` in years, `lfw` in percent or null, how many `images` it
 * was trained on or null, its name's button.
 * @typedef {{ time: number, lfw: number | null, images: number | null, tab: HTMLElement }} Dated
 */

const LOW = 97; // percent at which the axis starts, unless an event lies lower
const LEAST = 200; // pixels that a chart is wide at least, or its axes had no room
const NARROW = 560; // below this width names stand under the chart, not in it
const REACH = 24; // pixels around a dot in which a finger or pointer means it, if it is no larger
const PLAIN = 5; // pixels, the radius of a dot that tells no number of images
const EDGE = { left: 50, right: 12, top: 64, bottom: 30 };
const KEY = 44; // pixels below the chart for what areas mean

/**
 * An element of a drawing.
 * @param {string} tag @param {Record<string, string | number>} attributes @param {string} text
 */
function draw(tag, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, `${value}`);
  element.textContent = text;
  return element;
}

/** @param {number} images */
const many = (images) => (images < 1e5 ? grouped(images) : `${images / 1e6} million`);

/**
 * A disc of a radius, its outline included.
 * @param {string} kind @param {number} x @param {number} y @param {number} r
 */
const disc = (kind, x, y, r) => draw("circle", { class: kind, cx: x, cy: y, r: Math.max(0, r - 0.5) });

/** A line from a dot to the nearest edge of its name. @param {Box} dot @param {Box} box */
function leader({ x, y }, { x: left, y: top, w, h }) {
  const beside = x < left || x > left + w;
  const x2 = Math.max(left, Math.min(x, left + w));
  const y2 = top + (beside ? h / 2 : y > top ? h : 0);
  return draw("line", { class: "ft-leader", x1: x, y1: y, x2, y2 });
}

/** Where times and accuracies are in a drawing of some width. */
class Scale {
  /** @param {Dated[]} events @param {number} width in pixels */
  constructor(events, width) {
    const times = events.map(({ time }) => time);
    const measured = events.flatMap(({ lfw }) => (lfw === null ? [] : [lfw]));
    this.width = width;
    this.narrow = width < NARROW;
    this.height = this.narrow ? 240 : 396;
    this.floor = this.height - EDGE.bottom;
    this.top = this.narrow ? 42 : EDGE.top;
    this.first = Math.floor(Math.min(...times));
    this.last = Math.max(...times) + 0.5;
    this.low = Math.min(LOW, ...measured.map(Math.floor));
    this.most = Math.max(0, ...events.map(({ images }) => images ?? 0));
  }

  /** The radius of a dot: its area is in proportion to the images. @param {number | null} images */
  r(images) {
    if (images === null) return PLAIN;
    return (this.narrow ? 44 : 72) * Math.sqrt(images / this.most);
  }

  /** @param {number} time in years */
  x(time) {
    const along = (time - this.first) / (this.last - this.first);
    return EDGE.left + along * (this.width - EDGE.left - EDGE.right);
  }

  /** @param {number | null} lfw in percent; without one an event lies on the axis of time */
  y(lfw) {
    if (lfw === null) return this.floor;
    return this.top + ((100 - lfw) / (100 - this.low)) * (this.floor - 14 - this.top);
  }
}

/** The lines and numbers behind the dots. @param {Scale} scale */
function axes(scale) {
  const { floor, width, low, first, last } = scale;
  const across = { x1: EDGE.left, x2: width - EDGE.right };
  const parts = [draw("text", { x: 0, y: 12 }, "Published accuracy on LFW")];
  for (let lfw = low; lfw <= 100; lfw += Math.ceil((100 - low) / 6)) {
    const y = scale.y(lfw);
    parts.push(draw("line", { class: "ft-grid", ...across, y1: y, y2: y }));
    parts.push(draw("text", { x: EDGE.left - 8, y: y + 4, "text-anchor": "end" }, `${lfw} %`));
  }
  parts.push(draw("line", { class: "ft-base", ...across, y1: floor, y2: floor }));
  const every = Math.ceil(40 / (scale.x(first + 1) - scale.x(first)));
  for (let year = first; year <= last; year += every) {
    const x = scale.x(year);
    parts.push(draw("line", { class: "ft-base", x1: x, x2: x, y1: floor, y2: floor + 5 }));
    parts.push(draw("text", { x, y: floor + 20, "text-anchor": "middle" }, `${year}`));
  }
  return parts;
}

/** What the areas mean: dots of a tenth and a hundredth of the largest power of ten. @param {Scale} scale */
function key(scale) {
  if (!scale.most) return [];
  const power = 10 ** Math.floor(Math.log10(scale.most));
  const y = scale.height + KEY / 2;
  const parts = [draw("text", { x: 0, y: y + 4 }, scale.narrow ? "Area: images" : "Area: images trained on")];
  let x = scale.narrow ? 98 : 180;
  for (const images of [power / 100, power / 10]) {
    const r = scale.r(images);
    parts.push(disc("ft-key", x + r, y, r));
    parts.push(draw("text", { x: x + 2 * r + 6, y: y + 4 }, many(images)));
    x += 2 * r + 76;
  }
  return parts;
}

export class Chart {
  picture = /** @type {SVGElement} */ (draw("svg", { "aria-hidden": "true" }));
  #events;
  /** @type {Box[]} where the dots are, and how large their names */
  #points = [];
  /** @type {number[]} */
  #radii = [];
  /** @type {Element[][]} by event: its dot, the ring around it, and the line to its name */
  #marks = [];
  #chosen = 0;

  /** @param {Dated[]} events @param {HTMLElement} names the list of their buttons */
  constructor(events, names) {
    this.#events = events;
    this.element = make("div", { class: "ft-chart" }, this.picture, names);
  }

  /** Draw for the width that there is now. */
  draw() {
    if (!this.element.clientWidth) return;
    const width = Math.max(LEAST, this.element.clientWidth);
    const scale = new Scale(this.#events, width);
    this.element.classList.toggle("is-narrow", scale.narrow);
    const height = scale.height + (scale.most ? KEY : 0);
    this.picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.picture.setAttribute("height", `${height}`);
    this.#radii = this.#events.map(({ images }) => scale.r(images));
    this.#points = this.#events.map(({ time, lfw, tab }) => {
      tab.style.left = tab.style.top = "";
      return { x: scale.x(time), y: scale.y(lfw), w: tab.offsetWidth, h: tab.offsetHeight };
    });
    const boxes = scale.narrow ? [] : placeNames(this.#points, width, scale.floor - 4);
    boxes.forEach(({ x, y }, i) => {
      Object.assign(this.#events[i].tab.style, { left: `${x}px`, top: `${y}px` });
    });
    const leaders = boxes.map((box, i) => leader(this.#points[i], box));
    const dots = this.#points.map(({ x, y }, i) => disc("ft-dot", x, y, this.#radii[i]));
    const rings = this.#points.map(({ x, y }, i) =>
      draw("circle", { class: "ft-ring", cx: x, cy: y, r: this.#radii[i] + 3 }),
    );
    this.picture.replaceChildren(...axes(scale), ...key(scale), ...leaders, ...dots, ...rings);
    this.#marks = dots.map((dot, i) => [dot, rings[i], ...leaders.slice(i, i + 1)]);
    this.choose(this.#chosen);
  }

  /** Make one event's dot stand out. @param {number} index */
  choose(index) {
    this.#chosen = index;
    this.#marks.forEach((marks, i) => {
      for (const mark of marks) mark.classList.toggle("is-chosen", i === index);
    });
  }

  /** The event whose dot is near a place in the window, if one is. @param {MouseEvent} event */
  near({ clientX, clientY }) {
    const { left, top } = this.picture.getBoundingClientRect();
    const far = this.#points.map(({ x, y }) => Math.hypot(x - clientX + left, y - clientY + top));
    const index = far.indexOf(Math.min(...far));
    return far[index] < Math.max(REACH, this.#radii[index]) ? index : null;
  }
}
