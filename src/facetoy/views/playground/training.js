// One training of the playground: what data → network → loss → measures is in Python, in the page.

import { angleOf, rowLength, unit } from "../shared/vectors.js";
import { makeLoss, scores } from "./losses.js";
import { Embedder, FreePoints } from "./network.js";
import { Adam, SGD } from "./optimisers.js";
import { normal, randomFrom, shuffled } from "./random.js";

/** @import { Settings } from "../shared/kinds.js" */

const HIDDEN = 64;
const FREE = 30; // free points of each class
const BINS = 36; // of the histograms, 5° each
const LARGEST = 1e15; // what exceeds this has diverged, as in _base.py
const KEPT = 240; // moments of the curves, at least half of them
const DEGREE = 180 / Math.PI;

/**
 * @typedef {object} PackedImages What Python ships of a data set: `packed` in playground.py.
 * @property {string} pixels
 * @property {number} levels
 * @property {number} size
 * @property {string} labels
 * @property {number} train
 * @property {boolean} centred
 * @property {string[]} names
 */

/**
 * @typedef {object} Images
 * @property {Float64Array} images numbers in [0, 1], image by image
 * @property {Float64Array} inputs what the network sees of them
 * @property {number} size pixels along a side
 * @property {Float64Array} mean what the network's inputs lack of an image
 * @property {number} train how many of them, the first ones, are for training
 * @property {number[]} labels
 */

/**
 * What a network makes of one image that is none of its data.
 * @typedef {object} Seen
 * @property {Float64Array} feature
 * @property {number} guess the class (an index) that it is taken for
 * @property {number[]} angles to the weights of the classes, or to their means, in degrees
 */

/**
 * @typedef {object} Options
 * @property {string} loss
 * @property {Settings} args
 * @property {number} dim
 * @property {number[]} classes
 * @property {number | null} stranger
 * @property {string} optimiser "adam" or "sgd"
 * @property {number} lr
 * @property {number} batch
 * @property {number} seed
 */

/**
 * @typedef {object} Measures Of one moment; angles in degrees, NaN where there is none.
 * @property {number} epochs
 * @property {number} loss
 * @property {number} accuracy
 * @property {number} intra
 * @property {number} inter
 */

/**
 * Images from letters: a is 0, the next ones each a step. What the network sees are the images, or,
 * if `centred`, their difference from the mean training image (faces are so much alike that
 * without it all features begin at one place).
 * @param {PackedImages} packed
 * @returns {Images}
 */
export function unpackImages({ pixels, levels, size, labels, train, centred }) {
  const images = Float64Array.from(pixels, (letter) => (letter.charCodeAt(0) - 97) / levels);
  const mean = new Float64Array(size * size);
  if (centred) for (let k = 0; k < train * size * size; k++) mean[k % mean.length] += images[k] / train;
  const inputs = centred ? images.map((value, k) => value - mean[k % mean.length]) : images;
  return { images, inputs, size, mean, train, labels: Array.from(labels, Number) };
}

/** @param {number[]} values */
const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The numbers from … to - 1.
 * @param {number} from
 * @param {number} to
 */
const range = (from, to) => Array.from({ length: to - from }, (_, k) => from + k);

/** @param {number} number */
const sound = (number) => Math.abs(number) < LARGEST; // NaN is not

/** @param {number} angle in radians */
const binOf = (angle) => Math.min(BINS - 1, Math.floor((angle / Math.PI) * BINS));

/**
 * Which images are shown, by their rows: first what is trained on, then the test, then the
 * stranger, whose label is C.
 * @param {Images} data
 * @param {Options} o
 */
function chosenImages({ labels, train }, { classes, stranger }) {
  const all = range(0, labels.length);
  const known = all.filter((i) => classes.includes(labels[i])); // those for training come first
  const strange = all.filter((i) => labels[i] === stranger);
  const trained = known.filter((i) => i < train).length;
  return {
    rows: [...known, ...strange],
    labels: [...known.map((i) => classes.indexOf(labels[i])), ...strange.map(() => classes.length)],
    trained,
    known: known.length,
    tested: range(trained, known.length),
  };
}

/**
 * Free points, all trained and tested.
 * @param {number} C
 */
function freePoints(C) {
  const rows = range(0, FREE * C);
  return { rows, labels: rows.map((k) => k % C), trained: rows.length, known: rows.length, tested: rows };
}

