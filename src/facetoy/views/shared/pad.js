// A pad to draw on with mouse, finger or keys.

import { digitOf, PEN, SIZE } from "./digit.js";
import { make, pen } from "./elements.js";
import { drawGuestImage } from "./guest.js";

/** @import { Spot, Stroke } from "./digit.js" */
/** @import { Maker, MakerListener } from "./hand.js" */

const STEP = 1 / 20; // of an arrow key, in pads
/** @type {Record<string, Spot>} */
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HOW =
  "Pad for a digit. Draw with mouse or finger, or by keys: arrow keys move the pen, Space puts it " +
  "down and lifts it, Backspace takes back the last stroke, Delete clears.";

const inside = (/** @type {number} */ place) => Math.max(0, Math.min(1, place));

/** @implements {Maker} */
class Pad {
  name = "Your own digit";
  invite = "Draw a digit: the network puts it on the picture.";
  empty = "The pad is empty.";
  element = make("canvas", { class: "ft-pad", tabindex: 0, role: "application", "aria-label": HOW });
  /** @type {HTMLElement[]} */
  below = [];
  /** @type {Stroke[]} */
  #strokes = [];
  #on;
  /** @type {number | null} the pointer that draws */
  #pointer = null;
  /** @type {Spot} of the pen that keys move */
  #spot = [0.5, 0.2];
  #down = false; // does that pen draw?
  #keyed = false; // is it shown?

  /** @param {MakerListener} on @param {AbortSignal} signal */
  constructor(on, signal) {
    this.#on = on;
    const canvas = this.element;
    canvas.addEventListener("pointerdown", (event) => this.#press(event), { signal });
    canvas.addEventListener("pointermove", (event) => this.#move(event), { signal });
    for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
      canvas.addEventListener(end, (event) => this.#release(event), { signal });
    }
    canvas.addEventListener("keydown", (event) => this.#key(event), { signal });
    canvas.addEventListener("blur", () => this.#lift(), { signal });
  }

  image() {
    return digitOf(this.#strokes);
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Float64Array | null} image
   * @param {boolean} dark
   */
  show(canvas, image, dark) {
    drawGuestImage(canvas, image ?? new Float64Array(SIZE * SIZE), dark ? [232, 236, 242] : [31, 39, 51]);
  }

  clear() {
    this.#strokes = [];
    this.#down = false;
    this.#on.made();
  }

  #extend(/** @type {Spot} */ spot) {
    this.#strokes.at(-1)?.push(spot);
    this.#on.made();
  }

  // ---- mouse and finger

  /** @param {PointerEvent} event @returns {Spot} */
  #at({ clientX, clientY }) {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    return [inside((clientX - left) / width), inside((clientY - top) / height)];
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (!event.isPrimary || event.button !== 0) return;
    this.element.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#down = this.#keyed = false;
    this.#strokes.push([this.#at(event)]);
    this.#on.made();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length ? all : [event]) this.#strokes.at(-1)?.push(this.#at(one));
    this.#on.made();
  }

  /** @param {PointerEvent} event */
  #release({ pointerId }) {
    if (pointerId === this.#pointer) this.#pointer = null;
  }

  // ---- keys

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = KEYS[event.key];
    if (way) this.#go(way);
    else if (event.key === " ") this.#toggle();
    else if (event.key === "Backspace") this.#takeBack();
    else if (event.key === "Delete") this.#clearByKey();
    else return;
    event.preventDefault();
    this.#pointer = null; // the keys have the pen now
  }

  #go(/** @type {Spot} */ [dx, dy]) {
    this.#keyed = true;
    this.#spot = [inside(this.#spot[0] + dx * STEP), inside(this.#spot[1] + dy * STEP)];
    if (this.#down) this.#extend(this.#spot);
    else this.draw();
  }

  #toggle() {
    this.#keyed = true;
    this.#down = !this.#down;
    if (!this.#down) {
      this.draw();
      this.#on.did("Pen up.");
      return;
    }
    this.#strokes.push([this.#spot]);
    this.#on.made();
    const [left, top] = this.#spot.map((place) => Math.round(100 * place));
    this.#on.said(`Pen down, ${left} % from the left, ${top} % from the top.`);
  }

  #takeBack() {
    this.#lift();
    this.#strokes.pop();
    this.#on.made();
  }

  #clearByKey() {
    this.clear();
    this.#on.said("Cleared.");
  }

  #lift() {
    this.#down = this.#keyed = false;
    this.draw();
  }

  // ---- its picture

  draw() {
    const canvas = this.element;
    const ratio = window.devicePixelRatio || 1;
    const side = Math.round(canvas.clientWidth * ratio);
    if (!side) return;
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const g = pen(canvas);
    const css = getComputedStyle(canvas);
    g.clearRect(0, 0, side, side);
    g.lineCap = g.lineJoin = "round";
    g.lineWidth = PEN * side;
    g.strokeStyle = css.getPropertyValue("--ft-ink");
    for (const stroke of this.#strokes) {
      g.beginPath();
      g.moveTo(stroke[0][0] * side, stroke[0][1] * side);
      for (const [x, y] of stroke) g.lineTo(x * side, y * side);
      g.stroke();
    }
    if (this.#keyed) this.#drawPen(g, side, css.getPropertyValue("--ft-accent"));
  }

  /**
   * The pen that keys move: filled while it is down.
   * @param {CanvasRenderingContext2D} g
   * @param {number} side
   * @param {string} colour
   */
  #drawPen(g, side, colour) {
    const [x, y] = this.#spot;
    g.beginPath();
    g.arc(x * side, y * side, (0.6 * PEN + 0.01) * side, 0, 2 * Math.PI);
    g.lineWidth = side / 60;
    g.strokeStyle = g.fillStyle = colour;
    g.stroke();
    if (this.#down) g.fill();
  }
}

/** @param {MakerListener} on @param {AbortSignal} signal */
export const newPad = (on, signal) => new Pad(on, signal);
