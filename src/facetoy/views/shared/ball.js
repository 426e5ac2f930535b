// The ball that points lie on, or the circle.

import { pen } from "./elements.js";

/** @import {Sheet} from "./sphere.js" */

/**
 * A canvas with the ball: soft light from the upper left, and a rim. A circle is a rim only.
 * @param {Sheet} sheet
 * @param {boolean} flat
 */
export function makeBall({ middle: c, radius: r, ratio, ink }, flat) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 2 * c;
  const g = pen(canvas);
  g.beginPath();
  g.arc(c, c, r, 0, 2 * Math.PI);
  if (!flat) {
    const light = g.createRadialGradient(c - r * 0.35, c - r * 0.45, r * 0.05, c, c, r);
    light.addColorStop(0, ink.glow);
    light.addColorStop(1, ink.shade);
    g.fillStyle = light;
    g.fill();
  }
  g.lineWidth = 1.2 * ratio;
  g.strokeStyle = ink.line;
  g.stroke();
  return canvas;
}
