// The user interface of SphereView: titles, read-outs, legend, sliders, card, around the spheres.

import { attachTurning, Camera } from "../shared/camera.js";
import { drawImage, fillFacts, placeBeside, recognised, spokenFacts } from "../shared/card.js";
import { degrees, make, mount, number } from "../shared/elements.js";
import { drawMarker, spreadAcross } from "../shared/markers.js";
import { Sphere } from "../shared/sphere.js";
import { angleOf } from "../shared/vectors.js";

const PLAY_SECONDS = 6; // from the first snapshot to the last; with less motion, in jumps
const GLIDE_SECONDS = 0.35; // from one setting to the next
const IDLE_TURN = 0.25; // radians per second
const PARAMETERS = { m: "margin m", s: "scale s", lam: "λ", dim: "dimensions d" };

/** The bytes of a widget's trait, which may come as DataView, buffer or array. */
function asBytes(data) {
  if (!data) return new Uint8Array(0);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(data);
}

/** Unpack T x count fractions: see Packer.fractions in view.py. */
function unpackFractions(bytes, offset, steps, count, levels) {
  const total = steps * count;
  const out = new Float32Array(total);
  const value = new Int32Array(count);
  for (let i = 0; i < total; i++) {
    const folded = bytes[offset + i] | (bytes[offset + total + i] << 8);
    const k = i % count;
    value[k] += folded & 1 ? -(folded + 1) / 2 : folded / 2;
    out[i] = value[k] / levels;
  }
  return out;
}

/** One side of the picture, unpacked: see pack_side in view.py. */
function unpackSide(meta, bytes, levels) {
  const n = meta.count;
  const d = meta.shown;
  const labels = bytes.subarray(meta.labels, meta.labels + n);
  const runs = meta.runs.map((run) => {
    const steps = run.steps.length;
    const read = (offset, count) =>
      offset === null || offset === undefined
        ? null
        : unpackFractions(bytes, offset, steps, count, levels);
    const raw = (offset) =>
      offset === undefined ? null : bytes.subarray(offset, offset + steps * n);
    return {
      ...run,
      features: read(run.features, n * d),
      length: read(run.length, n),
      weight: read(run.weight, meta.known * d),
      means: read(run.means, meta.classes.length * d),
      centers: read(run.centers, meta.known * d),
      predicted: raw(run.predicted),
      weight_angle: raw(run.weight_angle),
      mean_angle: raw(run.mean_angle),
    };
  });
  return { ...meta, labels, runs };
}

/** Draw test image `index` of a side, 4 bits a pixel, into `canvas`. */
function drawTestImage(side, bytes, index, canvas, dark) {
  const [height, width] = side.image_size;
  drawImage(canvas, width, height, dark, (i) => {
    const at = index * width * height + i;
    const byte = bytes[side.images + (at >> 1)];
    return (at & 1 ? byte & 15 : byte >> 4) / 15;
  });
}

/** Position of `step` among the increasing `steps`, as a fractional index. */
function locate(steps, step) {
  let k = 0;
  while (k < steps.length - 1 && steps[k + 1] <= step) k++;
  if (k === steps.length - 1) return k;
  return k + Math.max(0, step - steps[k]) / (steps[k + 1] - steps[k]);
}

let pictures = 0; // for ids