/** One network that learns under one loss. */
export class Training {
  steps = 0;
  epochs = 0;
  perEpoch = 0; // steps; known from the first one on
  failed = false; // has it diverged?
  touched = false; // have settings of the loss changed since its first step?
  lossMean = NaN;
  /** @type {Measures[]} */
  history = [];
  /** @type {number[][]} */
  #order = []; // the batches that are left of this epoch
  #using = ""; // name of the optimiser
  /** @type {Adam | SGD} */
  #optimiser = new Adam();

  // what `evaluate` finds
  features = new Float64Array(0);
  predicted = new Uint8Array(0); // class (an index) of each feature
  ways = new Float64Array(0); // mean directions of the classes
  histogram = { own: new Float64Array(BINS), other: new Float64Array(BINS) };
  /** @type {Measures} */
  measures = { epochs: 0, loss: NaN, accuracy: NaN, intra: NaN, inter: NaN };

  /**
   * @param {Images | null} data null for free points
   * @param {Options} o args, lr, batch and optimiser may change while it trains, by `tune`
   */
  constructor(data, o) {
    this.o = o;
    this.d = o.dim;
    this.C = o.classes.length;
    const { rows, labels, trained, known, tested } = data ? chosenImages(data, o) : freePoints(this.C);
    this.rows = rows;
    this.labels = Uint8Array.from(labels);
    this.trained = trained; // so many of the rows, the first ones
    this.known = known; // so many are of classes in training
    this.tested = tested; // indices into rows
    this.inputs = data?.inputs ?? new Float64Array(0);
    this.mean = data?.mean ?? new Float64Array(0);
    this.network = data ? new Embedder(data.size ** 2, HIDDEN, o.dim) : new FreePoints(known, o.dim);

    const random = randomFrom(o.seed);
    this.random = randomFrom(o.seed + 1e6);
    this.network.reset(random);
    this.loss = makeLoss(o.loss, this.d, this.C, o.args);
    if (this.loss.weight) {
      const { value } = this.loss.weight;
      for (let k = 0; k < value.length; k++) value[k] = normal(random) / Math.sqrt(this.d);
    }
    this.evaluate();
  }

  /**
   * What holds from the next step on.
   * @param {Partial<Pick<Options, "args" | "lr" | "batch" | "optimiser">>} changes
   */
  tune(changes) {
    if (changes.args) this.touched ||= this.steps > 0;
    Object.assign(this.o, changes);
    this.loss.o = this.o.args;
  }

