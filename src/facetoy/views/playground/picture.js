// One training's picture: its features as points on a circle or a sphere.

import { bordersOf } from "../shared/margins.js";
import { walkOf } from "../shared/points.js";
import { Sphere, turnable } from "../shared/sphere.js";
import { rowLength, spreadAcross } from "../shared/vectors.js";

/** @import { Camera } from "../shared/camera.js" */
/** @import { Guest } from "../shared/guest.js" */
/** @import { Scene, Style } from "../shared/sphere.js" */
/** @import { State } from "./state.js" */
/** @import { Seen, Training } from "./training.js" */

/**
 * @typedef {object} Looks Of the ten classes.
 * @property {string[]} colors
 * @property {string[]} markers
 * @property {string[]} names
 */

export class Picture {
  /** @type {string[]} */
  names = []; // of the classes shown
  /** @type {number[]} */
  walk = []; // the order in which keys step through the points
  longest = 0; // length of the longest feature
  /** @type {Style} */
  #style = { colors: [], markers: [], hollow: [] };
  /** @type {Scene} */
  #scene;
  #sphere;

  /**
   * @param {Camera} camera
   * @param {boolean} flat
   */
  constructor(camera, flat) {
    this.flat = flat;
    const { canvas, stage } = turnable();
    this.canvas = canvas;
    this.stage = stage;
    this.#sphere = new Sphere(canvas, camera, this.#style);
    this.#scene = {
      flat,
      count: 0,
      classes: [],
      items: new Float32Array(0),
      ways: [],
      crosses: 0,
      highlight: -1,
      selected: -1,
    };
  }

  /**
   * Take on the points of a new training.
   * @param {Training} run
   * @param {State} state
   * @param {Looks} looks
   * @param {string} label
   */
  begin(run, { classes, stranger }, looks, label) {
    const shown = stranger === null ? classes : [...classes, stranger];
    this.#style.colors = shown.map((c) => looks.colors[c]);
    this.#style.markers = shown.map((c) => looks.markers[c]);
    this.#style.hollow = shown.map((c) => c === stranger);
    this.names = shown.map((c) => looks.names[c]);
    this.walk = walkOf(run.labels);
    const crosses = run.loss.centers ? run.C : 0;
    Object.assign(this.#scene, {
      count: run.rows.length,
      classes: run.labels,
      ways: this.names.slice(0, run.C).map((name, cls) => ({ name, cls })),
      ticks: !run.loss.weight,
      crosses,
      borders: [],
      items: new Float32Array(3 * (run.rows.length + run.C + crosses + 1)),
    });
    this.#sphere.retheme();
    this.canvas.setAttribute("aria-label", label);
  }

  /** How many classes win some place even with their margin. */
  get kept() {
    return (this.#scene.borders ?? []).filter(({ thin }) => !thin).length;
  }

  /** Take on the width of the page. */
  resize() {
    const width = Math.floor(this.stage.clientWidth);
    if (width > 0) this.#sphere.resize(width);
    this.#sphere.retheme();
  }

  retheme() {
    this.#sphere.retheme();
  }

  /**
   * @param {Training} run
   * @param {boolean} unit
   * @param {number} selected the index of a point, or -1
   * @param {Seen | null} seen what the network makes of the reader's own image
   * @param {Guest["picture"]} [picture] of that image
   */
  draw(run, unit, selected, seen, picture) {
    if (!run.failed) this.#arrange(run, unit, seen); // else the picture of the last good moment stays
    this.#scene.selected = selected;
    this.#scene.guest = seen && picture ? { cls: seen.guess, picture } : null;
    this.#sphere.draw(this.#scene);
  }

  /**
   * Index of the point at (x, y), or -1.
   * @param {number} x
   * @param {number} y
   * @param {number} reach
   */
  pick(x, y, reach) {
    return this.#sphere.pick(this.#scene, x, y, reach);
  }

  /** @param {number} i */
  where(i) {
    return this.#sphere.where(i);
  }

  /**
   * Write the positions of the moment into the scene.
   * @param {Training} run
   * @param {boolean} unit
   * @param {Seen | null} seen
   */
  #arrange(run, unit, seen) {
    const { d, C, features: x, loss, directions } = run;
    const { count, crosses } = this.#scene;
    this.longest = 1e-12;
    if (!unit) for (let i = 0; i < count; i++) this.longest = Math.max(this.longest, rowLength(x, i, d));
    for (let i = 0; i < count; i++) {
      const scale = unit ? 1 / (rowLength(x, i, d) || 1) : 1 / this.longest;
      this.#put(i, x, i, d, unit && d === 2 ? scale * spreadAcross(i) : scale);
    }
    for (let c = 0; c < C; c++) this.#put(count + c, directions, c, d, 1 / (rowLength(directions, c, d) || 1));
    for (let c = 0; c < crosses && loss.centers; c++) {
      const long = unit ? rowLength(loss.centers, c, d) || 1 : this.longest;
      this.#put(count + C + c, loss.centers, c, d, 1 / long);
    }
    if (seen) {
      const long = rowLength(seen.feature, 0, d) || 1;
      this.#put(count + C + crosses, seen.feature, 0, d, 1 / (unit ? long : Math.max(long, this.longest)));
    }
    this.#scene.borders = loss.weight ? bordersOf(loss.kind, loss.o, loss.weight.value, C, d) : [];
  }

  /**
   * Put row `i` of `source` (·, d), times `scale`, at an item's place.
   * @param {number} at
   * @param {Float64Array} source
   * @param {number} i
   * @param {number} d
   * @param {number} scale
   */
  #put(at, source, i, d, scale) {
    const { items } = this.#scene;
    for (let k = 0; k < 3; k++) items[3 * at + k] = k < d ? source[i * d + k] * scale : 0;
  }
}
