// Where the classes of a picture lie: arrows for weights, ticks for means, crosses for centers.

import { colourOf, isDim } from "./markers.js";
import { markerSize } from "./points.js";

/** @import {Scene, Sheet} from "./sphere.js" */

export const TIP = 1.11; // where arrows and ticks end, in radii
const SHAFT = 2; // thickness of an arrow, in CSS pixels
const HEAD = 5.2; // half the width of its head
const TICK = 3.2; // thickness of a tick

/**
 * Arrow shafts (under the points) or heads (above them); ticks have a shaft only.
 * @param {Sheet} sheet
 * @param {Scene} scene
 * @param {boolean} front
 * @param {boolean} heads
 */
export function drawArrows(sheet, scene, front, heads) {
  const { g, middle, place, style } = sheet;
  scene.ways.forEach(({ cls }, k) => {
    const at = 3 * (scene.count + k);
    if (place[at + 2] >= 0 !== front) return;
    const [dx, dy] = [place[at] - middle, place[at + 1] - middle];
    if (Math.hypot(dx, dy) < 1e-6 && place[at + 2] === 0) return;
    g.globalAlpha = (isDim(scene, cls) ? 0.2 : 1) * (front ? 1 : 0.3);
    g.lineCap = "round";
    const draw = scene.ticks ? drawTick : heads ? drawHead : drawShaft;
    if (heads || !scene.ticks) draw(sheet, dx, dy, colourOf(style, cls));
  });
  g.globalAlpha = 1;
}

/**
 * @param {Sheet} sheet
 * @param {number} dx from the centre, device pixels
 * @param {number} dy
 * @param {string} colour
 */
function drawTick({ g, middle, ratio }, dx, dy, colour) {
  g.beginPath();
  g.moveTo(middle + dx * 1.01, middle + dy * 1.01);
  g.lineTo(middle + dx * TIP, middle + dy * TIP);
  g.strokeStyle = colour;
  g.lineWidth = TICK * ratio;
  g.stroke();
}

/** @type {typeof drawTick} */
function drawShaft({ g, middle, ratio }, dx, dy, colour) {
  const fade = g.createLinearGradient(middle, middle, middle + dx * TIP, middle + dy * TIP);
  fade.addColorStop(0, `${colour}30`);
  fade.addColorStop(0.75, colour);
  g.beginPath();
  g.moveTo(middle, middle);
  g.lineTo(middle + dx * (TIP - 0.04), middle + dy * (TIP - 0.04));
  g.strokeStyle = fade;
  g.lineWidth = SHAFT * ratio;
  g.stroke();
}

/**
 * The head foreshortens with its arrow, but stays a head.
 * @type {typeof drawTick}
 */
function drawHead({ g, middle, radius, ratio, size, ink }, dx, dy, colour) {
  const long = Math.hypot(dx, dy);
  const w = HEAD * ratio * Math.max(0.75, Math.min(1, size / 420));
  const back = 2.1 * w * Math.max(0.45, Math.min(1, long / radius));
  const [ux, uy] = long > 1e-6 ? [dx / long, dy / long] : [0, -1];
  const [tx, ty] = [middle + dx * TIP, middle + dy * TIP];
  g.beginPath();
  g.moveTo(tx, ty);
  g.lineTo(tx - ux * back - uy * w, ty - uy * back + ux * w);
  g.lineTo(tx - ux * back * 0.72, ty - uy * back * 0.72);
  g.lineTo(tx - ux * back + uy * w, ty - uy * back - ux * w);
  g.closePath();
  g.fillStyle = colour;
  g.lineJoin = "round";
  g.lineWidth = 2 * ratio;
  g.strokeStyle = ink.surface;
  g.stroke();
  g.fill();
}

/**
 * A cross for each class's center, with a rim so that it stands out among its points.
 * @param {Sheet} sheet
 * @param {Scene} scene
 * @param {boolean} front
 */
export function drawCrosses(sheet, scene, front) {
  const { g, place, ratio, ink, style } = sheet;
  const r = 1.7 * markerSize(sheet, scene.count);
  g.lineCap = "round";
  for (let k = 0; k < scene.crosses; k++) {
    const at = 3 * (scene.count + scene.ways.length + k);
    if (place[at + 2] >= 0 !== front) continue;
    g.globalAlpha = (isDim(scene, k) ? 0.2 : 1) * (front ? 1 : 0.35);
    g.beginPath();
    for (const way of [1, -1]) {
      g.moveTo(place[at] - r, place[at + 1] - way * r);
      g.lineTo(place[at] + r, place[at + 1] + way * r);
    }
    for (const [width, colour] of /** @type {[number, string][]} */ ([
      [6, ink.surface],
      [3.6, ink.ink],
      [2, colourOf(style, k)],
    ])) {
      g.lineWidth = width * ratio;
      g.strokeStyle = colour;
      g.stroke();
    }
  }
  g.globalAlpha = 1;
}
