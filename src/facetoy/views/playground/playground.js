// The playground: settings, pictures and figures around one or two trainings in the page.

import { attachTurning, Camera } from "../shared/camera.js";
import { drawImage, fillFacts, placeBeside, recognised, spokenFacts } from "../shared/card.js";
import { degrees, make, mount, number } from "../shared/elements.js";
import { drawMarker, spreadAcross } from "../shared/markers.js";
import { Sphere } from "../shared/sphere.js";
import { angleOf, rowLength } from "../shared/vectors.js";
import { drawCurves, drawHistograms } from "./charts.js";
import { IMAGES } from "./images.js";
import { KINDS } from "./losses.js";
import { Training, unpackImages } from "./training.js";

const TURN = 16; // milliseconds for training, measuring and drawing one picture
const LEAST = 4; // of them for training, at least
const SLOW = 1.5; // epochs a second in slow motion
const CALM = 500; // milliseconds between pictures for readers who asked for less motion
const ADDRESS = 300; // milliseconds without a change before the address is written
const FIGURES = 150; // milliseconds between updates of figures and charts
const TALK = 10_000; // milliseconds between reports to screen readers
const LONGEST = 1000; // epochs, then it pauses
const AT_ONCE = 2; // epochs between two pictures, at most
const MAX_SEED = 999_999;
const MINING = ["semihard", "hard"];
const DATA = { digits: "digits", faces: "toy faces", points: "free points, no network" };
const OPTIMISERS = { adam: "Adam", sgd: "SGD, momentum 0.9" };

/** Settings of a loss as the reader finds them: `start` where it says something. */
function argumentsOf(losses, name, start = {}) {
  const args = { ...losses[name].arguments };
  for (const key of Object.keys(args)) if (key in start) args[key] = start[key];
  return args;
}

/** The whole state as the fragment of an address. */
function toFragment(state, { losses }) {
  const query = new URLSearchParams();
  state.sides.forEach(({ loss, args }, k) => {
    const mark = k ? "b." : "";
    query.set(`${mark}loss`, loss);
    for (const key of [...losses[loss].sliders.map(({ name }) => name), ...(loss === "triplet" ? ["mining"] : [])]) {
      query.set(mark + key, number(args[key]));
    }
  });
  query.set("data", state.data);
  query.set("unit", state.unit ? 1 : 0);
  query.set("dim", state.dim);
  query.set("classes", state.classes.join(""));
  if (state.stranger !== null) query.set("stranger", state.stranger);
  for (const key of ["optimiser", "lr", "batch", "seed"]) query.set(key, state[key]);
  return `#playground&${query}`;
}

/** The state in a fragment, on top of `base`; null if anything in it is not as it should be. */
function fromFragment(fragment, base, { losses, rates, batches }) {
  if (!fragment.startsWith("#playground&")) return null;
  const query = new URLSearchParams(fragment.slice("#playground&".length));
  const left = new Set(query.keys());
  if (left.size !== [...query.keys()].length) return null; // a key twice
  let good = true;
  const take = (key, otherwise, fits, convert = (text) => text) => {
    if (!left.delete(key)) return otherwise;
    const value = convert(query.get(key));
    good &&= fits(value);
    return value;
  };
  const among = (values) => (value) => values.includes(value);
  const numeric = (text) => (/^\d{1,7}(\.\d{1,6})?$/.test(text) ? Number(text) : NaN);
  const within = (values, whole) => (value) =>
    value >= values[0] && value <= values.at(-1) && (!whole || Number.isInteger(value));
  const state = { ...base };
  const sideOf = (mark, before) => {
    const loss = take(`${mark}loss`, before.loss, among(Object.keys(losses)));
    if (!good) return before;
    const args = argumentsOf(losses, loss, before.loss === loss ? before.args : {});
    for (const { name, values, whole } of losses[loss].sliders) {
      args[name] = take(mark + name, args[name], within(values, whole), numeric);
    }
    if (loss === "triplet") args.mining = take(`${mark}mining`, args.mining, among(MINING));
    return { loss, args };
  };
  state.sides = [sideOf("", base.sides[0])];
  if (query.has("b.loss")) state.sides.push(sideOf("b.", state.sides[0]));
  state.data = take("data", base.data, among(Object.keys(DATA)));
  state.dim = take("dim", base.dim, among([2, 3]), numeric);
  const digits = (text) => (/^[0-9]{2,10}$/.test(text) ? [...new Set(text)].map(Number).sort() : []);
  state.classes = take("classes", base.classes, (value) => value.length > 1, digits);
  state.stranger = take("stranger", null, within([0, 9], true), numeric);
  state.unit = take("unit", base.unit, among([true, false]), (text) => ({ 0: false, 1: true })[text]);
  state.optimiser = take("optimiser", base.optimiser, among(Object.keys(OPTIMISERS)));
  state.lr = take("lr", base.lr, within(rates), numeric);
  state.batch = take("batch", base.batch, among(batches), numeric);
  state.seed = take("seed", base.seed, within([0, MAX_SEED], true), numeric);
  if (!good || left.size || state.classes.includes(state.stranger)) return null;
  if (state.data === "points" && state.stranger !== null) return null;
  return state;
}

