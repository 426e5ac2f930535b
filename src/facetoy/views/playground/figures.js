// The figures of one side: read-outs, notes, curves and histograms.

import { make } from "../shared/elements.js";
import { degrees, number } from "../shared/numbers.js";
import { readout } from "../shared/readouts.js";
import { drawCurves, drawHistograms } from "./charts.js";
import { atBest, percent } from "./sentences.js";

/** @import { Measures, Training } from "./training.js" */

const DEGREE = 180 / Math.PI;

/** A canvas for a chart and, below it, the name and the value of each line. */
class Chart {
  plot = make("canvas", { class: "ft-plot", "aria-hidden": "true" });
  #names;
  #values;

  /** @param {[string, string][]} lines kind and name of each */
  constructor(...lines) {
    this.#names = lines.map(() => document.createTextNode(""));
    this.#values = lines.map(() => make("b"));
    this.rename(lines.map(([, name]) => name));
    const spans = lines.map(([kind], i) =>
      make(
        "span",
        {},
        make("i", { class: `ft-line ft-${kind}`, "aria-hidden": "true" }),
        this.#names[i],
        this.#values[i],
      ),
    );
    this.element = make("figure", { class: "ft-small-chart" }, this.plot, make("figcaption", {}, ...spans));
  }

  /** @param {string[]} names */
  rename(names) {
    names.forEach((name, i) => (this.#names[i].data = `${name} `));
  }

  /** @param {string[]} values */
  tell(...values) {
    values.forEach((value, i) => (this.#values[i].textContent = value));
  }
}

/**
 * One measure over time, as points of a curve.
 * @param {Measures[]} history
 * @param {"loss" | "accuracy" | "intra" | "inter"} key
 * @returns {[number, number][]}
 */
const over = (history, key) => history.map((row) => [row.epochs, row[key]]);

export class Figures {
  #intra = readout("intra");
  #inter = readout("inter");
  #accuracy = readout("accuracy");
  #note = make("p", { class: "ft-note" });
  #curves = new Chart(["same", "loss"], ["other", "accuracy"]);
  #angles = new Chart(["same", "intra"], ["other", "inter"], ["limit", "at best"]);
  #spread = new Chart(["same", ""], ["other", ""]);
  #best = 0;

  constructor() {
    const cells = [this.#intra, this.#inter, this.#accuracy].map(({ cell }) => cell);
    const readouts = make("dl", { class: "ft-readouts" }, ...cells);
    this.aside = make("div", { class: "ft-aside" }, readouts, this.#note);
    const charts = [this.#curves, this.#angles, this.#spread].map(({ element }) => element);
    this.charts = make("div", { class: "ft-charts" }, ...charts);
  }

  /**
   * Say what the figures of a new training mean.
   * @param {Training} run
   * @param {string} data
   * @param {number} best how far apart (radians) so many classes can be
   */
  begin({ loss }, data, best) {
    this.#best = best;
    const way = loss.weight ? "W" : "class mean";
    this.#intra.hint.textContent = `feature to its ${way}`;
    this.#inter.hint.textContent = `nearest class means (at best ${atBest(best)})`;
    this.#accuracy.hint.textContent = data === "points" ? "all points" : "test images";
    this.#spread.rename([`to own ${way}`, "to nearest other"]);
  }

  /**
   * @param {Training} run
   * @param {string} note
   */
  show(run, note) {
    const { measures: m, histogram } = run;
    this.#intra.value.textContent = degrees(m.intra);
    this.#inter.value.textContent = degrees(m.inter);
    this.#accuracy.value.textContent = percent(m.accuracy);
    this.#note.textContent = note;
    this.#showCurves(run);
    this.#showAngles(run);
    drawHistograms(this.#spread.plot, histogram.own, histogram.other);
  }

  /** @param {Training} run */
  #showCurves({ history, epochs, measures: m }) {
    const losses = history.map((row) => row.loss).filter(Number.isFinite);
    const most = Math.max(...losses, 1e-9);
    const top = losses.length ? number(+most.toPrecision(2)) : "";
    drawCurves(
      this.#curves.plot,
      [
        { values: over(history, "loss"), most, top, colour: "same" },
        { values: over(history, "accuracy"), most: 1, top: "100 %", colour: "other" },
      ],
      epochs,
    );
    this.#curves.tell(Number.isFinite(m.loss) ? m.loss.toPrecision(2) : "–", percent(m.accuracy));
  }

  /** @param {Training} run */
  #showAngles({ history, epochs, measures: m }) {
    const best = this.#best * DEGREE;
    const seen = history.flatMap((row) => [row.intra, row.inter]).filter(Number.isFinite);
    const most = 30 * Math.ceil(Math.max(best, ...seen) / 30 + 0.1);
    drawCurves(
      this.#angles.plot,
      [
        { level: best, most, colour: "ink", dash: [4, 4] },
        { values: over(history, "intra"), most, top: `${most}°`, colour: "same" },
        { values: over(history, "inter"), most, colour: "other" },
      ],
      epochs,
    );
    this.#angles.tell(degrees(m.intra, 0), degrees(m.inter, 0), degrees(best, 0));
  }
}
