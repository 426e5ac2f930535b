// One side of the picture: its sphere or circle, its title, its read-outs and its note.

import { attachTurning } from "../shared/camera.js";
import { make } from "../shared/elements.js";
import { degrees, nearest } from "../shared/numbers.js";
import { readout } from "../shared/readouts.js";
import { walkOf } from "../shared/points.js";
import { Sphere, turnable } from "../shared/sphere.js";
import { bordersAt, wordsOnBorders } from "./borders.js";
import { see } from "./network.js";
import { Pointing } from "./pointing.js";
import { arrange, blend } from "./positions.js";

/** @import {Camera} from "../shared/camera.js" */
/** @import {Hand} from "../shared/hand.js" */
/** @import {Scene, Style} from "../shared/sphere.js" */
/** @import {Settings} from "./controls.js" */
/** @import {Listener} from "./pointing.js" */
/** @import {Run, Side} from "./unpacking.js" */

const GLIDE_SECONDS = 0.35; // from one setting to the next

/** @param {Side} side */
function readoutsOf({ runs, bound, known, classes }) {
  const atBest = bound ? ` (at best ${degrees(bound)})` : "";
  return [
    readout("intra", runs[0].weight ? "feature to own weight" : "feature to class mean"),
    readout("inter", `nearest class means${atBest}`),
    readout("accuracy", known < classes.length ? "known classes" : "test images"),
  ];
}

/** @param {Side} side @returns {Scene} */
function sceneOf({ shown, count, labels, runs, classes, known }) {
  const { weight, centers } = runs[0];
  const ways = (weight ? classes.slice(0, known) : classes).map((name, cls) => ({ name, cls }));
  const crosses = centers ? known : 0;
  return {
    flat: shown === 2,
    count,
    classes: labels,
    ways,
    ticks: !weight,
    crosses,
    items: new Float32Array(3 * (count + ways.length + crosses + 1)),
    highlight: -1,
    selected: -1,
  };
}

/**
 * What the run's network, which is that of the last step, makes of the reader's own image.
 * @param {Side} side
 * @param {Run} run
 * @param {number} at moment of the run, a fractional index of a snapshot
 * @param {Hand | null} hand
 */
const seenAt = ({ known }, run, at, hand) =>
  hand?.image && at === run.steps.length - 1 ? see(run, known, hand.image) : null;

/**
 * What must be said about a side beyond its figures.
 * @param {Side} side
 * @param {Run} run
 * @param {number} step
 * @param {Settings} settings
 */
function notesOn(side, run, step, { unit, margins }) {
  const notes = [];
  if (side.share !== null) {
    notes.push(
      `${side.dim} dimensions, seen along the three main directions (PCA): ` +
        `${Math.round(100 * side.share)} % of the variance.`,
    );
  }
  if (!unit) {
    notes.push(
      `The ${side.shown === 2 ? "circle" : "sphere"} has radius ${run.longest.toPrecision(3)}, ` +
        "the longest feature of the training; arrows show directions only.",
    );
  } else if (side.shown === 2) {
    notes.push("Points are spread a little across the circle, so that they do not hide each other.");
  }
  if (margins) notes.push(wordsOnBorders(run, step, side.shown === 2));
  if (side.runs[0].centers) notes.push("Crosses are the centers c.");
  return notes.join(" ");
}

export class SideView {
  /** @type {Side} */
  side;
  #title = make("p", { class: "ft-title" });
  #note = make("p", { class: "ft-note" });
  #readouts;
  /** @type {number[] | null} */
  #walk = null;
  #from;
  #mix = 1;
  /** @type {{run: Run, at: number} | null} */
  #bordered = null; // the moment whose borders are in the scene
  #stop = new AbortController();

