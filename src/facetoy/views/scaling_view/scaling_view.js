// Sliders for a last layer; its memory, traffic and time as bars and figures.

import { make, mount } from "../shared/elements.js";

const REST = 600; // milliseconds after which a setting is spoken
const BYTES = [[1, "B"], [1e3, "kB"], [1e6, "MB"], [1e9, "GB"], [1e12, "TB"], [1e15, "PB"]];
const SECONDS = [[1e-6, "µs"], [1e-3, "ms"], [1, "s"], [60, "min"], [3600, "h"], [86400, "days"]];
const FLOPS = [[1, "FLOP/s"], [1e9, "GFLOP/s"], [1e12, "TFLOP/s"], [1e15, "PFLOP/s"]];
const grouped = (count) => count.toLocaleString("en-US");
const sum = (parts) => Object.values(parts).reduce((a, b) => a + b, 0);

/** The value to three digits, in the largest unit of which it holds at least one. */
function human(value, units) {
  const rounded = +value.toPrecision(3);
  const [size, name] = units.findLast(([unit]) => rounded >= unit) || units[0];
  return `${+(rounded / size).toPrecision(3)}\u00a0${name}`;
}

/** What one step costs a rank, by part: `facetoy.large.cost`, where the counts are explained. */
function layerCost({ classes, dim: d, ranks: R, rate, batch: N }, machine) {
  const mine = Math.ceil(classes / R);
  const used = Math.min(mine, Math.max(Math.ceil(rate * mine), Math.ceil(N / R)));
  const [A, K, S] = [mine * d, used * d, N * used];
  const sampled = rate < 1;
  const both = {
    weights: A, gradient: A, momentum: A, "sampled copy": sampled ? K : 0,
    "rows of length 1": K, scores: 3 * S + S / R, features: 3 * N * d + (2 * N * d) / R,
  };
  const backward = { ...both, gradient: K, "rows of length 1": 4 * K, scores: 0 };
  const memory = sum(backward) > sum(both) ? backward : both;
  for (const part of Object.keys(memory)) memory[part] *= 4;
  const touched = 8 * A + 26 * K + 21 * S + (16 * S) / R + 32 * N * d + (sampled ? A + 5 * K : 0);
  const ring = (R - 1) / R;
  const sent = {
    features: ring * N * (4 * d + 8),
    "gradient of the features": 2 * ring * N * 4 * d,
    softmax: 2 * ring * N * 12,
  };
  const seconds = {
    arithmetic: (6 * N * K) / machine.flops,
    memory: (4 * touched) / machine.memory,
    network: sum(sent) / machine.network,
    fixed: machine.fixed,
  };
  return { memory, sent, seconds };
}

