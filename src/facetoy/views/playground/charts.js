// Small charts on a canvas: curves over time, and two histograms. What they say stands beside them.

import { pen } from "../shared/elements.js";

const WORDS = 14; // pixels above the curves for what their top stands for

/** @typedef {(name: string) => string} Colours what a name of the style sheet stands for */

/**
 * @typedef {object} Line
 * @property {[number, number][]} [values] x, y
 * @property {number} [level] of a line across all the chart, instead
 * @property {number} most the value that fills the height; 0 is at the bottom
 * @property {string} [top] what that value is, in words
 * @property {string} colour
 * @property {number[]} [dash]
 */

/**
 * Make the canvas as sharp as the screen; returns its context and size in CSS pixels.
 * @param {HTMLCanvasElement} canvas
 */
function sharpen(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const g = pen(canvas);
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  return { g, width, height };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Colours}
 */
function coloursOf(canvas) {
  const css = getComputedStyle(canvas);
  return (name) => css.getPropertyValue(`--ft-${name}`).trim();
}

/**
 * A base line, and a word at either end of it.
 * @param {CanvasRenderingContext2D} g
 * @param {number} width
 * @param {number} height
 * @param {Colours} colour
 * @param {[string, string]} words
 */
function drawAxis(g, width, height, colour, [from, to]) {
  g.strokeStyle = colour("line");
  g.lineWidth = 1;
  g.beginPath();
  g.moveTo(0, height - 15.5);
  g.lineTo(width, height - 15.5);
  g.stroke();
  g.fillStyle = colour("muted");
  g.font = `11px ${getComputedStyle(g.canvas).fontFamily}`;
  g.textBaseline = "bottom";
  g.textAlign = "left";
  g.fillText(from, 0, height);
  g.textAlign = "right";
  g.fillText(to, width, height);
}

/**
 * What the top of the chart stands for: on the left, and on the right, each in the colour of a line.
 * @param {CanvasRenderingContext2D} g
 * @param {number} width
 * @param {Colours} colour
 * @param {Line[]} lines
 */
function nameTops(g, width, colour, lines) {
  g.textBaseline = "top";
  for (const { top, colour: name } of lines.filter((line) => line.top)) {
    const left = name === "same";
    g.textAlign = left ? "left" : "right";
    g.fillStyle = colour(name);
    g.fillText(top ?? "", left ? 0 : width, 0);
  }
}

/**
 * Curves from the first to the last epoch.
 * @param {HTMLCanvasElement} canvas
 * @param {Line[]} lines
 * @param {number} end the last epoch
 */
export function drawCurves(canvas, lines, end) {
  const { g, width, height } = sharpen(canvas);
  if (!width) return;
  const colour = coloursOf(canvas);
  drawAxis(g, width, height, colour, ["0", `${Math.round(end)} epochs`]);
  const tall = height - 18 - WORDS;
  for (const { values = [], level, most, colour: name, dash = [] } of lines) {
    const y = (/** @type {number} */ value) => WORDS + tall * (1 - Math.min(1, value / most));
    g.beginPath();
    if (level !== undefined) {
      g.moveTo(0, y(level));
      g.lineTo(width, y(level));
    }
    for (const [k, [at, value]] of values.entries()) {
      if (Number.isFinite(value)) g[k ? "lineTo" : "moveTo"](end ? (width * at) / end : 0, y(value));
    }
    g.strokeStyle = colour(name);
    g.lineWidth = level === undefined ? 2 : 1.2;
    g.setLineDash(dash);
    g.stroke();
    g.setLineDash([]);
  }
  nameTops(g, width, colour, lines);
}

/**
 * The outline of a histogram, from the base line up and down again.
 * @param {CanvasRenderingContext2D} g
 * @param {Float64Array} bins
 * @param {number} most
 * @param {number} width
 * @param {number} height
 */
function traceBins(g, bins, most, width, height) {
  const step = width / bins.length;
  const floor = height - 16;
  g.beginPath();
  g.moveTo(0, floor);
  bins.forEach((value, k) => {
    const top = floor - ((height - 22) * value) / most;
    g.lineTo(k * step, top);
    g.lineTo((k + 1) * step, top);
  });
  g.lineTo(width, floor);
}

/**
 * Two histograms over 0 … 180°: `own` filled, `other` as an outline.
 * @param {HTMLCanvasElement} canvas
 * @param {Float64Array} own
 * @param {Float64Array} other
 */
export function drawHistograms(canvas, own, other) {
  const { g, width, height } = sharpen(canvas);
  if (!width) return;
  const colour = coloursOf(canvas);
  drawAxis(g, width, height, colour, ["0°", "180°"]);
  const most = Math.max(1, ...own, ...other);
  traceBins(g, own, most, width, height);
  g.fillStyle = colour("same");
  g.globalAlpha = 0.55;
  g.fill();
  g.globalAlpha = 1;
  traceBins(g, other, most, width, height);
  g.strokeStyle = colour("other");
  g.lineWidth = 2;
  g.stroke();
}
