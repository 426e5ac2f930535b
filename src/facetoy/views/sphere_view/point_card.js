// The card of a test image: the image, its class, its angles.

import { drawImage, fillFacts, imageOf, recognised } from "../shared/card.js";
import { make } from "../shared/elements.js";
import { degrees } from "../shared/numbers.js";
import { angleOf } from "../shared/vectors.js";

/** @import {Run, Side} from "./unpacking.js" */

/**
 * What is known about test image `i` at snapshot `step` of a run.
 * @param {Side} side
 * @param {Run} run
 * @param {number} step
 * @param {number} i
 * @returns {[string, string][]}
 */
function factsAbout({ count, shown, labels, known, classes }, run, step, i) {
  const at = step * count + i;
  const label = labels[i];
  const guess = (label + run.predicted[at]) & 255;
  const stranger = label >= known;
  const own = stranger ? guess : label;
  const angleTo = (/** @type {Float32Array} */ ways, /** @type {number} */ row) =>
    (angleOf(run.features, at, ways, row, shown) * 180) / Math.PI;
  const toMean = run.mean_angle?.[at] ?? angleTo(run.means, step * classes.length + label);
  const facts = recognised(classes[label], classes[guess], stranger);
  if (run.weight) {
    const toWeight = run.weight_angle?.[at] ?? angleTo(run.weight, step * known + own);
    facts.push([`to weight of ${classes[own]}`, degrees(toWeight, 0)]);
  }
  return [...facts, ["to class mean", degrees(toMean, 0)]];
}

export class PointCard {
  element = make("div", { class: "ft-card", hidden: true });

  /**
   * @param {Side} side
   * @param {Run} run
   * @param {number} step
   * @param {number} i
   */
  fill(side, run, step, i) {
    fillFacts(this.element, factsAbout(side, run, step, i));
  }

  /** @param {Side} side @param {number} i @param {boolean} dark */
  drawImage({ pictures: { width, height, ink } }, i, dark) {
    drawImage(imageOf(this.element), width, height, dark, (pixel) => ink(i, pixel));
  }
}
