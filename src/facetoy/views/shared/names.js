// The names of the classes beside their arrows.

import { TIP } from "./arrows.js";
import { isDim } from "./markers.js";

/** @import {Scene, Sheet} from "./sphere.js" */

const ROUNDS = 10; // of pushing names apart

/**
 * A name, its middle and half its width in device pixels.
 * @typedef {{name: string, cls: number, x: number, y: number, half: number, front: boolean}} Name
 */

/**
 * Each name beyond the tip of its arrow; of an arrow that points at the reader, above the tip.
 * @param {Sheet} sheet
 * @param {Scene} scene
 * @param {number} height of the letters
 * @returns {Name[]}
 */
function namesAtTips({ g, place, middle, radius }, scene, height) {
  return scene.ways.map(({ name, cls }, k) => {
    const at = 3 * (scene.count + k);
    const [dx, dy] = [place[at] - middle, place[at + 1] - middle];
    const flatness = Math.min(1, Math.hypot(dx, dy) / radius / 0.35);
    const away = Math.hypot(dx, dy) || 1;
    const off = height * 0.95;
    const half = g.measureText(name).width / 2;
    const x = middle + dx * TIP + (dx / away) * flatness * (off + half * 0.6);
    const y = middle + dy * TIP + (dy / away) * flatness * off - (1 - flatness) * off;
    return { name, cls, x, y, half, front: place[at + 2] >= 0 };
  });
}

/**
 * Push two names apart, along the axis on which they lie on each other less.
 * @param {Name} a
 * @param {Name} b
 * @param {number} gap between names beside each other
 * @param {number} height of a line
 */
function pushApart(a, b, gap, height) {
  const [dx, dy] = [a.x - b.x, a.y - b.y];
  const overX = a.half + b.half + gap - Math.abs(dx);
  const overY = height - Math.abs(dy);
  if (overX <= 0 || overY <= 0) return;
  const axis = overX < overY ? "x" : "y";
  const push = (Math.min(overX, overY) / 2) * ((axis === "x" ? dx : dy) < 0 ? -1 : 1);
  a[axis] += push;
  b[axis] -= push;
}

/**
 * Names beside the tips, pushed apart where they would lie on each other.
 * @param {Sheet} sheet
 * @param {Scene} scene
 */
export function drawNames(sheet, scene) {
  const { g, middle, size, ratio, ink } = sheet;
  const height = Math.max(11, Math.min(15, size / 28)) * ratio;
  g.font = `600 ${height}px ${ink.font}`;
  g.textAlign = "center";
  g.textBaseline = "middle";
  g.lineJoin = "round";
  const names = namesAtTips(sheet, scene, height);
  const within = (/** @type {number} */ value, /** @type {number} */ edge) =>
    Math.max(edge, Math.min(2 * middle - edge, value));
  for (let round = 0; round < ROUNDS; round++) {
    for (let a = 0; a < names.length; a++) {
      for (let b = 0; b < a; b++) pushApart(names[a], names[b], 3 * ratio, height * 1.05);
    }
    // at once, so that the next round parts those that meet at the edge of the picture
    for (const name of names) {
      name.x = within(name.x, name.half + 2 * ratio);
      name.y = within(name.y, height * 0.6);
    }
  }
  // those behind come first
  for (const { name, cls, x, y, front } of names.sort((a, b) => +a.front - +b.front)) {
    g.globalAlpha = (isDim(scene, cls) ? 0.25 : 1) * (front ? 1 : 0.5);
    g.lineWidth = 3.5 * ratio;
    g.strokeStyle = ink.surface;
    g.strokeText(name, x, y);
    g.fillStyle = ink.ink;
    g.fillText(name, x, y);
  }
  g.globalAlpha = 1;
}
