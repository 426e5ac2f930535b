// The turn of a sphere or a circle, and what turns it: dragging and the arrow keys.

const TURN_KEY = Math.PI / 30; // one press of an arrow key
const TURN_PIXELS = 0.0085; // radians per pixel of dragging, on a sphere of 400 pixels
/** @type {Record<string, [number, number]>} */
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * What a picture does when the reader turns it, taps or points at it, or presses a key.
 * @typedef {object} Turned
 * @property {() => void} turned
 * @property {(x: number, y: number, touch: boolean) => void} tapped in CSS pixels
 * @property {(x: number | null, y: number | null) => void} hovered null when the pointer leaves
 * @property {(event: KeyboardEvent) => boolean} key true if it was used
 */

/** The turn shared by all pictures of a widget: a rotation (row by row), and a roll for circles. */
export class Camera {
  #start;
  roll = 0;

  /** @param {number} yaw @param {number} pitch in radians */
  constructor(yaw, pitch) {
    const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
    this.#start = [cy, 0, sy, sp * sy, cp, -sp * cy, -cp * sy, sp, cp * cy];
    this.m = this.#start;
  }

  reset() {
    this.m = this.#start;
    this.roll = 0;
  }

  /** Turn to the right by `dx` and down by `dy`, or roll: all in radians. */
  turn(/** @type {number} */ dx, /** @type {number} */ dy, roll = -dx) {
    const [a, b, c, d] = [Math.cos(dx), Math.sin(dx), Math.cos(dy), Math.sin(dy)];
    const m = this.m;
    const x = [0, 1, 2].map((j) => a * m[j] + b * m[6 + j]);
    const t = [0, 1, 2].map((j) => -b * m[j] + a * m[6 + j]);
    const y = [0, 1, 2].map((j) => c * m[3 + j] - d * t[j]);
    // Thousands of turns must not bend the axes: make them orthonormal again.
    const lx = Math.hypot(...x);
    const ux = x.map((v) => v / lx);
    const along = y[0] * ux[0] + y[1] * ux[1] + y[2] * ux[2];
    const v = y.map((value, j) => value - along * ux[j]);
    const ly = Math.hypot(...v);
    const uy = v.map((value) => value / ly);
    this.m = [
      ...ux,
      ...uy,
      ux[1] * uy[2] - ux[2] * uy[1],
      ux[2] * uy[0] - ux[0] * uy[2],
      ux[0] * uy[1] - ux[1] * uy[0],
    ];
    this.roll += roll;
  }

  /**
   * Where (x, y, z) is seen: right, up, and towards the reader. A flat picture only rolls.
   * @param {number} x @param {number} y @param {number} z @param {boolean} flat
   */
  seen(x, y, z, flat) {
    if (flat) {
      const [c, s] = [Math.cos(this.roll), Math.sin(this.roll)];
      return [c * x - s * y, s * x + c * y, 0.5];
    }
    const m = this.m;
    return [
      m[0] * x + m[1] * y + m[2] * z,
      m[3] * x + m[4] * y + m[5] * z,
      m[6] * x + m[7] * y + m[8] * z,
    ];
  }
}

/** What pointer and keys do to one picture. A flat one follows the pointer around its centre. */
class Turning {
  #canvas;
  #camera;
  #flat;
  #on;
  /** @type {{x: number, y: number, moved: boolean, id: number, at: number} | null} */
  #held = null;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Camera} camera
   * @param {boolean} flat
   * @param {Turned} on
   */
  constructor(canvas, camera, flat, on) {
    this.#canvas = canvas;
    this.#camera = camera;
    this.#flat = flat;
    this.#on = on;
  }

  /** @param {PointerEvent} event @returns {[number, number]} from the canvas's corner */
  #local(event) {
    const box = this.#canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {PointerEvent} event */
  #angle(event) {
    const [x, y] = this.#local(event);
    return Math.atan2(this.#canvas.clientHeight / 2 - y, x - this.#canvas.clientWidth / 2);
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (!event.isPrimary || event.button !== 0) return;
    const { clientX: x, clientY: y, pointerId: id } = event;
    this.#held = { x, y, moved: false, id, at: this.#angle(event) };
  }

  /** @param {PointerEvent} event */
  move(event) {
    const held = this.#held;
    if (!held || held.id !== event.pointerId) {
      if (event.pointerType !== "touch") this.#on.hovered(...this.#local(event));
      return;
    }
    const dx = event.clientX - held.x;
    const dy = event.clientY - held.y;
    if (!held.moved && Math.hypot(dx, dy) < 4) return;
    if (!held.moved) this.#canvas.setPointerCapture(event.pointerId);
    const at = this.#angle(event);
    const by = at - held.at;
    this.#held = { ...held, x: event.clientX, y: event.clientY, moved: true, at };
    const roll = this.#flat ? Math.atan2(Math.sin(by), Math.cos(by)) : undefined;
    const pace = TURN_PIXELS * Math.min(2, 400 / Math.max(100, this.#canvas.clientWidth));
    this.#camera.turn(dx * pace, dy * pace, roll);
    this.#on.turned();
  }

  /** @param {PointerEvent} event */
  release(event) {
    const held = this.#held;
    this.#held = null;
    if (held && !held.moved) this.#on.tapped(...this.#local(event), event.pointerType === "touch");
  }

  cancel() {
    this.#held = null;
  }

  leave() {
    if (!this.#held) this.#on.hovered(null, null);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = KEYS[event.key];
    if (way) {
      this.#camera.turn(way[0] * TURN_KEY, way[1] * TURN_KEY);
      this.#on.turned();
    }
    if (way || this.#on.key(event)) event.preventDefault();
  }
}

/**
 * Turn `camera` by dragging and by arrow keys on `canvas`; `on` is told. Touch leaves vertical
 * swipes to the page (`touch-action: pan-y` in the style sheet).
 * @param {HTMLCanvasElement} canvas
 * @param {Camera} camera
 * @param {boolean} flat
 * @param {Turned} on
 * @param {AbortSignal} signal
 */
export function attachTurning(canvas, camera, flat, on, signal) {
  const turning = new Turning(canvas, camera, flat, on);
  canvas.addEventListener("pointerdown", (event) => turning.press(event), { signal });
  canvas.addEventListener("pointermove", (event) => turning.move(event), { signal });
  canvas.addEventListener("pointerup", (event) => turning.release(event), { signal });
  canvas.addEventListener("pointercancel", () => turning.cancel(), { signal });
  canvas.addEventListener("pointerleave", () => turning.leave(), { signal });
  canvas.addEventListener("keydown", (event) => turning.key(event), { signal });
}
