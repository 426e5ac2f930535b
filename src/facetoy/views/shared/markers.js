// How a class looks: its marker and its colour, and whether another class is brought out.

/** @import {Scene, Style} from "./sphere.js" */

/** @param {Style} style @param {number} cls */
export const colourOf = (style, cls) => style.colors[cls % style.colors.length];

/** Whether class `cls` stands back, because another is brought out. */
export const isDim = (/** @type {Scene} */ scene, /** @type {number} */ cls) =>
  scene.highlight >= 0 && scene.highlight !== cls;

/**
 * Outline of a marker of about `r` pixels around the origin.
 * @param {CanvasRenderingContext2D} g
 * @param {string} shape
 * @param {number} r
 */
function tracePath(g, shape, r) {
  g.beginPath();
  if (shape === "square") g.rect(-r * 0.86, -r * 0.86, r * 1.72, r * 1.72);
  else if (shape === "triangle") {
    g.moveTo(0, -r * 1.2);
    g.lineTo(r * 1.12, r * 0.8);
    g.lineTo(-r * 1.12, r * 0.8);
  } else if (shape === "diamond") {
    g.moveTo(0, -r * 1.25);
    g.lineTo(r * 1.05, 0);
    g.lineTo(0, r * 1.25);
    g.lineTo(-r * 1.05, 0);
  } else g.arc(0, 0, r, 0, 2 * Math.PI);
  g.closePath();
}

/**
 * Draw one marker at (x, y): filled with a thin rim, or hollow.
 * @param {CanvasRenderingContext2D} g
 * @param {number} x
 * @param {number} y
 * @param {string} shape
 * @param {number} r
 * @param {string} colour
 * @param {boolean} hollow
 * @param {string} rim
 */
export function drawMarker(g, x, y, shape, r, colour, hollow, rim) {
  g.save();
  g.translate(x, y);
  g.lineJoin = "round";
  tracePath(g, shape, hollow ? r * 0.85 : r);
  if (hollow) {
    g.fillStyle = rim;
    g.globalAlpha *= 0.55;
    g.fill();
    g.globalAlpha /= 0.55;
    g.lineWidth = Math.max(1.5, r * 0.42);
    g.strokeStyle = colour;
  } else {
    g.fillStyle = colour;
    g.fill();
    g.lineWidth = Math.max(0.8, r * 0.17);
    g.strokeStyle = rim;
  }
  g.stroke();
  g.restore();
}

/**
 * Draw the marker of class `cls` at (x, y).
 * @param {CanvasRenderingContext2D} g
 * @param {number} x
 * @param {number} y
 * @param {number} cls
 * @param {number} r
 * @param {Style} style
 * @param {string} rim
 */
export function drawClass(g, x, y, cls, r, style, rim) {
  const shape = style.markers[cls % style.markers.length];
  drawMarker(g, x, y, shape, r, colourOf(style, cls), style.hollow[cls], rim);
}