  /** The batches of one epoch, as indices into rows. */
  #batches() {
    const { random, trained, o } = this;
    if (o.loss === "triplet") return this.#tripletBatches();
    const size = Math.min(o.batch, trained);
    const order = shuffled(trained, random);
    return Array.from({ length: Math.ceil(trained / size) }, (_, b) => order.slice(b * size, (b + 1) * size));
  }

  /** For triplets: K images of each of P classes at a time. */
  #tripletBatches() {
    const { random, C, trained, labels } = this;
    const size = Math.min(this.o.batch, trained, 256); // triplets grow with the cube
    const K = Math.max(4, Math.floor(size / C));
    const P = Math.min(C, Math.max(2, Math.floor(size / K)));
    const members = range(0, C).map((c) => range(0, trained).filter((i) => labels[i] === c));
    const some = (/** @type {number} */ c) =>
      shuffled(members[c].length, random).slice(0, K).map((k) => members[c][k]);
    return Array.from({ length: Math.max(1, Math.floor(trained / (P * K))) }, () =>
      shuffled(C, random).slice(0, P).flatMap(some),
    );
  }

  /** One step of training; afterwards `failed` says whether it diverged. */
  step() {
    const { network, loss, inputs, o } = this;
    if (!this.#order.length) this.perEpoch = (this.#order = this.#batches()).length;
    const batch = this.#order.shift() ?? [];
    const rows = batch.map((k) => this.rows[k]);
    const y = batch.map((k) => this.labels[k]);
    if (this.#using !== o.optimiser) {
      this.#using = o.optimiser;
      this.#optimiser = o.optimiser === "sgd" ? new SGD() : new Adam();
    }
    const x = network.forward(inputs, rows, rows.length);
    const value = loss.forward(x, y, rows.length);
    network.backward(loss.gx, inputs, rows, rows.length);
    const parameters = [...network.parameters(), ...loss.parameters()];
    this.#optimiser.step(parameters, o.lr);
    loss.update(x, y, rows.length);
    this.lossMean = this.steps ? 0.9 * this.lossMean + 0.1 * value : value;
    this.steps++;
    this.epochs += 1 / this.perEpoch;
    this.failed ||= !sound(value) || !parameters.every((p) => p.value.every(sound));
  }

  /**
   * Class of each of the `n` features `x`: by the scores, else by the nearest mean.
   * @param {Float64Array} x
   * @param {number} n
   */
  #classify(x, n) {
    const { loss, C, d } = this;
    const z = loss.weight
      ? loss.logits(x, n)
      : scores(unit(x, n, d), this.#means(this.features, range(0, this.trained)), n, C, d);
    return Uint8Array.from({ length: n }, (_, i) => {
      let best = 0;
      for (let c = 1; c < C; c++) if (z[i * C + c] > z[i * C + best]) best = c;
      return best;
    });
  }

  /**
   * (C, d) mean directions of the classes over the `chosen` features.
   * @param {Float64Array} x
   * @param {number[]} chosen
   */
  #means(x, chosen) {
    const { d, C, labels } = this;
    const sum = new Float64Array(C * d);
    for (const i of chosen) {
      const long = rowLength(x, i, d) || 1;
      for (let k = 0; k < d; k++) sum[labels[i] * d + k] += x[i * d + k] / long;
    }
    return unit(sum, C, d);
  }

  /** Directions of the classes: the weights, or without weights their means. */
  get directions() {
    return this.loss.weight?.value ?? this.ways;
  }

  /** Features, classes and measures of the moment. */
  evaluate() {
    if (this.failed) return; // what was true before stays on show
    const n = this.rows.length;
    this.features = this.network.forward(this.inputs, this.rows, n);
    this.predicted = this.#classify(this.features, n);
    this.ways = this.#means(this.features, this.tested);
    const { accuracy, intra } = this.#measureTested();
    const inter = meanOf(range(0, this.C).map((c) => this.#nearest(this.ways, c, this.ways, c)));
    this.measures = {
      epochs: this.epochs,
      loss: this.lossMean,
      accuracy,
      intra: intra * DEGREE,
      inter: inter * DEGREE,
    };
    if (this.history.at(-1)?.epochs === this.epochs) this.history.pop();
    this.history.push(this.measures);
    const last = this.history.length - 1;
    if (last >= KEPT) this.history = this.history.filter((_, k) => k % 2 === 0 || k === last);
  }

  /**
   * What the network makes of one more image, at the moment; null once it has diverged.
   * @param {Float64Array} image
   * @returns {Seen | null}
   */
  see(image) {
    if (this.failed) return null;
    const { C, d, directions } = this;
    const feature = this.network.forward(image.map((value, k) => value - this.mean[k]), [0], 1);
    const angles = range(0, C).map((c) => DEGREE * angleOf(feature, 0, directions, c, d));
    return { feature, guess: this.#classify(feature, 1)[0], angles };
  }

  /** Accuracy and mean angle of the tested features; their angles, by the way, make the histogram. */
  #measureTested() {
    const { d, features, directions, labels, tested } = this;
    const [own, other] = [new Float64Array(BINS), new Float64Array(BINS)];
    let [intra, accuracy] = [0, 0];
    for (const i of tested) {
      const mine = angleOf(features, i, directions, labels[i], d);
      own[binOf(mine)]++;
      other[binOf(this.#nearest(features, i, directions, labels[i]))]++;
      intra += mine / tested.length;
      accuracy += Number(this.predicted[i] === labels[i]) / tested.length;
    }
    this.histogram = { own, other };
    return { accuracy, intra };
  }

  /**
   * Angle between row `i` of `x` and the nearest of the `directions` but that of class `own`.
   * @param {Float64Array} x
   * @param {number} i
   * @param {Float64Array} directions
   * @param {number} own
   */
  #nearest(x, i, directions, own) {
    let nearest = Infinity;
    for (let c = 0; c < this.C; c++) {
      if (c !== own) nearest = Math.min(nearest, angleOf(x, i, directions, c, this.d));
    }
    return nearest;
  }

  /**
   * What the stranger is most often taken for: [class (an index), share of its images].
   * @returns {[number, number] | null}
   */
  strangerGoes() {
    const count = new Array(this.C).fill(0);
    for (let i = this.known; i < this.rows.length; i++) count[this.predicted[i]]++;
    const most = Math.max(...count);
    return most ? [count.indexOf(most), most / (this.rows.length - this.known)] : null;
  }
}
