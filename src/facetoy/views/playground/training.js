// One training of the playground: what data → network → loss → measures is in Python, in the page.

import { angleOf, rowLength } from "../shared/vectors.js";
import { ClassLoss, makeLoss, unit } from "./losses.js";
import { Adam, Embedder, FreePoints, SGD, normal, randomFrom, shuffled } from "./network.js";

const HIDDEN = 64;
const FREE = 30; // free points of each class
const BINS = 36; // of the histograms, 5° each
const LARGEST = 1e15; // what exceeds this has diverged, as in _base.py
const KEPT = 240; // moments of the curves, at least half of them

/**
 * Images as numbers in [0, 1], from letters: a is 0, the next ones each a step. `inputs` are what
 * the network sees: the images, or, if `centred`, their difference from the mean training image
 * (faces are so much alike that without it all features begin at one place).
 */
export function unpackImages({ pixels, levels, size, labels, train, centred }) {
  const images = Float64Array.from(pixels, (letter) => (letter.charCodeAt(0) - 97) / levels);
  let inputs = images;
  if (centred) {
    const mean = new Float64Array(size * size);
    for (let k = 0; k < train * size * size; k++) mean[k % mean.length] += images[k] / train;
    inputs = images.map((value, k) => value - mean[k % mean.length]);
  }
  return { images, inputs, size, train, labels: Array.from(labels, Number) };
}

const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * `o` holds loss, args, dim, classes (indices), stranger (an index or null), lr, batch, optimiser
 * and seed. args, lr, batch and optimiser may change while it trains.
 * `data` is what unpackImages returns, or null for free points.
 */
export class Training {
  constructor(data, o) {
    Object.assign(this, { o, d: o.dim, C: o.classes.length, steps: 0, epochs: 0, failed: false });
    const random = randomFrom(o.seed);
    this.random = randomFrom(o.seed + 1e6);
    // what is shown: first what is trained on, then the test, then the stranger
    let sources;
    if (data) {
      const known = (i) => o.classes.indexOf(data.labels[i]);
      const all = [...data.labels.keys()];
      const train = all.filter((i) => i < data.train && known(i) >= 0);
      const test = all.filter((i) => i >= data.train && known(i) >= 0);
      const strange = all.filter((i) => data.labels[i] === o.stranger);
      sources = [train, test, strange];
      this.network = new Embedder(data.size ** 2, HIDDEN, o.dim);
    } else {
      sources = [[...Array(FREE * this.C).keys()], [], []];
      this.network = new FreePoints(FREE * this.C, o.dim);
    }
    this.images = data?.inputs;
    const [train, test, strange] = sources;
    this.rows = [...train, ...test, ...strange];
    this.labels = Uint8Array.from(this.rows, (i, k) =>
      k >= train.length + test.length ? this.C : data ? o.classes.indexOf(data.labels[i]) : k % this.C,
    );
    this.trained = train.length;
    this.known = train.length + test.length;
    this.tested = data ? [...Array(test.length).keys()].map((k) => train.length + k) : [...train.keys()];

    this.network.reset(random);
    this.loss = makeLoss(o.loss, this.d, this.C, o.args);
    if (this.loss.weight) {
      const { value } = this.loss.weight;
      for (let k = 0; k < value.length; k++) value[k] = normal(random) / Math.sqrt(this.d);
    }
    this.order = [];
    this.history = [];
    this.evaluate();
  }

  /** K images of each class at a time for triplets, else all images in a new order. */
  batches() {
    const { random, C, trained, labels } = this;
    const most = this.o.loss === "triplet" ? 256 : trained; // triplets grow with the cube
    const size = Math.min(this.o.batch, trained, most);
    if (this.o.loss !== "triplet") {
      const order = shuffled(trained, random);
      return Array.from({ length: Math.ceil(trained / size) }, (_, b) => order.slice(b * size, (b + 1) * size));
    }
    const K = Math.max(4, Math.floor(size / C));
    const P = Math.min(C, Math.max(2, Math.floor(size / K)));
    const members = Array.from({ length: C }, (_, c) => [...Array(trained).keys()].filter((i) => labels[i] === c));
    return Array.from({ length: Math.max(1, Math.floor(trained / (P * K))) }, () =>
      shuffled(C, random).slice(0, P).flatMap((c) =>
        shuffled(members[c].length, random).slice(0, K).map((k) => members[c][k]),
      ),
    );
  }

  /** One step of training; afterwards `failed` says whether it diverged. */
  step() {
    const { network, loss, o } = this;
    if (!this.order.length) this.perEpoch = (this.order = this.batches()).length;
    const batch = this.order.shift();
    const rows = batch.map((k) => this.rows[k]);
    const y = batch.map((k) => this.labels[k]);
    if (this.using !== o.optimiser) {
      this.using = o.optimiser;
      this.optimiser = o.optimiser === "sgd" ? new SGD() : new Adam();
    }
    const x = network.forward(this.images, rows, rows.length);
    const value = loss.forward(x, y, rows.length);
    network.backward(loss.gx, this.images, rows, rows.length);
    const parameters = [...network.parameters(), ...loss.parameters()];
    this.optimiser.step(parameters, o.lr);
    loss.update(x, y, rows.length);
    this.steps++;
    this.epochs += 1 / this.perEpoch;
    this.lossMean = this.lossMean === undefined ? value : 0.9 * this.lossMean + 0.1 * value;
    const sound = (number) => Math.abs(number) < LARGEST; // NaN is not
    this.failed ||= !sound(value) || !parameters.every((p) => p.value.every(sound));
  }

