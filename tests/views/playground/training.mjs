// The playground's arithmetic, asked by test_training.py: a line of JSON in, [name, arguments], and
// a line of JSON out.

import { createInterface } from "node:readline";

import { makeLoss } from "../../../src/facetoy/views/playground/losses.js";
import { Embedder } from "../../../src/facetoy/views/playground/network.js";
import { Adam, SGD } from "../../../src/facetoy/views/playground/optimisers.js";
import { Training, unpackImages } from "../../../src/facetoy/views/playground/training.js";

let digits; // what unpackImages returns

const asked = {
  setDigits(images, labels, train) {
    const pixels = Float64Array.from(images);
    digits = { images: pixels, inputs: pixels, mean: new Float64Array(64), labels, train, size: 8 };
    return null;
  },

  tryLoss(name, d, C, settings, x, y, W, centers) {
    const loss = makeLoss(name, d, C, settings);
    if (W) loss.weight.value.set(W);
    if (centers) loss.centers.set(centers);
    const n = y.length;
    const value = loss.forward(Float64Array.from(x), y, n);
    const gW = loss.weight && [...loss.weight.gradient];
    loss.update(Float64Array.from(x), y, n);
    return { value, gx: [...loss.gx], gW, centers: loss.centers && [...loss.centers] };
  },

  trainSteps(name, d, C, settings, optimiser, lr, batches, start) {
    const net = new Embedder(64, 64, d);
    const loss = makeLoss(name, d, C, settings);
    const all = [...net.parameters(), ...loss.parameters()];
    all.forEach(({ value }, k) => value.set(start[k]));
    const with_ = optimiser === "adam" ? new Adam() : new SGD();
    const losses = batches.map((rows) => {
      const labels = rows.map((i) => digits.labels[i]);
      const x = net.forward(digits.images, rows, rows.length);
      const value = loss.forward(x, labels, rows.length);
      net.backward(loss.gx, digits.images, rows, rows.length);
      with_.step(all, lr);
      loss.update(x, labels, rows.length);
      return value;
    });
    const rows = [...Array(digits.train).keys()];
    return { losses, features: [...net.forward(digits.images, rows, rows.length)] };
  },

  evaluateRun(loss, args, dim, classes, epochs) {
    const how = { lr: 0.01, batch: 128, optimiser: "adam", seed: 0 };
    const run = new Training(digits, { ...how, loss, args, dim, classes, stranger: 9 });
    while (run.epochs < epochs) run.step();
    run.evaluate();
    const { measures, tested, trained, histogram } = run;
    return {
      measures, tested, trained,
      features: [...run.features], labels: [...run.labels], predicted: [...run.predicted],
      weight: run.loss.weight && [...run.loss.weight.value],
      histogram: { own: [...histogram.own], other: [...histogram.other] },
    };
  },

  // what a training makes of its own images, as if they were a reader's
  seeAll(packed, loss, args) {
    const data = unpackImages(packed);
    const how = { dim: 3, classes: [0, 1, 2, 3, 4], stranger: null, lr: 0.01, batch: 64 };
    const run = new Training(data, { ...how, optimiser: "adam", seed: 0, loss, args });
    for (let k = 0; k < 30; k++) run.step();
    run.evaluate();
    const pixels = data.size ** 2;
    const seen = run.rows.map((row) => run.see(data.images.slice(row * pixels, (row + 1) * pixels)));
    return {
      guesses: seen.map(({ guess }) => guess), predicted: [...run.predicted],
      seen: seen.flatMap(({ feature }) => [...feature]), features: [...run.features],
      angles: seen.flatMap(({ angles }) => angles), ways: [...run.directions],
    };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, args] = JSON.parse(line);
  console.log(JSON.stringify(asked[name](...args)));
}
