// A drawn face with a slider for each gene, and other photos of the same person.

import { make, mount } from "../shared/elements.js";

const SIZE = { large: 96, network: 32, small: 64 }; // pixels
const clip = (x, low, high) => Math.min(high, Math.max(low, x));

/** Random numbers in [0, 1), the same for the same seed (mulberry32). */
function randomNumbers(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** name → value: numbers in [0, 1], stretched to the ranges of their genes. */
function stretch(genes, row) {
  const value = ({ low, high }, k) => low + (high - low) * row[k];
  return Object.fromEntries(genes.map((gene, k) => [gene.name, value(gene, k)]));
}

/** Grey values (size * size) of a person `p` in a photo `c`: toyfaces._draw, line by line. */
function drawFace(p, c, size, seed = 0) {
  const half = size / 2;
  const cover = (distance) => clip(0.5 - distance * half, 0, 1);
  const ellipse = (x, y, a, b) =>
    (Math.sqrt((x / a) * (x / a) + (y / b) * (y / b)) - 1) * Math.min(a, b);
  const { abs, max, min } = Math;
  const w = p["head width"];
  const h = p["head height"];
  const hair = p["hair tone"];
  const { yaw, pitch, roll, glasses } = c;
  const [cos, sin] = [(1 - roll * roll) / (1 + roll * roll), (2 * roll) / (1 + roll * roll)];
  const image = new Float64Array(size * size);

  for (let pixel = 0; pixel < image.length; pixel += 1) {
    let out = c.background;
    const paint = (alpha, tone) => (out += alpha * (tone - out));

    // the pose: from the pixel to the head, and from the head to what lies in front of it
    const gx = ((pixel % size) + 0.5) / half - 1 - c["shift x"];
    const gy = 1 - (Math.floor(pixel / size) + 0.5) / half - c["shift y"];
    const [X, Y] = [(cos * gx + sin * gy) / c.size, (cos * gy - sin * gx) / c.size];
    const x = (X - 0.17 * yaw) / (1 - 0.18 * yaw * yaw);
    const y = Y - 0.1 * pitch;
    const side = abs(x);
    const skin = p["skin tone"] + c["light x"] * X + c["light y"] * Y;

    // behind the head: hair, neck, ears
    const volume = p["hair volume"];
    if (p["hair length"] > 0) {
      paint(cover(max(abs(X) - w - volume, Y - h, -p["hair length"] - Y)), hair);
    }
    if (Y > 0) paint(cover(ellipse(X, Y - 0.05, w + volume, h + volume)), hair);
    paint(cover(max(abs(X) - 0.24, Y + 0.4)), skin * 0.85);
    const ear = p["ear size"];
    paint(cover(ellipse(abs(X) - w, Y - p["ear height"], ear, ear * 1.5)), skin * 0.9);

    // the head, its jaw, the beard, the hair above the forehead
    const narrow = 1 - p.jaw * clip(-Y / h, 0, 1);
    const head = cover(ellipse(X / narrow, Y, w, h));
    paint(head, skin);
    const chin = cover(max(y - p["mouth height"] - 0.08, 0.5 * side - 0.22)) * head;
    paint(chin * clip(p.beard, 0, 1), hair);
    const top = p.hairline + p.parting * 0.35 * x - 0.25 * x * x;
    paint(cover(top - y) * cover(ellipse(X, Y, w, h)), hair);

    // eyes, brows
    const [eyeX, eyeY] = [side - p["eye distance"], y - p["eye height"]];
    const tilted = eyeY - p["eye tilt"] * eyeX;
    const opening = p["eye opening"] * c.lids;
    const eye = cover(ellipse(eyeX, tilted, p["eye width"], opening));
    paint(eye, 0.97);
    const signed = (x > 0 ? eyeX : -eyeX) - c.gaze * p["eye width"] * 0.4;
    const iris = p["eye opening"] * 1.05;
    paint(cover(ellipse(signed, eyeY, iris, iris)) * eye, p["iris tone"]);
    paint(cover(max(abs(eyeX) - p["eye width"], abs(tilted - opening) - 0.014)), 0.12);
    const browY = eyeY - p["brow gap"] - c["brow raise"] - p["brow tilt"] * eyeX;
    const brow = max(abs(eyeX) - p["brow length"], abs(browY) - p["brow thickness"]);
    paint(cover(brow), hair * 0.8);

    // nose, mouth, mole
    const noseY = p["eye height"] - p["nose length"];
    const bridge = max(abs(x - 0.03) - 0.018, abs(y - noseY / 2) + noseY / 2);
    paint(cover(bridge) * 0.25, skin * 0.5);
    paint(cover(ellipse(x, y - noseY, p["nose width"], 0.035)) * 0.6, skin * 0.55);
    const mouth = p["mouth width"] * (1 + c.smile);
    const across = (x / mouth) * (x / mouth);
    const mouthY = y - p["mouth height"] - (p["mouth curve"] + c.smile) * 0.35 * (across - 1);
    const lips = p["lip thickness"] * clip(1.15 - across, 0, 1);
    const opened = clip(c["mouth opening"], 0, 1) * clip(1 - across, 0, 1);
    const ends = side - mouth;
    paint(cover(max(abs(mouthY) - lips - opened, ends)), skin * 0.45);
    paint(cover(max(abs(mouthY) - opened, ends)), 0.08);
    paint(cover(ellipse(x - p["mole x"], y - p["mole y"], 0.028, 0.028)), skin * 0.3);

    // glasses, hat
    if (glasses > 0) {
      const rim = abs(ellipse(eyeX, eyeY, 0.17, 0.13)) - 0.016;
      const bar = max(side - p["eye distance"] + 0.17, abs(eyeY) - 0.014);
      paint(cover(min(rim, bar)), 0.08);
      paint(cover(ellipse(eyeX, eyeY, 0.16, 0.12)) * clip(glasses * 4, 0, 0.7), 0.15);
    }
    if (c.hat > 0) {
      const hat = max(abs(X) - w - 0.08, 0.38 - Y);
      const brim = max(abs(X) - w - 0.24, abs(Y - 0.38) - 0.04);
      paint(cover(min(hat, brim)), c["hat tone"]);
    }
    image[pixel] = (out - 0.5) * c.contrast + c.brightness + 0.5;
  }

  // the camera: blur and noise
  const grain = randomNumbers(seed);
  const at = (row, column) => image[clip(row, 0, size - 1) * size + clip(column, 0, size - 1)];
  const photo = image.map((out, pixel) => {
    const [row, column] = [Math.floor(pixel / size), pixel % size];
    const around =
      at(row - 1, column) + at(row + 1, column) + at(row, column - 1) + at(row, column + 1);
    return 255 * (out + c.blur * (around / 4 - out) + c.noise * (2 * grain() - 1));
  });
  return new Uint8ClampedArray(photo); // rounds and clips
}

/** Show grey values on a canvas, one pixel for each. */
function showGrey(canvas, grey) {
  const size = Math.sqrt(grey.length);
  const picture = new ImageData(size, size);
  picture.data.forEach((_, k, data) => (data[k] = k % 4 === 3 ? 255 : grey[k >> 2]));
  canvas.width = canvas.height = size;
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

function render({ model, el }) {
  const stop = new AbortController();
  const { signal } = stop;
  const listen = (target, name, act) => target.addEventListener(name, act, { signal });
  const meta = model.get("_meta");
  const id = `fa${Math.random().toString(36).slice(2, 8)}`;
  const { person, photo, others } = meta;
  const start = () => structuredClone({ person, photo, others });
  let state = start();
  const random = randomNumbers(meta.seed);
  const draw = (row) => row.map(() => random());

  // one slider for each gene
  const word = ({ words }, value) => words.find(([upTo]) => value <= upTo)[1];
  const shows = []; // functions that bring a slider up to date
  const slider = (kind, gene, k) => {
    const input = make("input", {
      type: "range", min: 0, max: 1, step: 0.01, id: `${id}-${gene.name.replace(" ", "-")}`,
    });
    const [said, digits] = [make("span", {}), make("span", { class: "ft-digits" })];
    const output = make("output", { for: input.id }, said, digits);
    shows.push(() => {
      const value = state[kind][k];
      input.value = value;
      said.textContent = word(gene, value);
      digits.textContent = value.toFixed(2);
      input.setAttribute("aria-valuetext", `${word(gene, value)}, ${value.toFixed(2)}`);
    });
    listen(input, "input", () => {
      state[kind][k] = +input.value;
      update(kind === "person");
    });
    const label = make("label", { for: input.id }, gene.name);
    return make("div", { class: "ft-slider" }, label, input, output);
  };
  const button = (text) => make("button", { type: "button", class: "ft-button" }, text);
  const another = { person: button("Another person"), photo: button("Another photo") };
  const group = (kind) => {
    const title = kind[0].toUpperCase() + kind.slice(1);
    const name = make("span", { class: "ft-title", id: `${id}-${kind}` }, title);
    const sliders = meta.kinds[kind].map((gene, k) => slider(kind, gene, k));
    const [first, more] = [true, false].map((first) =>
      sliders.filter((_, k) => meta.kinds[kind][k].first === first),
    );
    return make(
      "div",
      { class: "ft-genes", role: "group", "aria-labelledby": name.id },
      make("div", { class: "ft-head" }, name, another[kind]),
      ...first,
      make("details", {}, make("summary", {}, `${more.length} more`), ...more),
    );
  };

  const large = make("canvas", { role: "img", class: "ft-large" });
  const small = meta.others.map(() => make("canvas", { "aria-hidden": "true" }));
  const network = make("input", { type: "checkbox", id: `${id}-network` });
  const back = button("Back");
  const spoken = make("div", { class: "ft-spoken", role: "status" });
  const strip = make(
    "div",
    { class: "ft-strip", role: "img", "aria-label": "The same person in six other photos" },
    ...small,
  );
  const check = `${SIZE.network} × ${SIZE.network}, as the network sees it`;
  const root = make(
    "div",
    { class: "facetoy", role: "group", "aria-label": "Drawn face with sliders" },
    make(
      "div",
      { class: "ft-faces" },
      make("div", { class: "ft-album" }, large, strip),
      make(
        "div",
        { class: "ft-controls" },
        make(
          "div",
          { class: "ft-row ft-small" },
          make("label", { class: "ft-check", for: network.id }, network, check),
          back,
        ),
        group("person"),
        group("photo"),
      ),
    ),
    spoken,
  );

  /** The face in words, as a list; what is nothing special is left out. */
  function describe() {
    const words = new Map();
    for (const [kind, genes] of Object.entries(meta.kinds)) {
      genes.forEach((gene, k) => words.set(gene.name, word(gene, state[kind][k])));
    }
    const said = (name) => (meta.unsaid.includes(words.get(name)) ? "" : words.get(name));
    const parts = meta.parts.map((part) => {
      const found = [...part.matchAll(/\{(.+?)\}/g)].some(([, name]) => said(name));
      const full = part.replace(/\{(.+?)\}/g, (_, name) => said(name));
      return found && full.replace(/ +/g, " ").trim();
    });
    return parts.filter(Boolean);
  }

  /** Draw the large face, and the small ones unless nothing of them changed. */
  function update(all = true) {
    shows.forEach((show) => show());
    const person = stretch(meta.kinds.person, state.person);
    const paint = (canvas, photo, size, seed) =>
      showGrey(canvas, drawFace(person, stretch(meta.kinds.photo, photo), size, seed));
    paint(large, state.photo, network.checked ? SIZE.network : SIZE.large, 0);
    if (all) small.forEach((canvas, k) => paint(canvas, state.others[k], SIZE.small, k + 1));
    large.setAttribute("aria-label", `Drawn face: ${describe().join(", ")}`);
  }

  /** Change the state, and say what is new in the large picture. */
  function change(what, act) {
    const before = describe();
    act();
    update();
    const news = describe().filter((part) => !before.includes(part));
    spoken.textContent = `${what}: ${news.join(", ") || "much the same"}.`;
  }

  listen(another.person, "click", () =>
    change("Another person", () => (state.person = draw(state.person))),
  );
  listen(another.photo, "click", () =>
    change("Another photo", () => {
      state.photo = draw(state.photo);
      state.others = state.others.map(draw);
    }),
  );
  listen(back, "click", () => change("Back", () => (state = start())));
  listen(network, "change", () => update(false));
  update();
  return mount(root, el, stop);
}

export default { render };
