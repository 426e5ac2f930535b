// How pointer and keys choose a point of one side.

/** @import {Turned} from "../shared/camera.js" */
/** @import {Scene, Sphere} from "../shared/sphere.js" */

/**
 * What a side tells the picture.
 * @typedef {object} Listener
 * @property {() => void} turned
 * @property {(i: number) => void} selected a point, or none (-1)
 * @property {(by: number) => void} walked to the next point or the one before, by keys
 * @property {() => boolean} closed the card, if there was one
 * @property {() => void} left the picture for another element
 * @property {() => boolean} keyed whether a point was reached by keys, on any side
 */

/**
 * A point that was tapped, or reached by keys, stays while the pointer moves on.
 * @implements {Turned}
 */
export class Pointing {
  #canvas;
  #sphere;
  #scene;
  #on;
  #pinned = false;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Sphere} sphere
   * @param {Scene} scene
   * @param {Listener} on
   */
  constructor(canvas, sphere, scene, on) {
    this.#canvas = canvas;
    this.#sphere = sphere;
    this.#scene = scene;
    this.#on = on;
  }

  turned() {
    this.#on.turned();
  }

  /** @param {number} x @param {number} y @param {boolean} touch */
  tapped(x, y, touch) {
    const i = this.#sphere.pick(this.#scene, x, y, touch ? 26 : 14);
    this.#pinned = i >= 0;
    this.#on.selected(i);
  }

  /** @param {number | null} x @param {number | null} y */
  hovered(x, y) {
    if (this.#pinned) return;
    const away = x === null || y === null;
    const i = away ? -1 : this.#sphere.pick(this.#scene, x, y, 12);
    this.#canvas.style.cursor = i >= 0 ? "pointer" : "";
    if (!away || !this.#on.keyed()) this.#on.selected(i);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const key = event.key.toLowerCase();
    if (key === "n" || key === "p") {
      this.#pinned = true;
      this.#on.walked(key === "n" ? 1 : -1);
      return true;
    }
    if (key !== "escape" || !this.#on.closed()) return false;
    this.#pinned = false;
    return true;
  }

  left() {
    this.#pinned = false;
    this.#on.left();
  }
}