/** The largest m that classes `best` (radians) apart can keep; null if the loss has no such m. */
function room(loss, best) {
  if (loss === "arcface") return best;
  return loss === "cosface" || loss === "amsoftmax" ? 1 - Math.cos(best) : null;
}

/** Why the margin of a loss cannot be kept by `C` classes in `dim` dimensions, or null. */
function beyond({ loss, args }, C, dim, best) {
  const { phi, x } = KINDS[loss] || {};
  if (!phi || !x || phi(1, args)[0] >= Math.cos(best) - 1e-9) return null;
  const where = `${C} classes ${dim === 2 ? "on a circle" : "on a sphere"}`;
  const most = room(loss, best);
  return most === null
    ? `These margins together are beyond what ${where} allow: they can be ${degrees((best * 180) / Math.PI, 0)} apart.`
    : `m = ${number(args.m)} is beyond what ${where} allow: ${most.toFixed(2)}.`;
}

/** What the page checks: each `done` is asked with the sides, their trainings and the state. */
const CHALLENGES = [
  {
    text: "Get the intra angle under 5° with 95 % of the test images right, on all ten digits.",
    done: ({ state, runs }) =>
      state.data === "digits" && state.classes.length === 10 &&
      runs.some(({ measures: m }) => m.accuracy >= 0.95 && m.intra < 5),
  },
  {
    text:
      "Find the largest m, of ArcFace or CosFace, that still trains ten digits on a circle: 90 % of " +
      "the test images right, after 30 epochs or more from a fresh start with that m. It counts as " +
      "solved at nine tenths of the m that there is room for.",
    done({ state, runs }) {
      runs.forEach((run, k) => {
        const { loss, args } = state.sides[k];
        if (!["arcface", "cosface", "amsoftmax"].includes(loss) || state.dim !== 2) return;
        if (state.data !== "digits" || state.classes.length !== 10 || run.touched || run.epochs < 30) return;
        const share = args.m / room(loss, run.best);
        if (run.measures.accuracy >= 0.9 && share > (this.share ?? 0)) {
          this.share = share;
          this.found = `best so far: ${loss === "arcface" ? "ArcFace" : "CosFace"} with m = ${number(args.m)}, ` +
            `${Math.round(100 * share)} % of the ${room(loss, run.best).toFixed(2)} that there is room for`;
        }
      });
      return this.share >= 0.9;
    },
  },
  {
    text:
      "Make the triplet loss collapse (all features in one place), then save it without a reset: " +
      "90 % right.",
    done({ state, runs }) {
      runs.forEach((run, k) => {
        if (state.sides[k].loss !== "triplet") return;
        if (run.epochs > 1 && run.measures.inter < 3 && run.measures.accuracy < 0.5) run.collapsed = true;
      });
      const fell = runs.some((run) => run.collapsed);
      this.saved ||= runs.some((run) => run.collapsed && run.measures.accuracy >= 0.9);
      this.found = fell && !this.saved ? "collapsed; now save it" : "";
      return this.saved;
    },
  },
  {
    text:
      "Beat ArcFace (s = 16, m from 0.3 to 0.8) with plain softmax, side by side: more test images right, " +
      "both after 30 epochs or more.",
    done: ({ state, runs }) => {
      const of = (name) => state.sides.findIndex(({ loss }) => loss === name);
      const [soft, arc] = [of("softmax"), of("arcface")];
      if (soft < 0 || arc < 0 || state.data === "points" || runs[soft].epochs < 30) return false;
      const { s, m } = state.sides[arc].args;
      return s === 16 && m >= 0.3 && m <= 0.8 && runs[soft].measures.accuracy > runs[arc].measures.accuracy;
    },
  },
];

let owner = null; // the playground that the page's address belongs to