  /**
   * @param {Side} side
   * @param {Style} style
   * @param {Camera} camera
   * @param {Listener} on
   */
  constructor(side, style, camera, on) {
    this.side = side;
    const { canvas, stage } = turnable();
    this.canvas = canvas;
    this.stage = stage;
    this.#readouts = readoutsOf(side);
    const figures = this.#readouts.map(({ cell }) => cell);
    const readouts = make("dl", { class: "ft-readouts" }, ...figures);
    this.aside = make("div", { class: "ft-aside" }, this.#title, readouts, this.#note);
    this.element = make("section", { class: "ft-side" }, stage, this.aside);
    this.sphere = new Sphere(canvas, camera, style);
    this.scene = sceneOf(side);
    this.#from = this.scene.items.slice();
    const pointing = new Pointing(canvas, this.sphere, this.scene, on);
    const { signal } = this.#stop;
    attachTurning(canvas, camera, this.scene.flat, pointing, signal);
    canvas.addEventListener("blur", () => pointing.left(), { signal });
  }

  /** The point `by` points from point `i`, class by class; if i is -1, the first or the last one. */
  neighbour(/** @type {number} */ i, /** @type {number} */ by) {
    const { count, labels } = this.side;
    const walk = (this.#walk ||= walkOf(labels));
    const current = i >= 0 ? walk.indexOf(i) : by > 0 ? -1 : 0;
    const { highlight } = this.scene;
    for (let k = 1; k <= count; k++) {
      const next = walk[(((current + by * k) % count) + count) % count];
      if (highlight < 0 || labels[next] === highlight) return next;
    }
    return -1;
  }

  /** Begin to move from what is on the screen; at once to what comes, unless it is to `glide`. */
  leave(/** @type {boolean} */ glide) {
    this.#from.set(this.scene.items);
    this.#mix = glide ? 0 : 1;
  }

  /**
   * Draw moment `at` of a run, `passed` seconds later than what was drawn before; returns whether
   * it was on its way from another moment.
   * @param {Run} run
   * @param {number} at
   * @param {Settings} settings
   * @param {number} passed
   * @param {Hand | null} hand with the reader's own image
   */
  draw(run, at, { unit, images, margins }, passed, hand) {
    const { items, ways, crosses } = this.scene;
    const gliding = this.#mix < 1;
    this.#mix = Math.min(1, this.#mix + passed / GLIDE_SECONDS);
    arrange(items, this.side, run, at, unit, { ways: ways.length, crosses });
    if (this.#mix < 1) blend(items, this.#from, this.#mix);
    this.#welcome(run, at, unit, hand);
    this.#border(run, at, margins, gliding);
    this.scene.images = images ? this.side.pictures : null;
    this.sphere.draw(this.scene);
    return gliding;
  }

  /**
   * Put the reader's own image into the scene, if there is one.
   * @param {Run} run
   * @param {number} at
   * @param {boolean} unit
   * @param {Hand | null} hand
   */
  #welcome(run, at, unit, hand) {
    const { items } = this.scene;
    const seen = seenAt(this.side, run, at, hand);
    this.scene.guest = seen && hand && { cls: seen.guess, picture: hand.picture };
    const place = items.subarray(items.length - 3).fill(0);
    if (!seen) return;
    const long = Math.hypot(...seen.feature) || 1;
    place.set(seen.feature.map((value) => value / (unit ? long : Math.max(long, run.longest))));
  }

  /**
   * What the side's network makes of the reader's own image, in words.
   * @param {Run} run
   * @param {number} at
   * @param {Hand} hand
   */
  told(run, at, hand) {
    if (!run.network) return `${run.title}: this page does not have its network.`;
    const seen = seenAt(this.side, run, at, hand);
    if (!seen) return `${run.title}: the network is that of the last step. Go there.`;
    const ways = run.weight ? "" : " to the means";
    return `${run.title}: nearest to ${this.side.classes[seen.guess]}. θ${ways}: ${nearest(seen.angles, this.side.classes)}.`;
  }

  /**
   * Put the lines around what each class wins into the scene, if they are not there yet.
   * @param {Run} run
   * @param {number} at
   * @param {boolean} margins whether there are any
   * @param {boolean} gliding whether the arrows moved
   */
  #border(run, at, margins, gliding) {
    const now = margins ? { run, at } : null;
    const same = now?.run === this.#bordered?.run && now?.at === this.#bordered?.at;
    if (same && !gliding) return;
    this.#bordered = now;
    this.scene.borders = margins ? bordersAt(this.scene.items, this.side, run, at) : [];
  }

  /**
   * Write title, read-outs and note for snapshot `step` of a run.
   * @param {Run} run
   * @param {number} step
   * @param {Settings} settings
   */
  show(run, step, settings) {
    const { side } = this;
    const [accuracy, intra, inter] = run.measures[step];
    const figures = [degrees(intra), degrees(inter), `${(100 * accuracy).toFixed(1)} %`];
    this.#readouts.forEach(({ value }, k) => (value.textContent = figures[k]));
    this.#title.textContent = run.title;
    this.canvas.setAttribute(
      "aria-label",
      `${run.title}: ${side.count} test images of ${side.classes.length} classes as points ` +
        `on a ${this.scene.flat ? "circle" : "sphere"}. Arrow keys turn it, ` +
        "N and P step through the points, Escape closes the card.",
    );
    this.#note.textContent = notesOn(side, run, step, settings);
  }

  /** What is written, as a sentence, for screen readers. */
  spoken(/** @type {string} */ step) {
    const names = ["intra", "inter", "accuracy"];
    const figures = this.#readouts.map(({ value }, k) => `${names[k]} ${value.textContent}`);
    return `${this.#title.textContent}, step ${step}: ${figures.join(", ")}`;
  }

  /** Take on the width that there is. */
  resize() {
    const width = Math.floor(this.stage.clientWidth);
    if (width > 0) this.sphere.resize(width);
  }

  destroy() {
    this.#stop.abort();
  }
}
