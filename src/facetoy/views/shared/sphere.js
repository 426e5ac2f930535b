// Draws points, arrows and ticks on a circle or a sphere into a 2-D canvas. Knows nothing of runs
// or losses: it gets positions, colours and names.

import { drawArrows, drawCrosses } from "./arrows.js";
import { makeBall } from "./ball.js";
import { make, pen } from "./elements.js";
import { drawGuest } from "./guest.js";
import { drawBorders, drawGraticule } from "./lines.js";
import { isDim } from "./markers.js";
import { drawNames } from "./names.js";
import { Points } from "./points.js";

/** @import {Camera} from "./camera.js" */
/** @import {Guest} from "./guest.js" */

/**
 * How each class is drawn. Colours (`#rrggbb`) and markers start again after the last.
 * @typedef {object} Style
 * @property {string[]} colors
 * @property {string[]} markers circle, square, triangle or diamond
 * @property {boolean[]} hollow
 */

/**
 * The images of the points.
 * @typedef {object} Images
 * @property {number} width in pixels
 * @property {number} height
 * @property {(i: number, pixel: number) => number} ink how dark a pixel of image i is, from 0 to 1
 *
 * What there is to draw.
 * @typedef {object} Scene
 * @property {boolean} flat a circle, not a sphere
 * @property {number} count of points
 * @property {ArrayLike<number>} classes class of each point
 * @property {Float32Array} items x, y, z of all points, then of all ways, of crosses, of the guest, in
 *   units of the radius
 * @property {{name: string, cls: number}[]} ways arrows or ticks
 * @property {boolean} [ticks] draw ways as ticks
 * @property {number} crosses how many classes have a cross
 * @property {{cls: number, line: number[][], thin: boolean}[]} [borders] lines of [x, y, z] on the
 *   circle or the sphere; thin ones have no colour
 * @property {number} highlight the class that is brought out, or -1
 * @property {number} selected the point that is selected, or -1
 * @property {Images | null} [images] to draw in the place of markers
 * @property {Guest | null} [guest] the reader's own image: the item after the crosses
 */

/**
 * What is drawn on, for the functions that draw the parts of a scene.
 * @typedef {object} Sheet
 * @property {CanvasRenderingContext2D} g
 * @property {Camera} camera
 * @property {Style} style
 * @property {Record<"ink" | "line" | "surface" | "glow" | "shade" | "font", string>} ink the page's
 *   colours and font
 * @property {number} size in CSS pixels
 * @property {number} ratio device pixels per CSS pixel
 * @property {number} middle of the canvas, in device pixels
 * @property {number} radius in device pixels
 * @property {Float32Array} place x, y (device pixels) and depth of all items of the scene
 */

/** A canvas for a sphere that the reader turns, and its place in the page. */
export function turnable() {
  const role = { role: "application", "aria-roledescription": "turnable picture" };
  const canvas = make("canvas", { tabindex: 0, ...role });
  return { canvas, stage: make("div", { class: "ft-stage" }, canvas) };
}

/** A circle or a sphere on a canvas. */
export class Sphere {
  #canvas;
  /** @type {Sheet} */
  #sheet;
  #points = new Points();
  /** @type {Map<boolean, HTMLCanvasElement>} by whether it is flat */
  #balls = new Map();

  /** @param {HTMLCanvasElement} canvas @param {Camera} camera @param {Style} style */
  constructor(canvas, camera, style) {
    this.#canvas = canvas;
    const ink = { ink: "", line: "", surface: "", glow: "", shade: "", font: "" };
    const place = new Float32Array(0);
    const [g, size, ratio, middle, radius] = [pen(canvas), 0, 1, 0, 0];
    this.#sheet = { g, camera, style, ink, size, ratio, middle, radius, place };
  }

  /** Take on a width in CSS pixels. */
  resize(/** @type {number} */ width) {
    const sheet = this.#sheet;
    const ratio = window.devicePixelRatio || 1;
    if (width === sheet.size && ratio === sheet.ratio) return;
    const side = Math.max(1, Math.round(width * ratio));
    this.#canvas.width = this.#canvas.height = side;
    const radius = 0.5 * width * ratio * (width < 260 ? 0.74 : 0.79);
    Object.assign(sheet, { size: width, ratio, middle: side / 2, radius });
    this.#forget();
  }

  /** Take on the page's colours. */
  retheme() {
    const css = getComputedStyle(this.#canvas);
    const { ink } = this.#sheet;
    for (const name of /** @type {const} */ (["ink", "line", "surface", "glow", "shade"])) {
      ink[name] = css.getPropertyValue(`--ft-${name}`).trim() || "#888";
    }
    ink.font = css.fontFamily;
    this.#forget();
  }

  #forget() {
    this.#points.forget();
    this.#balls.clear();
  }

  draw(/** @type {Scene} */ scene) {
    const sheet = this.#sheet;
    if (!sheet.size) return;
    this.#project(scene);
    this.#points.sort(sheet.place, scene.count);
    sheet.g.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (!scene.flat) {
      drawGraticule(sheet, false);
      drawBorders(sheet, scene, false);
      drawArrows(sheet, scene, false, false);
      drawArrows(sheet, scene, false, true);
      this.#points.draw(sheet, scene, false);
      drawCrosses(sheet, scene, false);
    }
    this.#drawBall(scene.flat);
    if (!scene.flat) drawGraticule(sheet, true);
    drawBorders(sheet, scene, true);
    drawArrows(sheet, scene, true, false);
    this.#points.draw(sheet, scene, true);
    drawCrosses(sheet, scene, true);
    drawArrows(sheet, scene, true, true);
    drawNames(sheet, scene);
    drawGuest(sheet, scene);
    this.#points.drawSelected(sheet, scene);
  }

  #drawBall(/** @type {boolean} */ flat) {
    const ball = this.#balls.get(flat) || makeBall(this.#sheet, flat);
    this.#balls.set(flat, ball);
    this.#sheet.g.drawImage(ball, 0, 0);
  }

  /** Find the places of all items on the canvas. */
  #project(/** @type {Scene} */ { items, flat }) {
    const sheet = this.#sheet;
    if (sheet.place.length < items.length) sheet.place = new Float32Array(items.length);
    const { camera, middle, radius, place } = sheet;
    for (let i = 0; i < items.length; i += 3) {
      const [right, up, deep] = camera.seen(items[i], items[i + 1], items[i + 2], flat);
      place[i] = middle + radius * right;
      place[i + 1] = middle - radius * up;
      place[i + 2] = deep;
    }
  }

  /**
   * Index of the point nearest to (x, y) in CSS pixels, front before back; -1 if none is near.
   * @param {Scene} scene
   * @param {number} x
   * @param {number} y
   * @param {number} reach
   */
  pick(scene, x, y, reach) {
    const { place, ratio } = this.#sheet;
    let best = -1;
    let least = reach * reach;
    for (let i = 0; i < scene.count; i++) {
      if (isDim(scene, scene.classes[i])) continue;
      const dx = place[3 * i] / ratio - x;
      const dy = place[3 * i + 1] / ratio - y;
      const far = dx * dx + dy * dy + (place[3 * i + 2] < 0 ? 60 : 0);
      if (far < least) {
        least = far;
        best = i;
      }
    }
    return best;
  }

  /**
   * Where point `i` was last drawn, in CSS pixels from the canvas's corner.
   * @returns {[number, number]}
   */
  where(/** @type {number} */ i) {
    const { place, ratio } = this.#sheet;
    return [place[3 * i] / ratio, place[3 * i + 1] / ratio];
  }
}