function render({ model, el }) {
  const stop = new AbortController();
  const { signal } = stop;
  const meta = model.get("_meta");
  const { losses } = meta;
  const id = `pg${Math.random().toString(36).slice(2, 8)}`;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const camera = new Camera(...meta.camera);
  const sets = {};
  const dataOf = (name) => (name === "points" ? null : (sets[name] ??= unpackImages(IMAGES[name])));
  const namesOf = (name) => IMAGES[name]?.names || "abcdefghij".split("");
  let state = structuredClone(meta.state);
  let runs = [];
  let views = [];
  let playing = false;
  let slow = false;
  let selected = null; // {k, i}
  let frame_ = 0;
  let [before, drawn, figured, talked, due] = [0, 0, 0, 0, 0];
  let cost = 12; // milliseconds of measuring and drawing, on average
  let limit = LONGEST;
  let inSight = true;
  let dark = false;
  const solved = new Set();
  const found = []; // what each challenge remembers
  const listen = (target, name, act, end = signal) => target.addEventListener(name, act, { signal: end });

  // ---- elements

  const button = (text, act, extra = {}) => {
    const made = make("button", { type: "button", class: "ft-button", ...extra }, text);
    listen(made, "click", act);
    return made;
  };
  const play = button("", () => setPlaying(!playing), { class: "ft-button ft-play" });
  const stepButton = button("Step", () => {
    if (runs.some((run) => run.failed)) restart();
    if (playing) setPlaying(false);
    advance();
    if (!runs.some((run) => run.failed)) refresh(talk);
  });
  const resetButton = button("Reset", () => {
    setPlaying(false);
    restart();
  });
  const clock = make("span", { class: "ft-clock" });
  const tick_ = (name, text, act) => {
    const box = make("input", { type: "checkbox", id: `${id}-${name}` });
    listen(box, "change", () => act(box.checked));
    return [box, make("label", { class: "ft-check", for: box.id }, box, text)];
  };
  const [, slowLabel] = tick_("slow", "slow motion", (on) => {
    slow = on;
    due = 0;
  });
  const [unitBox, unitLabel] = tick_("unit", "unit length", (on) => {
    tune({ unit: on });
    refresh();
  });
  const said = make("p", { class: "ft-said", role: "status" });
  const stages = make("div", { class: "ft-stages" });
  const card = make("div", { class: "ft-card", hidden: true });
  const versus = button("", () => {
    const other = state.sides[0].loss === "softmax" ? "arcface" : "softmax";
    set({ sides: state.sides.length > 1 ? [state.sides[0]] : [...state.sides, { loss: other, args: argumentsOf(losses, other) }] });
  });
  const link = make("a", { class: "ft-link" }, meta.embedded ? "Open this on a page of its own" : "Link to these settings");

  const field = (name, label, input) =>
    make("label", { for: (input.id = `${id}-${name}`) }, make("span", {}, label), input);
  const choice = (options, act) => {
    const select = make("select", {}, ...options.map(([value, text]) => make("option", { value }, `${text}`)));
    listen(select, "change", () => act(select.value));
    return select;
  };
  const data = choice(Object.entries(DATA), (value) => {
    const points = value === "points"; // without a network the learning rate is that of a position
    const lr = points ? 0.3 : state.data === "points" ? 0.01 : state.lr;
    set({ data: value, stranger: points ? null : state.stranger, lr });
  });
  const dim = choice([[2, "2, a circle"], [3, "3, a sphere"]], (value) => set({ dim: +value }));
  const stranger = choice([], (value) => {
    const c = value === "" ? null : +value;
    const back = state.stranger === null ? [] : [state.stranger];
    const classes = [...state.classes, ...back].filter((k) => k !== c).sort((a, b) => a - b);
    if (classes.length < 2) return refuse("At least two classes must stay in training.");
    return set({ stranger: c, classes });
  });
  const optimiser = choice(Object.entries(OPTIMISERS), (value) => tune({ optimiser: value }));
  const rate = choice(meta.rates.map((v) => [v, v]), (value) => tune({ lr: +value }));
  const batch = choice(meta.batches.map((v) => [v, v]), (value) => tune({ batch: +value }));
  const seed = make("input", { type: "number", min: 0, max: MAX_SEED, step: 1 });
  listen(seed, "change", () => {
    if (seed.validity.valid && seed.value !== "") set({ seed: +seed.value });
    else refuse(`The seed must be a whole number from 0 to ${MAX_SEED}, got ${seed.value || "none"}.`);
  });
  const newSeed = button("New seed", () => set({ seed: Math.floor(Math.random() * (MAX_SEED + 1)) }));
  const chips = make("div", { class: "ft-legend ft-short", role: "group", "aria-label": "Classes in training" });
  const count = make("input", { type: "range", min: 2, max: 10, step: 1, id: `${id}-count` });
  const countOut = make("output", { for: count.id });
  listen(count, "input", () => {
    const order = [...state.classes, ...[...Array(10).keys()].filter((c) => !state.classes.includes(c) && c !== state.stranger)];
    const classes = order.slice(0, +count.value).sort((a, b) => a - b);
    if (classes.length < +count.value) return refuse("One of the ten is the stranger.");
    return set({ classes });
  });
  const tasks = make("ol", { class: "ft-tasks" }, ...CHALLENGES.map(({ text }) =>
    make("li", {}, make("span", { class: "ft-task" }, text), make("span", { class: "ft-found" }))));
  const taskTitle = make("summary", {}, "Challenges");

  const root = make(
    "div",
    { class: "facetoy ft-playground", role: "group", "aria-label": "Playground" },
    make("div", { class: "ft-row ft-bar" }, play, stepButton, resetButton, clock, slowLabel, unitLabel),
    said,
    stages,
    make("div", { class: "ft-row ft-small" }, link, versus),
    chips,
    make("div", { class: "ft-slider" }, make("label", { for: count.id }, "classes"), count, countOut),
    make(
      "details",
      {},
      make("summary", {}, "Data, network and training"),
      make(
        "div",
        { class: "ft-fields" },
        field("data", "data", data),
        field("dim", "dimensions d", dim),
        field("stranger", "stranger, held out", stranger),
        field("optimiser", "optimiser", optimiser),
        field("lr", "learning rate", rate),
        field("batch", "batch size", batch),
        field("seed", "seed", seed),
        newSeed,
      ),
    ),
    make("details", {}, taskTitle, tasks),
    card,
  );

  // ---- state

  function refuse(sentence) {
    said.textContent = sentence;
    showSettings();
  }

  /** Settings that training starts anew with. */
  function set(changes) {
    state = { ...state, ...changes };
    restart();
  }

  /** Settings that change while it trains. */
  function tune(changes) {
    state = { ...state, ...changes };
    for (const run of runs) Object.assign(run.o, { lr: state.lr, batch: state.batch, optimiser: state.optimiser });
    showSettings();
  }

  function restart() {
    const best = meta.bounds[state.dim][state.classes.length];
    select(null);
    runs = state.sides.map(({ loss, args }) => new Training(dataOf(state.data), { ...state, loss, args }));
    runs.forEach((run) => Object.assign(run, { touched: false, best }));
    said.textContent = "";
    due = 0;
    if (views.length !== runs.length || views.some((view) => view.scene.flat !== (state.dim === 2))) makeViews();
    views.forEach((view, k) => fit(view, runs[k], state.sides[k]));
    const names = namesOf(state.data);
    stranger.replaceChildren(make("option", { value: "" }, "none"), ...names.map((name, c) => make("option", { value: c }, name)));
    showChips(names);
    showSettings();
    refresh();
  }

  function showSettings() {
    data.value = state.data;
    dim.value = state.dim;
    optimiser.value = state.optimiser;
    rate.value = meta.rates.reduce((a, b) => (Math.abs(Math.log(b / state.lr)) < Math.abs(Math.log(a / state.lr)) ? b : a));
    batch.value = state.batch;
    unitBox.checked = state.unit;
    seed.value = state.seed;
    stranger.value = state.stranger ?? "";
    stranger.disabled = state.data === "points";
    count.value = state.classes.length;
    countOut.textContent = `${state.classes.length} in training`;
    versus.textContent = state.sides.length > 1 ? "Back to one loss" : "Compare with a second loss";
    stages.classList.toggle("ft-two", state.sides.length > 1);
    views.forEach((view, k) => view.show(state.sides[k]));
    link.href = (meta.embedded ? "playground.html" : "") + toFragment(state, meta);
    if (owner === root && shown) {
      clearTimeout(writing); // browsers refuse to be told too often
      writing = setTimeout(writeAddress, ADDRESS);
    }
    shown = true;
  }
  let shown = false; // the address stays as it is until the reader changes something
  let writing = 0;
  const writeAddress = () => history.replaceState(null, "", link.href);

  function showChips(names) {
    const focused = [...chips.children].indexOf(document.activeElement);
    chips.replaceChildren(
      ...names.map((name, c) => {
        const icon = make("canvas", { width: 40, height: 40, "aria-hidden": "true" });
        const chip = make("button", { type: "button", "aria-pressed": `${state.classes.includes(c)}` }, icon, name);
        listen(chip, "click", () => {
          const has = state.classes.includes(c);
          if (has && state.classes.length === 2) return refuse("At least two classes must stay in training.");
          const classes = has ? state.classes.filter((k) => k !== c) : [...state.classes, c].sort((a, b) => a - b);
          return set({ classes, stranger: state.stranger === c ? null : state.stranger });
        });
        return chip;
      }),
    );
    if (focused >= 0) chips.children[focused].focus();
    drawChips();
  }

  function drawChips() {
    const surface = getComputedStyle(root).getPropertyValue("--ft-surface").trim();
    [...chips.children].forEach((chip, c) => {
      const g = chip.firstChild.getContext("2d");
      g.clearRect(0, 0, 40, 40);
      g.globalAlpha = state.classes.includes(c) || c === state.stranger ? 1 : 0.35;
      drawMarker(g, 20, 21, meta.markers[c], 11, meta.colors[c], c === state.stranger, surface);
    });
  }

  // ---- a side: its loss, its picture, its figures

  function makeViews() {
    views.forEach((view) => view.stop.abort());
    views = state.sides.map((_, k) => makeView(k));
    stages.replaceChildren(...views.map((view) => view.element));
    views.forEach((view) => watchSize.observe(view.stage));
  }

  function makeView(k) {
    const end = new AbortController();
    listen(signal, "abort", () => end.abort(), end.signal);
    const flat = state.dim === 2;
    const canvas = make("canvas", { tabindex: 0, role: "application", "aria-roledescription": "turnable picture" });
    const stage = make("div", { class: "ft-stage" }, canvas);
    const chooser = make("select", { id: `${id}-loss${k}` },
      ...meta.order.map((name) => make("option", { value: name }, losses[name].title)));
    const sliders = make("div", {});
    const warning = make("p", { class: "ft-note ft-warning", role: "status" });
    const cell = (name) => {
      const value = make("dd", {});
      const small = make("span", { class: "ft-hint" });
      return { value, small, cell: make("div", {}, make("dt", {}, name, small), value) };
    };
    const cells = { intra: cell("intra"), inter: cell("inter"), accuracy: cell("accuracy") };
    const chart = (words) => {
      const plot = make("canvas", { class: "ft-plot", "aria-hidden": "true" });
      const values = words.map(() => make("b", {}));
      const caption = make("figcaption", {}, ...words.map(([cls, text], i) =>
        make("span", {}, make("i", { class: `ft-line ft-${cls}`, "aria-hidden": "true" }), `${text} `, values[i])));
      return { plot, values, figure: make("figure", { class: "ft-small-chart" }, plot, caption) };
    };
    const curves = chart([["same", "loss"], ["other", "accuracy"]]);
    const angles = chart([["same", "intra"], ["other", "inter"], ["limit", "at best"]]);
    const spread = chart([["same", "to the own W"], ["other", "to the nearest other W"]]);
    const note = make("p", { class: "ft-note" });
    const element = make(
      "section",
      { class: "ft-side", "aria-label": k ? "second loss" : "first loss" },
      make("div", { class: "ft-setup" },
        make("div", { class: "ft-fields" }, make("label", { for: chooser.id }, make("span", {}, "loss"), chooser)),
        sliders, warning),
      stage,
      make("div", { class: "ft-aside" },
        make("dl", { class: "ft-readouts" }, ...Object.values(cells).map((c) => c.cell)), note),
      make("div", { class: "ft-charts" }, curves.figure, angles.figure, spread.figure),
    );
    const style = { colors: [], markers: [], hollow: [] };
    const view = { k, stop: end, element, stage, canvas, style, cells, curves, angles, spread, note };
    view.sphere = new Sphere(canvas, camera, style);
    view.scene = { flat, count: 0, classes: [], items: new Float32Array(0), ways: [], crosses: 0, highlight: -1, selected: -1 };
    let pinned = false;
    const pick = (i) => select(i < 0 ? null : { k, i });
    attachTurning(canvas, camera, flat, {
      turned() {
        drawn = 0;
        redraw();
      },
      tapped(x, y, touch) {
        const i = view.sphere.pick(view.scene, x, y, touch ? 26 : 14);
        pinned = i >= 0;
        pick(i);
      },
      hovered(x, y) {
        if (!pinned) pick(x === null ? -1 : view.sphere.pick(view.scene, x, y, 12));
      },
      key(event) {
        const key = event.key.toLowerCase();
        if (!["n", "p", "escape"].includes(key) || (key === "escape" && !selected)) return false;
        pinned = key !== "escape";
        const n = view.walk.length;
        const from = selected?.k === k ? view.walk.indexOf(selected.i) : key === "n" ? -1 : 0;
        pick(pinned ? view.walk[(from + (key === "n" ? 1 : -1) + n) % n] : -1);
        if (pinned) said.textContent = spokenFacts(card);
        return true;
      },
    }, end.signal);
    listen(canvas, "blur", () => {
      pinned = false;
      select(null);
    }, end.signal);
    listen(chooser, "change", () => {
      const loss = chooser.value;
      const sides = state.sides.map((side, i) => (i === k ? { loss, args: argumentsOf(losses, loss, "s" in side.args ? { s: side.args.s } : {}) } : side));
      set({ sides });
    }, end.signal);

    let offered = null;
    /** Show the settings of the loss; its sliders are made anew only if the loss is another. */
    view.show = (side) => {
      chooser.value = side.loss;
      if (offered !== side.loss) {
        offered = side.loss;
        view.inputs = losses[side.loss].sliders.map(({ name: key, label, values, radians }) => {
          const input = make("input", { type: "range", min: 0, max: values.length - 1, step: 1, id: `${id}-${key}${k}` });
          const output = make("output", { for: input.id });
          listen(input, "input", () => turn(k, key, values[input.value]), end.signal);
          const row = make("div", { class: "ft-slider" }, make("label", { for: input.id }, label), input, output);
          return { key, values, radians, input, output, row };
        });
        sliders.replaceChildren(...view.inputs.map(({ row }) => row));
        if (side.loss === "triplet") {
          const mining = make("select", { id: `${id}-mining${k}` }, ...MINING.map((name) => make("option", { value: name }, name)));
          listen(mining, "change", () => turn(k, "mining", mining.value), end.signal);
          sliders.append(make("div", { class: "ft-fields" }, make("label", { for: mining.id }, make("span", {}, "triplets"), mining)));
          view.mining = mining;
        }
      }
      for (const { key, values, radians, input, output } of view.inputs) {
        const value = side.args[key];
        const near = values.map((v) => Math.abs(v - value));
        input.value = near.indexOf(Math.min(...near));
        output.textContent = number(value) + (radians ? ` (${degrees((value * 180) / Math.PI, 0)})` : "");
        input.setAttribute("aria-valuetext", output.textContent);
      }
      if (side.loss === "triplet") view.mining.value = side.args.mining;
      warning.textContent = beyond(side, state.classes.length, state.dim, meta.bounds[state.dim][state.classes.length]) || "";
    };
    return view;
  }

  /** The reader moves a slider of side k: it holds from the next step on. */
  function turn(k, key, value) {
    const sides = state.sides.map((side, i) => (i === k ? { ...side, args: { ...side.args, [key]: value } } : side));
    runs[k].o.args = runs[k].loss.o = sides[k].args;
    runs[k].touched ||= runs[k].steps > 0;
    tune({ sides });
    refresh();
  }

  /** Give a view the points of a new run. */
  function fit(view, run, { loss }) {
    const names = namesOf(state.data);
    const classes = [...state.classes, ...(state.stranger === null ? [] : [state.stranger])];
    Object.assign(view.style, {
      colors: classes.map((c) => meta.colors[c]),
      markers: classes.map((c) => meta.markers[c]),
      hollow: classes.map((c) => c === state.stranger),
    });
    view.names = classes.map((c) => names[c]);
    // the keys go class by class, so that neighbours in the sequence are neighbours in the picture
    view.walk = [...run.labels.keys()].sort((a, b) => run.labels[a] - run.labels[b] || a - b);
    const crosses = run.loss.centers ? run.C : 0;
    Object.assign(view.scene, {
      count: run.rows.length,
      classes: run.labels,
      ways: view.names.slice(0, run.C).map((name, cls) => ({ name, cls })),
      ticks: !run.loss.weight,
      crosses,
      borders: [],
      items: new Float32Array(3 * (run.rows.length + run.C + crosses)),
    });
    view.sphere.retheme();
    const what = run.loss.weight ? "feature to its W" : "feature to its class mean";
    view.cells.intra.small.textContent = what;
    view.cells.inter.small.textContent = `nearest class means (at best ${degrees((run.best * 180) / Math.PI, 0)})`;
    view.cells.accuracy.small.textContent = state.data === "points" ? "all points" : "test images";
    view.spread.figure.querySelectorAll("figcaption span").forEach((span, i) => {
      const to = run.loss.weight ? "W" : "class mean";
      span.childNodes[1].textContent = (i ? `to the nearest other ${to}` : `to the own ${to}`) + " ";
    });
    view.canvas.setAttribute("aria-label",
      `${losses[loss].title}: ${run.rows.length} ${state.data} of ${classes.length} classes as points on a ` +
      `${state.dim === 2 ? "circle" : "sphere"}. Arrow keys turn it, N and P step through the points, Escape closes the card.`);
  }

  // ---- training and drawing

  /** One step of every side; stops and explains if one of them fails. */
  function advance() {
    runs.forEach((run) => run.step());
    const k = runs.findIndex((run) => run.failed);
    if (k < 0) return;
    setPlaying(false);
    const why = beyond(state.sides[k], runs[k].C, runs[k].d, runs[k].best);
    said.textContent =
      `${losses[state.sides[k].loss].title} diverged after ${runs[k].steps} steps: its numbers grew beyond all bounds. ` +
      `${why ? `${why} ` : ""}The learning rate is ${number(state.lr)}; lower it, and press Reset.`;
  }

  function setPlaying(on) {
    if (on && runs.some((run) => run.failed)) restart();
    if (on) limit = runs[0].epochs + LONGEST;
    playing = on;
    before = 0;
    talked = performance.now();
    const name = on ? "Pause" : "Play";
    play.replaceChildren(make("span", { class: on ? "ft-pause-icon" : "ft-play-icon", "aria-hidden": "true" }), name);
    if (on) said.textContent = "";
    else if (runs.length) refresh(talk);
    redraw();
  }

  const talk = () => {
    said.textContent = runs.map((run, k) => {
      const m = run.measures;
      return `${losses[state.sides[k].loss].title}, epoch ${Math.round(run.epochs)}: ${(100 * m.accuracy).toFixed(0)} % right, ` +
        `intra ${degrees(m.intra)}, inter ${degrees(m.inter)}.`;
    }).join(" ");
  };

  function redraw() {
    if (!frame_) frame_ = requestAnimationFrame(tick);
  }

  function tick(now) {
    frame_ = 0;
    if (!root.isConnected) return;
    const passed = before ? Math.min(200, now - before) : 16;
    before = now;
    if (playing && inSight) {
      const until = performance.now() + Math.max(LEAST, TURN - cost);
      due = slow ? due + (passed / 1000) * SLOW * (runs[0].perEpoch || 1) : Infinity;
      const enough = Math.min(limit, runs[0].epochs + AT_ONCE);
      while (playing && due >= 1 && runs[0].epochs < enough && performance.now() < until) {
        advance();
        due -= 1;
      }
      if (playing && runs[0].epochs >= limit) {
        setPlaying(false);
        said.textContent = `Paused after ${Math.round(limit)} epochs. ${said.textContent} Play goes on.`;
      }
    }
    if (!calm.matches || !playing || now - drawn > CALM) {
      drawn = now;
      const began = performance.now();
      if (playing) runs.forEach((run) => run.evaluate());
      views.forEach((view, k) => draw(view, runs[k]));
      cost = 0.8 * cost + 0.2 * (performance.now() - began);
      if (playing && now - figured > FIGURES) showFigures(now);
    }
    if (playing && inSight) redraw();
  }

  /** Evaluate, draw, and write all figures, now; `first` comes before what the figures say. */
  function refresh(first = () => {}) {
    runs.forEach((run) => run.evaluate());
    views.forEach((view, k) => draw(view, runs[k]));
    first();
    showFigures(performance.now());
  }

  function draw(view, run) {
    const { scene } = view;
    if (!run.failed) arrange(view, run); // else the picture of the last good moment stays
    scene.selected = selected && (selected.k === view.k || state.data !== "points") ? selected.i : -1;
    view.sphere.draw(scene);
    if (selected?.k === view.k) placeBeside(card, root, view.canvas, view.sphere.where(selected.i));
  }

  /** Write the positions of the moment into a view's scene. */
  function arrange(view, run) {
    const { scene } = view;
    const { d, C } = run;
    const n = scene.count;
    const { items } = scene;
    const x = run.features;
    let longest = 1e-12;
    if (!state.unit) for (let i = 0; i < n; i++) longest = Math.max(longest, rowLength(x, i, d));
    view.longest = longest;
    const put = (at, source, i, scale) => {
      for (let k = 0; k < 3; k++) items[3 * at + k] = k < d ? source[i * d + k] * scale : 0;
    };
    for (let i = 0; i < n; i++) {
      const scale = state.unit ? 1 / (rowLength(x, i, d) || 1) : 1 / longest;
      put(i, x, i, state.unit && d === 2 ? scale * spreadAcross(i) : scale);
    }
    const ways = run.loss.weight?.value ?? run.ways;
    for (let c = 0; c < C; c++) put(n + c, ways, c, 1 / (rowLength(ways, c, d) || 1));
    for (let c = 0; c < scene.crosses; c++) {
      const long = state.unit ? rowLength(run.loss.centers, c, d) || 1 : longest;
      put(n + C + c, run.loss.centers, c, 1 / long);
    }
    scene.borders = run.loss.weight
      ? run.wedges().map((line, cls) => ({ cls, line })).filter(({ line }) => line)
      : [];
  }

  function showFigures(now) {
    figured = now;
    const percent = (share) => `${(100 * share).toFixed(1)} %`;
    const counts = new Set(runs.map((run) => Math.floor(run.epochs + 1e-9).toLocaleString("en")));
    clock.textContent = `epoch ${[...counts].join(" and ")}`;
    runs.forEach((run, k) => {
      const view = views[k];
      const m = run.measures;
      view.cells.intra.value.textContent = degrees(m.intra);
      view.cells.inter.value.textContent = degrees(m.inter);
      view.cells.accuracy.value.textContent = percent(m.accuracy);
      const over = (key) => run.history.map((row) => [row.epochs, row[key]]);
      const losses_ = run.history.map((row) => row.loss).filter(Number.isFinite);
      const end = run.epochs;
      const word = `${Math.round(end)} epochs`;
      drawCurves(view.curves.plot, [
        { values: over("loss"), most: Math.max(...losses_, 1e-9) * 1.05, colour: "same" },
        { values: over("accuracy"), most: 1.02, colour: "other" },
      ], end, word);
      view.curves.values[0].textContent = Number.isFinite(m.loss) ? m.loss.toPrecision(2) : "–";
      view.curves.values[1].textContent = percent(m.accuracy);
      const best = (run.best * 180) / Math.PI;
      const top = 1.1 * Math.max(best, ...run.history.flatMap((row) => [row.intra, row.inter]).filter(Number.isFinite), 1);
      drawCurves(view.angles.plot, [
        { level: best, most: top, colour: "ink", dash: [4, 4] },
        { values: over("intra"), most: top, colour: "same" },
        { values: over("inter"), most: top, colour: "other" },
      ], end, word);
      view.angles.values[0].textContent = degrees(m.intra, 0);
      view.angles.values[1].textContent = degrees(m.inter, 0);
      view.angles.values[2].textContent = degrees(best, 0);
      drawHistograms(view.spread.plot, run.histogram.own, run.histogram.other);
      const goes = run.strangerGoes();
      const notes = [];
      if (goes) notes.push(`The stranger ${view.names[run.C]} is taken for ${view.names[goes[0]]} in ${percent(goes[1])} of its images.`);
      if (!state.unit) notes.push(`The ${state.dim === 2 ? "circle" : "sphere"} has radius ${view.longest.toPrecision(3)}, the longest feature.`);
      if (run.loss.total) notes.push(`${run.loss.active} of ${run.loss.total} chosen triplets active in the last batch.`);
      if (run.loss.centers) notes.push("Crosses are the centers c.");
      view.note.textContent = notes.join(" ");
    });
    if (selected) fillCard();
    check();
    if (playing && now - talked > TALK) {
      talked = now;
      talk();
    }
  }

  function check() {
    CHALLENGES.forEach((challenge, k) => {
      const item = tasks.children[k];
      const mine = (found[k] ??= {});
      const done = challenge.done.call(mine, { state, runs });
      item.querySelector(".ft-found").textContent = mine.found ? ` (${mine.found})` : "";
      if (!done || solved.has(k)) return;
      solved.add(k);
      item.classList.add("ft-solved");
      item.querySelector(".ft-task").prepend(make("b", {}, "Solved ✓ "));
      said.textContent = `Challenge ${k + 1} solved.`;
      taskTitle.textContent = `Challenges (${solved.size} of ${CHALLENGES.length} solved)`;
    });
  }

  // ---- the card

  function select(what) {
    if (!what && !selected) return;
    selected = what;
    card.hidden = !what;
    if (what) fillCard();
    drawn = 0;
    redraw();
  }

  function fillCard() {
    const { k, i } = selected;
    const run = runs[k];
    const { names } = views[k];
    const label = run.labels[i];
    const guess = run.predicted[i];
    const strange = label === run.C;
    const toward = strange ? guess : label;
    const W = run.loss.weight?.value ?? run.ways;
    const angle = (angleOf(run.features, i, W, toward, run.d) * 180) / Math.PI;
    const use = i < run.trained ? "in training" : strange ? "never in training" : "test";
    fillFacts(card, [
      ...recognised(names[label], names[guess], strange),
      [`to ${run.loss.weight ? "weight" : "mean"} of ${names[toward]}`, degrees(angle, 0)],
      ["used", use],
    ]);
    const picture = card.querySelector("canvas");
    picture.hidden = !run.images;
    if (run.images) {
      const { size, images } = sets[state.data];
      const at = run.rows[i] * size * size;
      drawImage(picture, size, size, dark || state.data === "faces", (p) => images[at + p]);
    }
  }

  // ---- the page

  const watchSize = new ResizeObserver(() => {
    for (const view of views) {
      const width = Math.floor(view.stage.clientWidth);
      if (width > 0) view.sphere.resize(width);
      view.sphere.retheme();
    }
    drawChips();
    if (frame_) cancelAnimationFrame(frame_);
    tick(performance.now());
    if (runs.length) showFigures(performance.now());
  });
  const watchSight = new IntersectionObserver((entries) => {
    inSight = entries[entries.length - 1].isIntersecting;
    if (inSight) redraw();
  });

  function follow() {
    if (!location.hash.startsWith("#playground&")) return;
    root.scrollIntoView();
    play.focus({ preventScroll: true });
    const found = fromFragment(location.hash, structuredClone(meta.state), meta);
    if (!found) {
      said.textContent = "The link's settings are not understood; nothing was changed.";
      return;
    }
    if (toFragment(found, meta) !== toFragment(state, meta)) {
      setPlaying(false); // the reader predicts first
      set(found);
    }
    said.textContent = `Set to ${state.sides.map(({ loss }) => losses[loss].title).join(" and ")}. Play starts it.`;
  }

  if (model.get("_static") && !meta.embedded && !owner) owner = root;
  link.hidden = !(owner === root || (model.get("_static") && meta.embedded));
  if (owner === root) {
    listen(link, "click", (event) => {
      event.preventDefault();
      writeAddress();
      said.textContent = "The address of this page holds these settings now: copy it, or this link.";
    });
  }
  const unmount = mount(root, el, stop, (isDark) => {
    dark = isDark;
    views.forEach((view) => view.sphere.retheme());
    drawChips();
    if (runs.length) refresh();
  });
  restart();
  setPlaying(false);
  said.textContent = "";
  if (owner === root) {
    follow();
    listen(window, "hashchange", follow);
  }
  watchSight.observe(root);
  return () => {
    if (owner === root) owner = null;
    watchSize.disconnect();
    watchSight.disconnect();
    cancelAnimationFrame(frame_);
    clearTimeout(writing);
    unmount();
  };
}

export default { render };
