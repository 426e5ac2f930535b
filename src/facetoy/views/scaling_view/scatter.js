// Measured against predicted, both logarithmic; what lies on the diagonal is right.

import { make } from "../shared/elements.js";
import { makeSvg } from "../shared/svg.js";
import { BYTES, human, SECONDS } from "./words.js";

/** @typedef {[number, number, number]} Point predicted, measured, ranks */
/**
 * @typedef {object} Points
 * @property {string} title
 * @property {"s" | "B"} unit
 * @property {Point[]} points
 * @property {[number, number]} off by what share: in the median, at most
 */
/** @typedef {[number, number]} Ends of both axes, as powers of ten */

const [LEFT, TOP, LONG] = [62, 8, 200]; // the plot within its 270 by 246

/** @type {(value: number, ends: Ends) => number} */
const x = (value, [low, high]) => LEFT + (LONG * (Math.log10(value) - low)) / (high - low);
/** @type {(value: number, ends: Ends) => number} */
const y = (value, ends) => TOP + LONG - (x(value, ends) - LEFT);

const percent = (/** @type {number} */ share) => `${+(100 * share).toPrecision(2)}\u00a0%`;

/** Round numbers between the ends. */
function roundNumbers(/** @type {Ends} */ [low, high]) {
  const factors = high - low > 1.6 ? [1] : [1, 2, 5];
  const found = [];
  for (let power = Math.floor(low); power <= high; power++) {
    found.push(...factors.map((factor) => +`${factor}e${power}`));
  }
  return found.filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
}

/**
 * The grid, with its numbers.
 * @param {Ends} ends
 * @param {"s" | "B"} unit
 */
const drawGrid = (ends, unit) =>
  roundNumbers(ends).flatMap((tick) => {
    const [across, up] = [x(tick, ends), y(tick, ends)];
    const words = human(tick, unit === "s" ? SECONDS : BYTES);
    const lines = `M ${across} ${TOP} V ${TOP + LONG} M ${LEFT} ${up} H ${LEFT + LONG}`;
    return [
      makeSvg("path", { class: "ft-grid", d: lines }),
      makeSvg("text", { x: across, y: TOP + LONG + 16, "text-anchor": "middle" }, words),
      makeSvg("text", { x: LEFT - 6, y: up + 4, "text-anchor": "end" }, words),
    ];
  });

/**
 * A mark at (cx, cy), the same for the same number of ranks.
 * @param {number} kind
 * @param {number} cx
 * @param {number} cy
 * @param {string[]} colours three
 */
function drawMark(kind, cx, cy, colours) {
  const colour = colours[kind % 3];
  const look = { class: "ft-mark", fill: colour, stroke: colour };
  if (kind % 3 === 0) return makeSvg("circle", { cx, cy, r: 4, ...look });
  if (kind % 3 === 1) return makeSvg("rect", { x: cx - 3.5, y: cy - 3.5, width: 7, height: 7, ...look });
  return makeSvg("path", { d: `M ${cx} ${cy - 5} l 4.5 8 h -9 z`, ...look });
}

/**
 * What a mark means.
 * @param {number} ranks
 * @param {SVGElement} mark
 */
const makeKey = (ranks, mark) => {
  const swatch = makeSvg("svg", { viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" }, mark);
  return make("li", {}, swatch, `${ranks} rank${ranks === 1 ? "" : "s"}`);
};

/**
 * @param {Points} chart
 * @param {string[]} colours three
 */
export function drawScatter({ title, unit, points, off }, colours) {
  const logs = points.flatMap(([predicted, measured]) => [Math.log10(predicted), Math.log10(measured)]);
  /** @type {Ends} */
  const ends = [Math.min(...logs) - 0.15, Math.max(...logs) + 0.15];
  const kinds = [...new Set(points.map(([, , ranks]) => ranks))].sort((a, b) => a - b);
  const dots = points.map(([predicted, measured, ranks]) =>
    drawMark(kinds.indexOf(ranks), x(predicted, ends), y(measured, ends), colours),
  );
  const words = `${points.length} settings, off by ${percent(off[0])} in the median, ${percent(off[1])} at most`;
  const label = `${title}, measured against predicted: ${words}`;
  const svg = makeSvg(
    "svg",
    { viewBox: "0 0 270 246", role: "img", "aria-label": label },
    ...drawGrid(ends, unit),
    makeSvg("path", { class: "ft-diagonal", d: `M ${LEFT} ${TOP + LONG} L ${LEFT + LONG} ${TOP}` }),
    ...dots,
    makeSvg("text", { x: LEFT + LONG / 2, y: 244, "text-anchor": "middle" }, "predicted"),
    makeSvg("text", { x: LEFT + 6, y: TOP + 12, class: "ft-up" }, "measured"),
  );
  const key = kinds.map((ranks, kind) => makeKey(ranks, drawMark(kind, 6, 6, colours)));
  return make(
    "div",
    { class: "ft-scatter" },
    make("p", { class: "ft-title" }, title),
    svg,
    make("ul", { class: "ft-key" }, ...key),
    make("p", { class: "ft-note" }, `${words}.`),
  );
}
