// The picture of a triplet: lines, arrows downhill, handles, and zones around the anchor: a
// negative is hard where it is nearer than the positive, semi-hard within the margin beyond.

import { makeSvg, setAttributes } from "../shared/svg.js";

/** @import { Loss, Point, Triplet } from "./triplet.js" */

const POINTS = ["anchor", "positive", "negative"];
const ARROW = 0.22; // length of an arrow for a gradient of length 1

const place = (/** @type {Point} */ [x, y]) => [x, -y];

/** @param {string} name */
function makeHandle(name) {
  const mark =
    name === "negative"
      ? makeSvg("rect", { x: -0.085, y: -0.085, width: 0.17, height: 0.17 })
      : makeSvg("circle", { r: 0.1 });
  const letter = { y: 0.05, "text-anchor": "middle", "aria-hidden": "true" };
  const look = { class: `ft-handle ft-${name[0]}`, tabindex: 0, "data-lm-suppress-shortcuts": "true" };
  return makeSvg(
    "g",
    { ...look, role: "slider", "aria-label": name, "aria-valuemin": -180, "aria-valuemax": 180 },
    makeSvg("circle", { r: 0.22, class: "ft-reach" }),
    mark,
    makeSvg("text", letter, name[0]),
  );
}

/**
 * The ring around the anchor between two distances, clipped to the circle if points lie on it.
 * @param {string} kind
 * @param {Triplet} triplet
 * @param {number} from
 * @param {number} to
 */
function zone(kind, { points: [anchor], squared, normalize }, from, to) {
  const look = { class: `ft-zone ft-${kind}` };
  const [inner, outer] = [from, to].map((d) => (squared ? Math.sqrt(Math.max(0, d)) : d));
  if (!normalize) {
    const [cx, cy] = place(anchor);
    return [makeSvg("circle", { cx, cy, r: Math.min(outer, 9), ...look })];
  }
  const at = Math.atan2(anchor[1], anchor[0]);
  const angle = (/** @type {number} */ d) => 2 * Math.asin(Math.min(1, d / 2));
  return [1, -1].map((way) => {
    const [s, e] = [at + way * angle(inner), at + way * angle(outer)];
    const [x1, y1] = place([Math.cos(s), Math.sin(s)]);
    const [x2, y2] = place([Math.cos(e), Math.sin(e)]);
    return makeSvg("path", { d: `M ${x1} ${y1} A 1 1 0 0 ${way > 0 ? 0 : 1} ${x2} ${y2}`, ...look });
  });
}

/**
 * A path of an arrow that begins beside the point and goes downhill; none if nothing pulls.
 * @param {Point} point
 * @param {Point} gradient
 */
function arrow(point, [gx, gy]) {
  const long = Math.hypot(gx, gy) * ARROW;
  if (long < 0.005) return "";
  const [ux, uy] = place([-gx, -gy]).map((v) => v / Math.hypot(gx, gy));
  const [sx, sy] = place(point);
  const [tx, ty] = [sx + ux * (0.11 + long), sy + uy * (0.11 + long)];
  const [hx, hy] = [tx - ux * 0.08, ty - uy * 0.08];
  return (
    `M ${sx + ux * 0.11} ${sy + uy * 0.11} L ${tx} ${ty} ` +
    `M ${hx - uy * 0.05} ${hy + ux * 0.05} L ${tx} ${ty} L ${hx + uy * 0.05} ${hy - ux * 0.05}`
  );
}

export class Picture {
  handles = POINTS.map(makeHandle);
  #zones = makeSvg("g", { fill: "none", "aria-hidden": "true" });
  #lines = ["ft-near", "ft-far"].map((name) => makeSvg("line", { class: name }));
  #arrows = POINTS.map(([letter]) => makeSvg("path", { class: `ft-pull ft-${letter}` }));
  svg = makeSvg(
    "svg",
    { viewBox: "-1.6 -1.6 3.2 3.2", class: "ft-triplet" },
    ...[this.#zones, ...this.#lines, ...this.#arrows, ...this.handles],
  );

  /**
   * @param {Triplet} triplet
   * @param {Loss} now
   */
  draw(triplet, { near, gradients }) {
    const { points, margin, normalize } = triplet;
    this.#zones.replaceChildren(
      ...(normalize ? [makeSvg("circle", { r: 1, class: "ft-rim" })] : []),
      ...zone("hard", triplet, 0, near),
      ...zone("semi", triplet, near, near + margin),
    );
    const [[x1, y1], ...ends] = points.map(place);
    this.#lines.forEach((line, k) => setAttributes(line, { x1, y1, x2: ends[k][0], y2: ends[k][1] }));
    this.handles.forEach((handle, k) => {
      const point = points[k];
      const degree = Math.round((Math.atan2(point[1], point[0]) * 180) / Math.PI);
      const where = normalize ? `${degree} degrees` : point.map((v) => v.toFixed(2)).join(", ");
      setAttributes(handle, {
        transform: `translate(${place(point).join(" ")})`,
        "aria-valuenow": degree,
        "aria-valuetext": `at ${where}`,
      });
      this.#arrows[k].dataset.gradient = `${gradients[k]}`;
      this.#arrows[k].setAttribute("d", arrow(point, gradients[k]));
    });
  }

  /**
   * Where the pointer is, as a point of the triplet.
   * @param {MouseEvent} event
   * @returns {Point}
   */
  under(event) {
    const shown = /** @type {DOMMatrix} */ (this.svg.getScreenCTM());
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(shown.inverse());
    return [at.x, -at.y];
  }
}