/** Build the picture into `el`; returns {update(meta, bytes), latest(), destroy()}. */
export function mountPicture(el, meta, data, alt) {
  const stop = new AbortController();
  const { signal } = stop;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const id = `ft${++pictures}-${Math.random().toString(36).slice(2, 8)}`;
  const root = make("div", { class: "facetoy", role: "group", "aria-label": alt });
  let bytes, sides, views, timeline, values, parameter, camera;
  let dark = false;
  let state;
  let frame = 0;
  let before = 0;
  let inSight = false;
  let speak = 0;
  let first = true;

  const stages = make("div", { class: "ft-stages" });
  const legend = make("div", { class: "ft-legend", role: "group", "aria-label": "Classes" });
  const card = make("div", { class: "ft-card", hidden: true });
  const spoken = make("div", { class: "ft-spoken", role: "status" });
  const play = make("button", { type: "button", class: "ft-button ft-play" });
  const unit = make("input", { type: "checkbox", id: `${id}-unit` });
  const reset = make("button", { type: "button", class: "ft-button" }, "Reset view");
  const slider = (name) => {
    const input = make("input", { type: "range", min: 0, step: 1, id: `${id}-${name}` });
    const label = make("label", { for: input.id });
    const output = make("output", { for: input.id });
    return { input, label, output, row: make("div", { class: "ft-slider" }, label, input, output) };
  };
  const margin = slider("value");
  const step = slider("step");
  step.label.append("training step");
  const controls = make(
    "div",
    { class: "ft-controls" },
    margin.row,
    make("div", { class: "ft-row" }, play, step.row),
    make(
      "div",
      { class: "ft-row ft-small" },
      make("label", { class: "ft-check", for: unit.id }, unit, "unit length"),
      reset,
    ),
  );
  root.append(stages, controls, card, spoken);

  /** Take over new data; the turn, and the reader's settings, stay. */
  function update(newMeta, newData) {
    meta = newMeta;
    bytes = asBytes(newData);
    sides = meta.sides.map((side) => unpackSide(side, bytes, meta.levels));
    timeline = sides.flatMap((s) => s.runs).reduce((a, r) => (r.steps.length > a.length ? r.steps : a), []);
    const swept = sides.filter((side) => side.parameter);
    parameter = swept.length ? swept[0].parameter : null;
    values = [...new Set(swept.filter((s) => s.parameter === parameter).flatMap((s) => s.values))];
    if (values.every((v) => typeof v === "number")) values.sort((a, b) => a - b);
    camera ||= new Camera(meta.camera[0], meta.camera[1]);
    if (first) {
      state = {
        t: Math.min(meta.step, timeline.length - 1),
        value: values.length - 1,
        unit: meta.unit,
        highlight: -1,
        selected: null,
        playing: false,
        turning: false,
      };
    }
    state.t = Math.min(state.t, timeline.length - 1);
    state.value = Math.min(state.value, values.length - 1);
    build();
    first = false;
  }

  /** Names and counts that decide which elements there are; equal ones need no new elements. */
  const shapeOf = () => JSON.stringify(sides.map((s) => [s.classes, s.known, s.shown, s.count, s.dim]));
  let shape = "";

  function build() {
    if (shapeOf() !== shape) {
      shape = shapeOf();
      state.selected = null;
      state.highlight = -1;
      card.hidden = true;
      views?.forEach((view) => view.stop.abort());
      views = sides.map(makeSide);
      stages.replaceChildren(...views.map((view) => view.element));
      stages.classList.toggle("ft-two", views.length > 1);
      stages.classList.toggle("ft-many", views.length > 2);
      makeLegend();
      (views.length > 1 ? root : views[0].aside)[views.length > 1 ? "insertBefore" : "append"](
        legend,
        ...(views.length > 1 ? [controls] : []),
      );
      views.forEach((view) => watchSize.observe(view.stage));
      retheme();
    }
    views.forEach((view, k) => (view.side = sides[k]));
    margin.row.hidden = values.length < 2;
    margin.label.textContent = PARAMETERS[parameter] || parameter || "";
    margin.input.max = values.length - 1;
    step.input.max = timeline.length - 1;
    unit.checked = state.unit;
    glide();
    show();
    announce();
  }

  function makeSide(side, k) {
    const shape = side.shown === 2 ? "circle" : "sphere";
    const title = make("p", { class: "ft-title" });
    const canvas = make("canvas", {
      tabindex: 0,
      role: "application",
      "aria-roledescription": "turnable picture",
    });
    const describe = () =>
      canvas.setAttribute(
        "aria-label",
        `${title.textContent}: ${side.count} test images of ${side.classes.length} classes as points ` +
          `on a ${shape}. Arrow keys turn it, N and P step through the points, Escape closes the card.`,
      );
    const stage = make("div", { class: "ft-stage" }, canvas);
    const cells = ["intra", "inter", "accuracy"].map((name) => {
      const value = make("dd", {});
      const hint = make("span", { class: "ft-hint" });
      return { name, value, hint, cell: make("div", {}, make("dt", {}, name, hint), value) };
    });
    const [intra, inter, accuracy] = cells.map((cell) => cell.hint);
    intra.textContent = side.runs[0].weight ? "feature to own weight" : "feature to class mean";
    inter.textContent =
      "nearest class means" + (side.bound ? ` (at best ${degrees(side.bound)})` : "");
    accuracy.textContent = side.known < side.classes.length ? "known classes" : "test images";
    const note = make("p", { class: "ft-note" });
    const aside = make(
      "div",
      { class: "ft-aside" },
      title,
      make("dl", { class: "ft-readouts" }, ...cells.map((cell) => cell.cell)),
      note,
    );
    const element = make("section", { class: "ft-side" }, stage, aside);
    const style = {
      colors: meta.colors,
      markers: meta.markers,
      hollow: side.classes.map((_, c) => c >= side.known),
    };
    const end = new AbortController();
    signal.addEventListener("abort", () => end.abort());
    const view = { side, k, title, note, cells, canvas, stage, aside, element, describe, stop: end };
    view.sphere = new Sphere(canvas, camera, style);
    const ways = side.runs[0].weight
      ? side.classes.slice(0, side.known)
      : side.classes;
    view.scene = {
      flat: side.shown === 2,
      count: side.count,
      classes: side.labels,
      ways: ways.map((name, cls) => ({ name, cls })),
      ticks: !side.runs[0].weight,
      crosses: side.runs[0].centers ? side.known : 0,
      items: new Float32Array(
        3 * (side.count + ways.length + (side.runs[0].centers ? side.known : 0)),
      ),
      highlight: -1,
      selected: -1,
    };
    view.from = view.scene.items.slice();
    view.mix = 1;
    const pointAt = (x, y, reach) => view.sphere.pick(view.scene, x, y, reach);
    let pinned = false;
    attachTurning(
      canvas,
      camera,
      view.scene.flat,
      {
        turned() {
          state.turning = false;
          showPlay();
          redraw();
        },
        tapped(x, y, touch) {
          const i = pointAt(x, y, touch ? 26 : 14);
          pinned = i >= 0;
          select(view, i);
        },
        hovered(x, y) {
          if (pinned) return;
          const i = x === null ? -1 : pointAt(x, y, 12);
          canvas.style.cursor = i >= 0 ? "pointer" : "";
          if (x !== null || !state.keyed) select(view, i);
        },
        key(event) {
          const key = event.key.toLowerCase();
          if (key === "escape") {
            if (!state.selected) return false;
            pinned = false;
            select(view, -1);
          } else if (key === "n" || key === "p") {
            pinned = true;
            state.keyed = true;
            nextPoint(view, key === "n" ? 1 : -1);
          } else return false;
          return true;
        },
      },
      end.signal,
    );
    canvas.addEventListener("blur", () => {
      pinned = false;
      state.keyed = false;
      select(view, -1);
    }, { signal: end.signal });
    return view;
  }

  function makeLegend() {
    const all = sides.reduce((a, b) => (b.classes.length > a.classes.length ? b : a));
    legend.replaceChildren(
      ...all.classes.map((name, cls) => {
        const icon = make("canvas", { width: 40, height: 40, "aria-hidden": "true" });
        const text = make("span", {}, name);
        const button = make("button", { type: "button", "aria-pressed": "false" }, icon, text);
        if (cls >= all.known) button.setAttribute("aria-label", `${name}, stranger`);
        const press = () => highlight(state.highlight === cls ? -1 : cls);
        button.addEventListener("click", press, { signal });
        return button;
      }),
    );
    legend.classList.toggle("ft-short", all.classes.every((name) => name.length <= 3));
    if (all.known < all.classes.length) {
      const text = make("span", { class: "ft-strangers" }, "strangers, never seen in training");
      legend.insertBefore(text, legend.children[all.known]);
    }
  }

  function drawLegend() {
    const surface = getComputedStyle(root).getPropertyValue("--ft-surface").trim();
    const known = Math.max(...sides.map((side) => side.known));
    legend.querySelectorAll("button").forEach((button, cls) => {
      const icon = button.firstChild;
      const g = icon.getContext("2d");
      g.clearRect(0, 0, 40, 40);
      const colour = meta.colors[cls % meta.colors.length];
      const marker = meta.markers[cls % meta.markers.length];
      drawMarker(g, 20, 21, marker, 11, colour, cls >= known, surface);
    });
  }

  function highlight(cls) {
    state.highlight = cls;
    legend.querySelectorAll("button").forEach((button, k) => button.setAttribute("aria-pressed", k === cls));
    views.forEach((view) => (view.scene.highlight = cls));
    redraw();
  }

  const runOf = (side) => {
    if (side.runs.length === 1) return side.runs[0];
    if (side.parameter !== parameter) return side.runs[side.runs.length - 1];
    const want = values[state.value];
    const exact = side.values.indexOf(want);
    if (exact >= 0 || typeof want !== "number") return side.runs[Math.max(0, exact)];
    const far = side.values.map((v) => Math.abs(v - want));
    return side.runs[far.indexOf(Math.min(...far))];
  };

  /** The moment of a run that belongs to `t` on the time line; steps are matched, not indices. */
  function moment(run) {
    if (run.steps === timeline) return state.t;
    const k = Math.floor(state.t);
    const next = timeline[Math.min(k + 1, timeline.length - 1)];
    return locate(run.steps, timeline[k] + (next - timeline[k]) * (state.t - k));
  }

  /** Write the positions of side `view` at the current state into its scene. */
  function arrange(view) {
    const { side, scene } = view;
    const run = runOf(side);
    const d = side.shown;
    const at = moment(run);
    const a = Math.min(Math.floor(at), run.steps.length - 1);
    const b = Math.min(a + 1, run.steps.length - 1);
    const f = at - a;
    const items = scene.items;
    const n = side.count;
    const keep = 1 - view.mix;
    const put = (source, k, i, scale) => {
      const x = source[k * d];
      const y = source[k * d + 1];
      const z = d > 2 ? source[k * d + 2] : 0;
      items[i] = x * scale;
      items[i + 1] = y * scale;
      items[i + 2] = z * scale;
    };
    const between = (source, count, k) => {
      for (let c = 0; c < d; c++) {
        const from = source[(a * count + k) * d + c];
        mid[c] = from + (source[(b * count + k) * d + c] - from) * f;
      }
      return Math.hypot(...mid);
    };
    const mid = new Float32Array(d);
    for (let i = 0; i < n; i++) {
      let long = between(run.features, n, i);
      let scale = 1;
      if (run.length) {
        if (!state.unit) scale = run.length[a * n + i] * (1 - f) + run.length[b * n + i] * f;
      } else if (state.unit) {
        scale = long > 0 ? 1 / long : 0;
        if (d === 2) scale *= spreadAcross(i);
      }
      put(mid, 0, 3 * i, scale);
    }
    const ways = run.weight || run.means;
    const count = run.weight ? side.known : side.classes.length;
    for (let k = 0; k < scene.ways.length; k++) {
      const long = between(ways, count, k);
      put(mid, 0, 3 * (n + k), run.length || !long ? 1 : 1 / long);
    }
    for (let k = 0; k < scene.crosses; k++) {
      const long = between(run.centers, scene.crosses, k);
      put(mid, 0, 3 * (n + scene.ways.length + k), state.unit && long ? 1 / long : 1);
    }
    if (keep > 0) {
      for (let i = 0; i < items.length; i += 3) {
        const lengths = [view.from, items].map((p) => Math.hypot(p[i], p[i + 1], p[i + 2]));
        for (let c = 0; c < 3; c++) items[i + c] = view.from[i + c] * keep + items[i + c] * view.mix;
        const now = Math.hypot(items[i], items[i + 1], items[i + 2]);
        const want = lengths[0] * keep + lengths[1] * view.mix;
        if (now > 0.05) for (let c = 0; c < 3; c++) items[i + c] *= want / now;
      }
    }
  }

  /** Begin to move from what is on the screen to the current state. */
  function glide() {
    for (const view of views) {
      view.from.set(view.scene.items);
      view.mix = first || calm.matches || !inSight ? 1 : 0;
    }
    redraw();
  }

  function redraw() {
    if (!frame) frame = requestAnimationFrame(tick);
  }

  function tick(now) {
    frame = 0;
    if (!root.isConnected && !first) return;
    const passed = before ? Math.min(0.1, (now - before) / 1000) : 0;
    let more = false;
    if (state.playing) {
      const last = timeline.length - 1;
      state.clock = Math.min(last, state.clock + (passed * last) / PLAY_SECONDS);
      state.t = calm.matches ? Math.floor(state.clock) : state.clock;
      if (state.clock >= last) {
        state.playing = false;
        announce();
      }
      show();
      more = true;
    }
    if (state.turning && inSight) {
      camera.turn(passed * IDLE_TURN, 0);
      more = true;
    }
    for (const view of views) {
      if (view.mix < 1) {
        view.mix = Math.min(1, view.mix + passed / GLIDE_SECONDS);
        more ||= true;
      }
      arrange(view);
      view.sphere.draw(view.scene);
    }
    placeCard();
    before = more ? now : 0;
    if (more) redraw();
  }

  function showPlay() {
    const moving = state.playing || state.turning;
    const name = moving ? "Pause" : "Play";
    if (play.dataset.name !== name) {
      play.dataset.name = name;
      play.replaceChildren(make("span", { class: moving ? "ft-pause-icon" : "ft-play-icon", "aria-hidden": "true" }), name);
    }
  }

  /** Texts that follow the state. */
  function show() {
    showPlay();
    const k = Math.round(state.t);
    step.input.value = k;
    const at = timeline[k].toLocaleString("en");
    const end = timeline[timeline.length - 1].toLocaleString("en");
    step.output.textContent = `${at} of ${end}`;
    step.input.setAttribute("aria-valuetext", `${at} of ${end}`);
    if (values.length > 1) {
      margin.input.value = state.value;
      margin.output.textContent = number(values[state.value]);
      margin.input.setAttribute("aria-valuetext", number(values[state.value]));
    }
    for (const view of views) {
      const run = runOf(view.side);
      const [accuracy, intra, inter] = run.measures[Math.round(moment(run))];
      view.title.textContent = run.title;
      view.describe();
      view.cells[0].value.textContent = degrees(intra);
      view.cells[1].value.textContent = degrees(inter);
      view.cells[2].value.textContent = `${(100 * accuracy).toFixed(1)} %`;
      const notes = [];
      const { side } = view;
      if (side.share !== null) {
        notes.push(
          `${side.dim} dimensions, seen along the three main directions (PCA): ` +
            `${Math.round(100 * side.share)} % of the variance.`,
        );
      }
      if (!state.unit) {
        notes.push(`The ${side.shown === 2 ? "circle" : "sphere"} has radius ${run.longest.toPrecision(3)}, the longest feature; arrows show directions only.`);
      } else if (side.shown === 2) {
        notes.push("Points are spread a little across the circle, so that they do not hide each other.");
      }
      if (view.scene.crosses) notes.push("Crosses are the centers c.");
      view.note.textContent = notes.join(" ");
    }
    if (state.selected) fillCard();
  }

  /** Tell screen readers the settled read-outs, not every change on the way. */
  function announce() {
    clearTimeout(speak);
    if (first) return;
    speak = setTimeout(() => {
      if (state.playing || state.selected) return;
      spoken.textContent = views
        .map((v) => `${v.title.textContent}, step ${step.output.textContent}: ` +
          v.cells.map((c) => `${c.name} ${c.value.textContent}`).join(", "))
        .join(". ");
    }, 500);
  }

  function select(view, i) {
    if (i < 0 ? !state.selected : state.selected?.view === view && state.selected.i === i) return;
    views.forEach((v) => (v.scene.selected = -1));
    state.selected = i < 0 ? null : { view, i };
    if (i >= 0) {
      view.scene.selected = i;
      // The same test image on the other side, where there is one.
      for (const other of views) {
        if (other.side.images === view.side.images && other.side.count === view.side.count) {
          other.scene.selected = i;
        }
      }
      fillCard();
      drawTestImage(view.side, bytes, i, card.querySelector("canvas"), dark);
    }
    card.hidden = i < 0;
    redraw();
  }

  function nextPoint(view, by) {
    const { count, labels } = view.side;
    // Class by class, so that neighbours in the sequence are neighbours in the picture.
    view.walk ||= [...labels.keys()].sort((a, b) => labels[a] - labels[b] || a - b);
    const current = state.selected?.view === view ? view.walk.indexOf(state.selected.i) : by > 0 ? -1 : 0;
    for (let k = 1; k <= count; k++) {
      const i = view.walk[(((current + by * k) % count) + count) % count];
      if (state.highlight >= 0 && labels[i] !== state.highlight) continue;
      select(view, i);
      spoken.textContent = spokenFacts(card);
      return;
    }
  }

  function fillCard() {
    const { view, i } = state.selected;
    const { side } = view;
    const run = runOf(side);
    const k = Math.round(moment(run));
    const n = side.count;
    const d = side.shown;
    const label = side.labels[i];
    const guess = (label + run.predicted[k * n + i]) & 255;
    const stranger = label >= side.known;
    const own = stranger ? guess : label;
    const at = k * n + i;
    const angleTo = (ways, row) => (angleOf(run.features, at, ways, row, d) * 180) / Math.PI;
    const toMean = run.mean_angle
      ? run.mean_angle[at]
      : angleTo(run.means, k * side.classes.length + label);
    const toWeight = run.weight_angle
      ? run.weight_angle[at]
      : run.weight && angleTo(run.weight, k * side.known + own);
    const rows = [
      ...recognised(side.classes[label], side.classes[guess], stranger),
      run.weight && [`to weight of ${side.classes[own]}`, degrees(toWeight, 0)],
      ["to class mean", degrees(toMean, 0)],
    ];
    fillFacts(card, rows.filter(Boolean));
  }

  function placeCard() {
    if (card.hidden || !state.selected) return;
    const { view, i } = state.selected;
    placeBeside(card, root, view.canvas, view.sphere.where(i));
  }

  function retheme() {
    views.forEach((view) => view.sphere.retheme());
    drawLegend();
    if (state.selected) {
      drawTestImage(state.selected.view.side, bytes, state.selected.i, card.querySelector("canvas"), dark);
    }
    redraw();
  }

  function setMoving(playing, turning) {
    state.playing = playing && timeline.length > 1;
    state.turning = turning;
    if (state.playing && state.t >= timeline.length - 1) state.t = 0;
    state.clock = state.t;
    before = 0;
    show();
    announce();
    redraw();
  }

  const listen = (target, name, act) => target.addEventListener(name, act, { signal });
  listen(play, "click", () => {
    if (state.playing || state.turning) setMoving(false, false);
    else setMoving(true, false);
  });
  listen(step.input, "input", () => {
    state.playing = false;
    state.t = +step.input.value;
    show();
    glide();
    announce();
  });
  listen(margin.input, "input", () => {
    state.value = +margin.input.value;
    show();
    glide();
    announce();
  });
  listen(unit, "change", () => {
    state.unit = unit.checked;
    show();
    glide();
  });
  listen(reset, "click", () => {
    camera.reset();
    state.turning = false;
    highlight(-1);
    select(views[0], -1);
    show();
    redraw();
  });

  const watchSize = new ResizeObserver(() => {
    for (const view of views) {
      const width = Math.floor(view.stage.clientWidth);
      if (width > 0) view.sphere.resize(width);
    }
    retheme(); // an element has no colours before it is part of the page
    if (frame) cancelAnimationFrame(frame);
    tick(performance.now());
  });
  const watchSight = new IntersectionObserver(
    (entries) => {
      const was = inSight;
      inSight = entries[entries.length - 1].isIntersecting;
      if (inSight && !was && meta.autoplay && !state.begun && !calm.matches) {
        state.begun = true;
        state.t = 0;
        setMoving(true, true);
      } else if (inSight) redraw();
    },
    { threshold: 0.25 },
  );

  update(meta, data);
  const unmount = mount(root, el, stop, (isDark) => {
    dark = isDark;
    retheme();
  });
  watchSight.observe(root);

  return {
    root,
    update,
    /** Go to the last snapshot. */
    latest() {
      state.t = timeline.length - 1;
      show();
      glide();
    },
    destroy() {
      watchSize.disconnect();
      watchSight.disconnect();
      cancelAnimationFrame(frame);
      clearTimeout(speak);
      unmount();
    },
  };
}
