// Points as the images that they stand for: a small card each, in the colour of its class.

import { pen } from "./elements.js";
import { colourOf } from "./markers.js";

/** @import {Images, Scene, Sheet} from "./sphere.js" */

const SHARE = 0.062; // of the picture's width, for one card
const [LEAST, MOST] = [18, 34]; // CSS pixels, the width of a card
const SHRINK = [1, 0.94, 0.84, 0.76]; // from front to back
const EDGE = 0.07; // of a card's width

/** The width of a card in front, in device pixels. */
export const tileSize = (/** @type {Sheet} */ { size, ratio }) =>
  Math.round(ratio * Math.max(LEAST, Math.min(MOST, SHARE * size)));

/** @param {string} colour #rrggbb @returns {number[]} */
const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

/**
 * Image `i` in a colour on nothing, as small as it came.
 * @param {Images} images
 * @param {number} i
 * @param {string} colour
 */
function inked({ width, height, ink }, i, colour) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const g = pen(canvas);
  const picture = g.createImageData(width, height);
  const rgb = channels(colour);
  for (let k = 0; k < width * height; k++) picture.data.set([...rgb, Math.round(255 * ink(i, k))], 4 * k);
  g.putImageData(picture, 0, 0);
  return canvas;
}

export class Tiles {
  /** @type {Map<number, HTMLCanvasElement>} by point */
  #cards = new Map();
  /** @type {Images | null} that the cards show */
  #images = null;

  /** Draw all cards anew: the size, or the colours of the page, are others. */
  forget() {
    this.#cards.clear();
  }

  /**
   * The card of point `i`, drawn once and kept.
   * @param {Sheet} sheet
   * @param {Scene} scene
   * @param {Images} images
   * @param {number} i
   */
  #card(sheet, scene, images, i) {
    const kept = this.#cards.get(i);
    if (kept) return kept;
    const { style, ink } = sheet;
    const side = tileSize(sheet);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const g = pen(canvas);
    const colour = colourOf(style, scene.classes[i]);
    const edge = Math.max(1, side * EDGE);
    g.beginPath();
    g.roundRect(edge / 2, edge / 2, side - edge, side - edge, side * 0.2);
    g.fillStyle = ink.surface;
    g.fill();
    if (style.hollow[scene.classes[i]]) g.setLineDash([side / 6, side / 8]);
    g.lineWidth = edge;
    g.strokeStyle = colour;
    g.stroke();
    g.imageSmoothingQuality = "high";
    const inside = side - 3.2 * edge;
    const scale = inside / Math.max(images.width, images.height);
    const [w, h] = [images.width * scale, images.height * scale];
    g.drawImage(inked(images, i, colour), (side - w) / 2, (side - h) / 2, w, h);
    this.#cards.set(i, canvas);
    return canvas;
  }

  /**
   * Draw the card of point `i` where the point is.
   * @param {Sheet} sheet
   * @param {Scene} scene
   * @param {Images} images
   * @param {number} i
   * @param {number} shade from 0 in front to 3 behind
   */
  draw(sheet, scene, images, i, shade) {
    if (images !== this.#images) this.forget();
    this.#images = images;
    const { g, place } = sheet;
    const side = tileSize(sheet) * SHRINK[shade];
    const card = this.#card(sheet, scene, images, i);
    g.drawImage(card, place[3 * i] - side / 2, place[3 * i + 1] - side / 2, side, side);
  }
}
