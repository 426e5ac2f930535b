// The points of a picture, each a marker or an image, back to front; and the one that is selected.

import { pen } from "./elements.js";
import { drawClass, isDim } from "./markers.js";
import { Tiles, tileSize } from "./tiles.js";

/** @import {Scene, Sheet} from "./sphere.js" */

const MANY = 800; // points, from which on their markers are smaller and drawn faster
const SHADES = [1, 0.85, 0.4, 0.28]; // from front to back
const DEPTHS = 64; // to which points are sorted

/** @param {Sheet} sheet @param {number} count of points */
export const markerSize = ({ ratio, size }, count) =>
  ratio * Math.max(2, Math.min(4.6, size / 105)) * (count > MANY ? 0.8 : 1);

/** Points class by class, so that neighbours in this sequence are neighbours in the picture. */
export const walkOf = (/** @type {ArrayLike<number>} */ classes) =>
  [...Array(classes.length).keys()].sort((a, b) => classes[a] - classes[b] || a - b);

export class Points {
  /** @type {Map<number, {r: number, canvas: HTMLCanvasElement}>} by class and shade */
  #sprites = new Map();
  #tiles = new Tiles();
  #order = new Uint32Array(0);
  #bins = new Uint32Array(DEPTHS + 1);

  /** Draw all anew: the size, or the colours of the page, are others. */
  forget() {
    this.#sprites.clear();
    this.#tiles.forget();
  }

  /** Put `count` points in order, back to front, by counting sort over their depths. */
  sort(/** @type {Float32Array} */ place, /** @type {number} */ count) {
    if (this.#order.length < count) this.#order = new Uint32Array(count);
    const [bins, order] = [this.#bins.fill(0), this.#order];
    const bin = (/** @type {number} */ i) =>
      Math.max(0, Math.min(DEPTHS - 1, ((place[3 * i + 2] + 1) * (DEPTHS / 2)) | 0));
    for (let i = 0; i < count; i++) bins[bin(i) + 1]++;
    for (let k = 0; k < DEPTHS; k++) bins[k + 1] += bins[k];
    for (let i = 0; i < count; i++) order[bins[bin(i)]++] = i;
  }

  /**
   * A class's marker in one shade, drawn once and kept.
   * @param {Sheet} sheet
   * @param {number} cls
   * @param {number} shade
   * @param {number} r
   */
  #sprite({ style, ink }, cls, shade, r) {
    const key = cls * SHADES.length + shade;
    const kept = this.#sprites.get(key);
    if (kept?.r === r) return kept.canvas;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 2 * Math.ceil(r * 1.3 + 1);
    const g = pen(canvas);
    g.globalAlpha = SHADES[shade];
    const mine = r * (1 - (0.26 * shade) / (SHADES.length - 1));
    drawClass(g, canvas.width / 2, canvas.width / 2, cls, mine, style, ink.surface);
    this.#sprites.set(key, { r, canvas });
    return canvas;
  }

  /** Draw the points in front, or those behind. */
  draw(/** @type {Sheet} */ sheet, /** @type {Scene} */ scene, /** @type {boolean} */ front) {
    const { g, place } = sheet;
    for (let k = 0; k < scene.count; k++) {
      const i = this.#order[k];
      const depth = place[3 * i + 2];
      if (depth >= 0 !== front) continue;
      const cls = scene.classes[i];
      const shade = depth > 0.4 ? 0 : depth >= 0 ? 1 : depth > -0.5 ? 2 : 3;
      const shown = scene.highlight === cls ? Math.min(1, shade) : shade;
      g.globalAlpha = isDim(scene, cls) ? 0.2 : 1;
      if (scene.images) {
        g.globalAlpha *= SHADES[shown];
        this.#tiles.draw(sheet, scene, scene.images, i, shown);
      } else this.#drawMarker(sheet, scene, i, shown);
    }
    g.globalAlpha = 1;
  }

  /**
   * @param {Sheet} sheet
   * @param {Scene} scene
   * @param {number} i
   * @param {number} shade
   */
  #drawMarker(sheet, scene, i, shade) {
    const { g, place } = sheet;
    const marker = this.#sprite(sheet, scene.classes[i], shade, markerSize(sheet, scene.count));
    const whole = scene.count > MANY; // markers at whole pixels are copied a third faster
    const x = place[3 * i] - marker.width / 2;
    const y = place[3 * i + 1] - marker.width / 2;
    g.drawImage(marker, whole ? Math.round(x) : x, whole ? Math.round(y) : y);
  }

  /** The selected point, larger and in a ring. */
  drawSelected(/** @type {Sheet} */ sheet, /** @type {Scene} */ scene) {
    const { g, place, style, ratio, ink } = sheet;
    const i = scene.selected;
    if (i < 0) return;
    let ring = markerSize(sheet, scene.count) * 2.3;
    if (scene.images) {
      ring = tileSize(sheet) * 0.8;
      this.#tiles.draw(sheet, scene, scene.images, i, 0);
    } else {
      drawClass(g, place[3 * i], place[3 * i + 1], scene.classes[i], (ring * 1.35) / 2.3, style, ink.surface);
    }
    g.beginPath();
    g.arc(place[3 * i], place[3 * i + 1], ring, 0, 2 * Math.PI);
    g.lineWidth = 3.5 * ratio;
    g.strokeStyle = ink.surface;
    g.stroke();
    g.lineWidth = 1.8 * ratio;
    g.strokeStyle = ink.ink;
    g.stroke();
  }
}