  /** Class (an index) of each of the `n` features `x`: by the scores, else by the nearest mean. */
  classify(x, n) {
    const { loss, C, d } = this;
    let z;
    if (loss.weight) z = loss.logits(x, n);
    else z = ClassLoss.scores(unit(x, n, d), this.means(x, [...Array(this.trained).keys()]), n, C, d);
    return Uint8Array.from({ length: n }, (_, i) => {
      let best = 0;
      for (let c = 1; c < C; c++) if (z[i * C + c] > z[i * C + best]) best = c;
      return best;
    });
  }

  /** (C, d) mean directions of the classes over the `chosen` features. */
  means(x, chosen) {
    const { d, C, labels } = this;
    const sum = new Float64Array(C * d);
    for (const i of chosen) {
      const long = rowLength(x, i, d) || 1;
      for (let k = 0; k < d; k++) sum[labels[i] * d + k] += x[i * d + k] / long;
    }
    return unit(sum, C, d);
  }

  /** Features, classes and measures of the moment; angles in degrees, NaN where there is none. */
  evaluate() {
    const { d, C, loss, labels, tested } = this;
    if (this.failed) return; // what was true before stays on show
    const n = this.rows.length;
    const x = (this.features = this.network.forward(this.images, this.rows, n));
    this.predicted = this.classify(x, n);
    this.ways = this.means(x, tested);
    const W = loss.weight?.value ?? this.ways;
    const own = new Float64Array(BINS);
    const other = new Float64Array(BINS);
    const bin = (angle) => Math.min(BINS - 1, Math.floor((angle / Math.PI) * BINS));
    let [intra, right] = [0, 0];
    for (const i of tested) {
      const mine = angleOf(x, i, W, labels[i], d);
      let nearest = Infinity;
      for (let c = 0; c < C; c++) {
        if (c !== labels[i]) nearest = Math.min(nearest, angleOf(x, i, W, c, d));
      }
      own[bin(mine)]++;
      other[bin(nearest)]++;
      intra += mine / tested.length;
      right += (this.predicted[i] === labels[i]) / tested.length;
    }
    const far = Array.from({ length: C }, (_, a) => {
      let nearest = Infinity;
      for (let b = 0; b < C; b++) if (a !== b) nearest = Math.min(nearest, angleOf(this.ways, a, this.ways, b, d));
      return nearest;
    });
    const degree = 180 / Math.PI;
    this.measures = {
      epochs: this.epochs,
      loss: this.lossMean ?? NaN,
      accuracy: right,
      intra: intra * degree,
      inter: meanOf(far) * degree,
    };
    this.histogram = { own, other };
    const last = this.history.at(-1);
    if (last?.epochs === this.epochs) this.history.pop();
    this.history.push(this.measures);
    if (this.history.length > KEPT) this.history = this.history.filter((_, k, all) => k % 2 === 0 || k === all.length - 1);
  }

  /** How sure is the stranger of a class: [class index, share of its images] of the commonest. */
  strangerGoes() {
    const count = new Array(this.C).fill(0);
    for (let i = this.known; i < this.rows.length; i++) count[this.predicted[i]]++;
    const most = Math.max(...count);
    return most ? [count.indexOf(most), most / (this.rows.length - this.known)] : null;
  }

  /**
   * For each class where its margin is kept, as lines of [x, y(, z)]: the arc on the circle, the
   * border around W on the sphere; null where it is not kept even on W.
   */
  wedges() {
    const { d, C, loss, o } = this;
    const { w, phi } = loss.kind;
    const W = unit(loss.weight.value, C, d);
    const long = Float64Array.from({ length: C }, (_, c) => (w ? 1 : rowLength(loss.weight.value, c, d)));
    const u = new Float64Array(3);
    /** Does the unit feature u keep class j's margin? */
    const kept = (j) => {
      let [own, most] = [0, -Infinity];
      for (let c = 0; c < C; c++) {
        let cos = 0;
        for (let k = 0; k < d; k++) cos += u[k] * W[c * d + k];
        if (c === j) own = long[c] * (phi ? phi(cos, o.args)[0] : cos);
        else most = Math.max(most, long[c] * cos);
      }
      return own > most;
    };
    return Array.from({ length: C }, (_, j) => {
      const x = [0, 1, 2].map((k) => (k < d ? W[j * d + k] : 0));
      // two directions at right angles to W, of which the circle needs one
      const axis = d === 2 ? [0, 0, 1] : Math.abs(x[2]) < 0.7 ? [0, 0, 1] : [1, 0, 0];
      const e = unit(cross(axis, x), 1, 3);
      const f = cross(x, e);
      const go = (t, a) => {
        const [ct, ce, cf] = [Math.cos(t), Math.sin(t) * Math.cos(a), Math.sin(t) * Math.sin(a)];
        for (let k = 0; k < 3; k++) u[k] = ct * x[k] + ce * e[k] + (d === 2 ? 0 : cf * f[k]);
      };
      const reach = (a) => {
        let [inside, step] = [0, Math.PI / 12];
        for (go(step, a); inside < Math.PI && kept(j); go(inside + step, a)) inside += step;
        for (let k = 0; k < 6; k++) {
          step /= 2;
          go(inside + step, a);
          if (kept(j)) inside += step;
        }
        return inside;
      };
      go(0, 0);
      if (!kept(j)) return null;
      const line = [];
      const [from, to] = d === 2 ? [-reach(Math.PI), reach(0)] : [0, 2 * Math.PI];
      const parts = d === 2 ? 24 : 30;
      for (let k = 0; k <= parts; k++) {
        const at = from + ((to - from) * k) / parts;
        if (d === 2) go(at, 0);
        else if (k < parts) go(reach(at), at);
        line.push(d > 2 && k === parts ? line[0] : [...u]);
      }
      return line;
    });
  }
}

/** The cross product of two rows of three numbers. */
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
