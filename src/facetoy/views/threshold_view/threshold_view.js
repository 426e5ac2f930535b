// Two histograms of scores, a threshold to drag, and the pairs that it gets wrong.

import { frame, make, mount } from "../shared/elements.js";

const REST = 600; // milliseconds after which a threshold is spoken
const KINDS = ["same", "other"]; // pairs of one person, pairs of two people
const grouped = (count) => count.toLocaleString("en-US");

/** A share in percent, with enough decimals to tell one pair from none. */
function percent(count, total) {
  const digits = Math.min(4, Math.max(1, Math.ceil(Math.log10(total)) - 2));
  return `${+((100 * count) / total).toFixed(digits)}\u00a0%`;
}

/** An SVG path around bars of the given heights in [0, 1], each 1 wide; 0 is at the top. */
function outline(heights) {
  return `M 0 1 ${heights.map((height, k) => `V ${1 - height} H ${k + 1}`).join(" ")} V 1`;
}

function render({ model, el }) {
  const stop = new AbortController();
  const { signal } = stop;
  const listen = (target, name, act) => target.addEventListener(name, act, { signal });
  const meta = model.get("_meta");
  const { labels, counts, totals, sprite } = meta;
  const id = `th${Math.random().toString(36).slice(2, 8)}`;
  const last = labels.length - 1;
  let step = meta.start;

  // the chart: its shapes are stretched to the space there is, its words are not
  const draw = (name, attributes, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const bars = meta.bars.same.length;
  const [left, right] = KINDS.map(() => draw("rect", { y: 0, height: 1 }));
  const path = (kind, name, clip) =>
    draw("path", { d: outline(meta.bars[kind]), class: `ft-${kind} ${name}`, ...clip });
  const svg = draw(
    "svg",
    { viewBox: `0 0 ${bars} 1`, preserveAspectRatio: "none" },
    draw("clipPath", { id: `${id}-left` }, left),
    draw("clipPath", { id: `${id}-right` }, right),
    path("same", "ft-bars"),
    path("same", "ft-wrong", { "clip-path": `url(#${id}-left)` }),
    path("other", "ft-wrong", { "clip-path": `url(#${id}-right)` }),
    path("other", "ft-bars"),
  );
  const tick = (axis, [at, text]) => {
    const side = axis === "x" ? "left" : "bottom";
    return make("span", { class: `ft-tick-${axis}`, style: `${side}: ${100 * at}%` }, text);
  };
  const cut = make("div", { class: "ft-cut" });
  const chart = make(
    "div",
    { class: "ft-chart", role: "img" },
    ...meta.ticks.y.map((mark) => tick("y", mark)),
    svg,
    make("span", { class: "ft-refused" }, "refused"),
    make("span", { class: "ft-accepted" }, "accepted"),
    ...meta.ticks.x.map((mark) => tick("x", mark)),
    cut,
  );
  const key = (name, ...text) =>
    make("li", {}, make("span", { class: `ft-swatch ${name}`, "aria-hidden": "true" }), ...text);
  const legend = make(
    "ul",
    { class: "ft-key" },
    key("ft-same", `filled: ${grouped(totals.same)} pairs of one person`),
    key("ft-other", `outlined: ${grouped(totals.other)} pairs of two people`),
    key("ft-wrong", "strong colour: errors"),
  );

  const readout = (name) => {
    const [value, hint] = [make("dd"), make("span", { class: "ft-hint" })];
    return { value, hint, cell: make("div", {}, make("dt", {}, name, hint), value) };
  };
  const at = readout("threshold");
  const accepts = readout("false accepts");
  const refuses = readout("false rejects");
  const rate = readout("TAR");
  const said = make("p", { class: "ft-verdict" });
  const spoken = make("div", { class: "ft-spoken", role: "status" });
  const input = make("input", { type: "range", min: 0, max: last, step: 1, id: `${id}-at` });
  const output = make("output", { for: input.id, "aria-live": "off" }); // see `spoken`
  const buttons = Object.entries(meta.buttons).map(([name, target]) => {
    const button = make("button", { type: "button", class: "ft-button" }, name);
    listen(button, "click", () => move(target));
    return button;
  });

  // errors as pictures
  const gallery = (kind, title) => {
    const list = make("ul", { class: "ft-errors" });
    const heading = make("p", { class: "ft-title", id: `${id}-${kind}` }, title);
    const group = { role: "group", "aria-labelledby": heading.id, class: "ft-gallery" };
    return { list, section: make("div", group, heading, list) };
  };
  const galleries = {
    other: gallery("other", "Falsely accepted: two people"),
    same: gallery("same", "Falsely refused: one person"),
  };
  let pixels = null; // of all images, once they are unpacked
  const picture = (index) => {
    const { columns, width, height } = sprite;
    const canvas = make("canvas", { width, height });
    const [x, y] = [(index % columns) * width, Math.floor(index / columns) * height];
    canvas.getContext("2d").drawImage(pixels, x, y, width, height, 0, 0, width, height);
    return canvas;
  };
  const pair = (kind, { score, images, names }) => {
    const alt = `${kind === "same" ? "One person" : "Two people"}, score ${score}`;
    const box = { class: "ft-pair", role: "img", "aria-label": [alt, ...names].join(", ") };
    const canvases = pixels ? images.map(picture) : [];
    const caption = make("span", { class: "ft-score" }, score);
    if (names.length) caption.append(make("span", { class: "ft-hint" }, names.join(" · ")));
    return make("li", {}, make("div", box, ...canvases), caption);
  };
  /** The errors of one kind nearest to the threshold, the nearest first. */
  const nearest = (kind) => {
    const { shown, errors } = meta; // these rise in score
    return kind === "other"
      ? errors.other.filter((error) => error.step >= step).slice(0, shown)
      : errors.same.filter((error) => error.step < step).slice(-shown).reverse();
  };

  const readouts = [at, accepts, refuses, rate].map(({ cell }) => cell);
  const root = frame(
    "Scores of pairs, with a threshold to move",
    make("div", {}, chart, make("p", { class: "ft-axis" }, "score of a pair"), legend),
    [make("dl", { class: "ft-readouts ft-four" }, ...readouts), said],
    make(
      "div",
      { class: "ft-controls" },
      make("div", { class: "ft-slider" }, make("label", { for: input.id }, "threshold"), input, output),
      make("div", { class: "ft-row ft-small ft-jumps" }, ...buttons),
    ),
    make("div", { class: "ft-galleries" }, galleries.other.section, galleries.same.section),
    make("p", { class: "ft-note" }, "Shown are those nearest to the threshold, of a selection."),
    spoken,
  );

  function update() {
    const wrong = counts.other[step];
    const refused = totals.same - counts.same[step];
    const [far, frr] = [percent(wrong, totals.other), percent(refused, totals.same)];
    chart.style.setProperty("--ft-at", `${(100 * step) / last}%`);
    const edge = step / meta.group; // in bars
    left.setAttribute("width", edge);
    right.setAttribute("x", edge);
    right.setAttribute("width", bars - edge);
    at.value.textContent = output.textContent = labels[step];
    at.hint.textContent = "accepted from here on";
    accepts.value.textContent = grouped(wrong);
    accepts.hint.textContent = `FAR ${far}`;
    refuses.value.textContent = grouped(refused);
    refuses.hint.textContent = `FRR ${frr}`;
    rate.value.textContent = percent(counts.same[step], totals.same);
    rate.hint.textContent = "1 − FRR";
    const words =
      `ccepts ${grouped(wrong)} of ${grouped(totals.other)} pairs of two people (${far}), ` +
      `refuses ${grouped(refused)} of ${grouped(totals.same)} pairs of one person (${frr}).`;
    said.textContent = `A${words}`;
    const now = `At threshold ${labels[step]}: a${words}`;
    chart.setAttribute("aria-label", `Histograms of the scores of pairs. ${now}`);
    input.value = step;
    input.setAttribute("aria-valuetext", labels[step]);
    for (const kind of KINDS) {
      const pairs = nearest(kind).map((error) => pair(kind, error));
      const none = make("li", { class: "ft-none" }, "none at this threshold");
      galleries[kind].list.replaceChildren(...(pairs.length ? pairs : [none]));
    }
    return now;
  }

  let timer;
  function move(to) {
    step = Math.min(last, Math.max(0, to));
    const now = update();
    clearTimeout(timer);
    timer = setTimeout(() => (spoken.textContent = now), REST);
  }
  const under = (event) => {
    const { x, width } = chart.getBoundingClientRect();
    return Math.round(((event.clientX - x) / width) * last);
  };
  let grip; // how far beside the line it was taken, in steps
  listen(cut, "pointerdown", (event) => {
    grip = under(event) - step;
    cut.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  listen(cut, "pointermove", (event) => {
    if (cut.hasPointerCapture(event.pointerId)) move(under(event) - grip);
  });
  listen(chart, "click", (event) => {
    if (event.target !== cut) move(under(event));
  });
  listen(input, "input", () => move(+input.value));

  update();
  createImageBitmap(new Blob([model.get("_data")], { type: "image/png" })).then((bitmap) => {
    pixels = bitmap;
    update();
  });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return mount(root, el, stop);
}

export default { render };