function render({ model, el }) {
  const stop = new AbortController();
  const { signal } = stop;
  const listen = (target, name, act) => target.addEventListener(name, act, { signal });
  const meta = model.get("_meta");
  const { machines, colors } = meta;
  const id = `sc${Math.random().toString(36).slice(2, 8)}`;
  const layer = { ...meta.layer };
  let machine = machines[0];

  const draw = (name, attributes, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  /** A bar of parts, with their names and figures below; every second one is striped. */
  function stack(title, kind, units) {
    const names = Object.keys(colors[kind]);
    const paint = (k) => ({
      class: k % 2 ? "ft-striped" : "",
      style: `background-color: ${colors[kind][names[k]]}`,
    });
    const segments = names.map((_, k) => make("span", paint(k)));
    const figures = names.map(() => make("b"));
    const limit = make("i");
    const bar = make("div", { class: "ft-stack", role: "img" }, ...segments, limit);
    const [total, state] = [make("b"), make("span", { class: "ft-state" })];
    const rows = names.map((name, k) => {
      const swatch = make("span", { ...paint(k), "aria-hidden": "true" });
      return make("li", {}, swatch, make("span", {}, name), figures[k]);
    });
    return {
      state,
      section: make(
        "div",
        { class: "ft-budget" },
        make("p", { class: "ft-title" }, `${title} `, total, " ", state),
        bar,
        make("ul", { class: "ft-parts" }, ...rows),
      ),
      /** `capacity`, if there is one, is marked. */
      show(parts, capacity = null) {
        const all = sum(parts);
        const whole = Math.max(all, capacity || 0) || 1; // one rank sends nothing
        names.forEach((name, k) => {
          segments[k].style.width = `${(100 * parts[name]) / whole}%`;
          segments[k].hidden = !parts[name];
          segments[k].classList.toggle("ft-thin", parts[name] < whole / 60);
          figures[k].textContent = human(parts[name], units);
          rows[k].classList.toggle("ft-none", !parts[name]);
        });
        limit.hidden = capacity === null;
        if (capacity) limit.style.left = `${(100 * capacity) / whole}%`;
        total.textContent = human(all, units) + (capacity ? ` of ${human(capacity, units)}` : "");
        bar.classList.toggle("ft-over", Boolean(capacity) && all > capacity);
        const shares = names.filter((name) => parts[name]).map((name) => `${name} ${human(parts[name], units)}`);
        const label = `${title} ${total.textContent}`;
        bar.setAttribute("aria-label", [label, ...shares].join(", "));
      },
    };
  }
  const memory = stack("Memory:", "memory", BYTES);
  const time = stack("Time of a step:", "seconds", SECONDS);

  const sent = stack("Sent in a step:", "sent", BYTES);
  const said = make("p", { class: "ft-verdict" });
  const spoken = make("div", { class: "ft-spoken", role: "status" });

  /** A slider over `values`, of which `words` says one. */
  function slider(name, key, values, words) {
    const at = values.indexOf(layer[key]);
    const input = make("input", { type: "range", min: 0, max: values.length - 1, step: 1, value: at, id: `${id}-${key}` });
    const output = make("output", { for: input.id, "aria-live": "off" }); // see `spoken`
    const show = () => {
      output.textContent = words(layer[key]);
      input.setAttribute("aria-valuetext", output.textContent);
    };
    listen(input, "input", () => {
      layer[key] = values[+input.value];
      show();
      change();
    });
    show();
    return make("div", { class: "ft-slider" }, make("label", { for: input.id }, name), input, output);
  }
  const least = Math.round(100 * meta.leastRate);
  const rates = Array.from({ length: 101 - least }, (_, k) => (k + least) / 100);
  const controls = [
    slider("people", "classes", meta.classes, grouped),
    slider("dimensions", "dim", meta.dims, String),
    slider("ranks", "ranks", meta.ranks, grouped),
    slider("classes used", "rate", rates, (rate) => `${Math.round(100 * rate)}\u00a0%`),
  ];
  const about = make("p", { class: "ft-note" });
  if (machines.length > 1) {
    const options = machines.map(({ name }, k) => make("option", { value: k }, name));
    const select = make("select", { id: `${id}-machine` }, ...options);
    listen(select, "change", () => {
      machine = machines[+select.value];
      change();
    });
    const label = make("label", { for: select.id }, "a rank is");
    controls.push(make("div", { class: "ft-slider ft-choice" }, label, select));
  }

  const root = make(
    "div",
    { class: "facetoy", role: "group", "aria-label": "What a last layer costs" },
    make("div", { class: "ft-controls" }, ...controls),
    said,
    make("div", { class: "ft-budgets" }, memory.section, make("div", {}, time.section, sent.section)),
    ...(meta.charts.length ? [make("div", { class: "ft-scatters" }, ...meta.charts.map(scatter))] : []),
    about,
    spoken,
  );

  /** Measured against predicted, both logarithmic; what lies on the diagonal is right. */
  function scatter({ title, unit, points, off }) {
    const units = unit === "s" ? SECONDS : BYTES;
    const values = points.flatMap(([predicted, measured]) => [predicted, measured]).map(Math.log10);
    const [low, high] = [Math.min(...values) - 0.15, Math.max(...values) + 0.15];
    const [left, top, long] = [62, 8, 200];
    const x = (value) => left + (long * (Math.log10(value) - low)) / (high - low);
    const y = (value) => top + long - (x(value) - left);
    const steps = high - low > 1.6 ? [1] : [1, 2, 5];
    const ticks = [];
    for (let power = Math.floor(low); power <= high; power++) {
      for (const factor of steps) {
        const tick = +`${factor}e${power}`;
        if (Math.log10(tick) >= low && Math.log10(tick) <= high) ticks.push(tick);
      }
    }
    const marks = ticks.flatMap((tick) => [
      draw("path", { class: "ft-grid", d: `M ${x(tick)} ${top} V ${top + long} M ${left} ${y(tick)} H ${left + long}` }),
      draw("text", { x: x(tick), y: top + long + 16, "text-anchor": "middle" }, human(tick, units)),
      draw("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, human(tick, units)),
    ]);
    const kinds = [...new Set(points.map(([, , ranks]) => ranks))].sort((a, b) => a - b);
    const shape = (kind, cx, cy) => {
      const look = { class: "ft-mark", fill: meta.markColors[kind % 3], stroke: meta.markColors[kind % 3] };
      if (kind % 3 === 0) return draw("circle", { cx, cy, r: 4, ...look });
      if (kind % 3 === 1) return draw("rect", { x: cx - 3.5, y: cy - 3.5, width: 7, height: 7, ...look });
      return draw("path", { d: `M ${cx} ${cy - 5} l 4.5 8 h -9 z`, ...look });
    };
    const dots = points.map(([predicted, measured, ranks]) => shape(kinds.indexOf(ranks), x(predicted), y(measured)));
    const percent = (share) => `${+(100 * share).toPrecision(2)}\u00a0%`;
    const words = `${points.length} settings, off by ${percent(off[0])} in the median, ${percent(off[1])} at most`;
    const svg = draw(
      "svg",
      { viewBox: "0 0 270 246", role: "img", "aria-label": `${title}, measured against predicted: ${words}` },
      ...marks,
      draw("path", { class: "ft-diagonal", d: `M ${left} ${top + long} L ${left + long} ${top}` }),
      ...dots,
      draw("text", { x: left + long / 2, y: 244, "text-anchor": "middle" }, "predicted"),
      draw("text", { x: left + 6, y: top + 12, class: "ft-up" }, "measured"),
    );
    const key = kinds.map((ranks, kind) =>
      make(
        "li",
        {},
        draw("svg", { viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" }, shape(kind, 6, 6)),
        `${ranks} rank${ranks === 1 ? "" : "s"}`,
      ),
    );
    return make(
      "div",
      { class: "ft-scatter" },
      make("p", { class: "ft-title" }, title),
      svg,
      make("ul", { class: "ft-key" }, ...key),
      make("p", { class: "ft-note" }, `${words}.`),
    );
  }

  /** The fewest ranks on which the layer fits, if any does. */
  const enough = () =>
    meta.ranks.find((ranks) => sum(layerCost({ ...layer, ranks }, machine).memory) <= machine.capacity);

  function update() {
    const cost = layerCost(layer, machine);
    const [bytes, seconds] = [sum(cost.memory), sum(cost.seconds)];
    const fits = bytes <= machine.capacity;
    memory.show(cost.memory, machine.capacity);
    time.show(cost.seconds);
    sent.show(cost.sent);
    memory.state.textContent = fits ? "✓ fits" : "✗ does not fit";
    root.classList.toggle("ft-full", !fits);
    const most = Object.keys(cost.seconds).reduce((a, b) => (cost.seconds[b] > cost.seconds[a] ? b : a));
    const on = layer.ranks === 1 ? "its one rank" : `each of its ${grouped(layer.ranks)} ranks`;
    const limit = `into ${human(machine.capacity, BYTES)} of ${machine.name}`;
    const least = enough();
    const way =
      least > layer.ranks
        ? ` ${grouped(least)}\u00a0ranks would do.`
        : least === undefined
          ? ` Nor would it on ${grouped(meta.ranks.at(-1))}\u00a0ranks.`
          : "";
    said.textContent =
      `A last layer for ${grouped(layer.classes)} people with ${layer.dim} numbers each needs ` +
      `${human(bytes, BYTES)} on ${on}, which ${fits ? "fits" : "does not fit"} ${limit}; ` +
      `a step takes ${human(seconds, SECONDS)}, most of all for ${meta.where[most]}.${fits ? "" : way}`;
    about.textContent =
      `Only the last layer is counted, for ${grouped(layer.batch)} images in a step of all ranks. ` +
      `Figures of ${machine.name}, for a rank: ${human(machine.flops, FLOPS)}, memory ${human(machine.memory, BYTES)}/s, ` +
      `network ${human(machine.network, BYTES)}/s, ${human(machine.fixed, SECONDS)} for any step.`;
    root.dataset.cost = JSON.stringify({ layer, ...cost });
  }

  let timer;
  function change() {
    update();
    clearTimeout(timer);
    timer = setTimeout(() => (spoken.textContent = said.textContent), REST);
  }
  update();
  signal.addEventListener("abort", () => clearTimeout(timer));
  return mount(root, el, stop);
}

export default { render };
