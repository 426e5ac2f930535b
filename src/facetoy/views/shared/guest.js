// The reader's own image on a sphere: a card, above all points, and an arc to a class.

import { pen } from "./elements.js";
import { traceLine } from "./lines.js";
import { colourOf } from "./markers.js";

/** @import { Scene, Sheet } from "./sphere.js" */

const SIDE = 30; // CSS pixels
const PARTS = 24; // of the arc

/**
 * The reader's own image.
 * @typedef {object} Guest
 * @property {number} cls the class that its colour and its arc tell
 * @property {HTMLCanvasElement} picture
 */

/**
 * The image with grey values in [0, 1] as ink on nothing, in a colour.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} image of as many rows as columns
 * @param {number[]} rgb
 */
export function drawGuestImage(canvas, image, rgb) {
  const side = Math.sqrt(image.length);
  canvas.width = canvas.height = side;
  const picture = pen(canvas).createImageData(side, side);
  for (let k = 0; k < image.length; k++) picture.data.set([...rgb, Math.round(255 * image[k])], 4 * k);
  pen(canvas).putImageData(picture, 0, 0);
}

/**
 * The arc between two items of a scene.
 * @param {Sheet} sheet
 * @param {Scene} scene
 * @param {number} from
 * @param {number} to
 */
function drawArc(sheet, { items, flat }, from, to) {
  const { g, ratio, ink } = sheet;
  const ends = [from, to].map((k) => [...items.subarray(3 * k, 3 * k + 3)]);
  const longs = ends.map((end) => Math.hypot(...end) || 1);
  const [a, b] = ends.map((end, k) => end.map((value) => value / longs[k]));
  const line = Array.from({ length: PARTS + 1 }, (_, k) => {
    const between = a.map((value, c) => value + ((b[c] - value) * k) / PARTS);
    const long = Math.hypot(...between) || 1;
    return between.map((value) => value / long);
  });
  g.setLineDash([4 * ratio, 3 * ratio]);
  g.lineWidth = 2 * ratio;
  g.strokeStyle = ink.ink;
  for (const front of flat ? [true] : [false, true]) {
    g.globalAlpha = front ? 1 : 0.4;
    g.beginPath();
    traceLine(sheet, line, flat, front);
    g.stroke();
  }
  g.setLineDash([]);
}

/**
 * The guest, the item after the crosses, and its arc to its class.
 * @param {Sheet} sheet
 * @param {Scene} scene
 */
export function drawGuest(sheet, scene) {
  const { guest, count, ways, crosses } = scene;
  if (!guest) return;
  const at = count + ways.length + crosses;
  drawArc(sheet, scene, at, count + ways.findIndex(({ cls }) => cls === guest.cls));
  const { g, place, ratio, style, ink } = sheet;
  const side = SIDE * ratio;
  const behind = place[3 * at + 2] < 0;
  const [left, top] = [place[3 * at] - side / 2, place[3 * at + 1] - side / 2];
  g.globalAlpha = behind ? 0.6 : 1;
  g.beginPath();
  g.roundRect(left, top, side, side, side * 0.2);
  g.fillStyle = ink.surface;
  g.fill();
  g.imageSmoothingEnabled = false;
  g.drawImage(guest.picture, left + side * 0.14, top + side * 0.14, side * 0.72, side * 0.72);
  g.imageSmoothingEnabled = true;
  for (const [width, colour] of /** @type {const} */ ([[5, ink.ink], [2.6, colourOf(style, guest.cls)]])) {
    g.lineWidth = width * ratio;
    g.strokeStyle = colour;
    g.stroke();
  }
  g.globalAlpha = 1;
}
