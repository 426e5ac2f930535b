// Lines on the sphere: circles of longitude and latitude, and borders of regions.

import { colourOf, isDim } from "./markers.js";

/** @import {Scene, Sheet} from "./sphere.js" */

const STEPS = 60; // of a circle

/** Circles of longitude and latitude on the unit sphere, 30° apart, as lists of [x, y, z]. */
const GRATICULE = [-2, -1, 0, 1, 2, 3, 4, 5].flatMap((k) => {
  const [c, s] = [Math.cos((k * Math.PI) / 6), Math.sin((k * Math.PI) / 6)];
  const circle = Array.from({ length: STEPS + 1 }, (_, i) => (2 * Math.PI * i) / STEPS);
  const meridian = circle.map((t) => [Math.cos(t) * c, Math.sin(t), Math.cos(t) * s]);
  const parallel = circle.map((t) => [Math.cos(t) * c, s, Math.sin(t) * c]);
  return [...(k >= 0 ? [meridian] : []), ...(k <= 2 ? [parallel] : [])];
});

/**
 * Add to the path what of a line lies in front, or behind; in a flat picture, all of it.
 * @param {Sheet} sheet
 * @param {number[][]} line
 * @param {boolean} flat
 * @param {boolean} front
 */
export function traceLine({ g, camera, middle, radius }, line, flat, front) {
  let drawing = false;
  for (const [x, y, z = 0] of line) {
    const [right, up, deep] = camera.seen(x, y, z, flat);
    const shown = flat || deep >= 0 === front;
    const [px, py] = [middle + radius * right, middle - radius * up];
    if (shown && drawing) g.lineTo(px, py);
    else if (shown) g.moveTo(px, py);
    drawing = shown;
  }
}

/** Short lines across the circle where a band begins and where it ends. */
const ticksAt = (/** @type {number[][]} */ band) =>
  [band[0], band[band.length - 1]].map((end) => [0.95, 1.05].map((r) => end.map((x) => r * x)));

/** @param {Sheet} sheet @param {boolean} front */
export function drawGraticule(sheet, front) {
  const { g, ratio, ink } = sheet;
  g.beginPath();
  for (const line of GRATICULE) traceLine(sheet, line, false, front);
  g.lineWidth = 0.8 * ratio;
  g.strokeStyle = ink.line;
  g.globalAlpha = front ? 0.5 : 0.22;
  g.stroke();
  g.globalAlpha = 1;
}

/**
 * Borders of regions: bands on the circle, lines on the sphere. Thin ones are ticks and thin lines.
 * @param {Sheet} sheet
 * @param {Scene} scene
 * @param {boolean} front
 */
export function drawBorders(sheet, scene, front) {
  const { g, ratio, style, ink } = sheet;
  const { flat } = scene;
  g.lineCap = "butt";
  g.lineJoin = "round";
  for (const { cls, line, thin } of scene.borders || []) {
    g.beginPath();
    for (const part of thin && flat ? ticksAt(line) : [line]) traceLine(sheet, part, flat, front);
    g.lineWidth = (thin ? 1 : flat ? 7 : 1.8) * ratio;
    g.strokeStyle = thin ? ink.ink : colourOf(style, cls);
    const strong = thin ? (flat ? 0.6 : front ? 0.3 : 0.08) : flat ? 0.4 : front ? 0.9 : 0.3;
    g.globalAlpha = (!thin && isDim(scene, cls) ? 0.2 : 1) * strong;
    g.stroke();
  }
  g.globalAlpha = 1;
}
