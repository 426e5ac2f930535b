// The triplet on a circle or in the plane: three points to drag, the loss, and which way it pulls.

import { degrees, frame, make, mount } from "../shared/elements.js";

const NAMES = ["anchor", "positive", "negative"];
const LETTERS = ["a", "p", "n"];
const ARROW = 0.22; // length of an arrow for a gradient of length 1
const LIMIT = 1.4; // how far points can be dragged from the middle
const STEP = { circle: Math.PI / 60, plane: 0.04 }; // one press of an arrow key

/** d(a, p), d(a, n), the loss and its gradient at each of the three points [x, y]. */
function tripletLoss([a, p, n], margin, squared, onCircle) {
  const minus = (u, v) => [u[0] - v[0], u[1] - v[1]];
  const length = (u) => Math.hypot(...u);
  const distance = (u, v) => (squared ? length(minus(u, v)) ** 2 : length(minus(u, v)));
  // the gradient of d(u, v) at u
  const slope = (u, v) => {
    const way = minus(u, v);
    const scale = squared ? 2 : length(way) > 1e-9 ? 1 / length(way) : 0;
    return way.map((x) => x * scale);
  };
  const [near, far] = [distance(a, p), distance(a, n)];
  const loss = Math.max(0, near - far + margin);
  const active = loss > 0 ? 1 : 0;
  const gradients = [
    minus(slope(a, p), slope(a, n)),
    slope(p, a),
    slope(n, a).map((x) => -x),
  ].map((g, k) => {
    const x = [a, p, n][k];
    const along = onCircle ? g[0] * x[0] + g[1] * x[1] : 0; // a unit vector cannot grow
    return [active * (g[0] - along * x[0]), active * (g[1] - along * x[1])];
  });
  return { near, far, loss, gradients };
}

function render({ model, el }) {
  const stop = new AbortController();
  const { signal } = stop;
  const meta = model.get("_meta");
  const id = `tr${Math.random().toString(36).slice(2, 8)}`;
  const state = { ...meta, points: meta.points.map((p) => [...p]) };
  const draw = (name, attributes = {}) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };

  const svg = draw("svg", { viewBox: "-1.6 -1.6 3.2 3.2", class: "ft-triplet" });
  const zones = draw("g", { fill: "none", "aria-hidden": "true" });
  const lines = ["ft-near", "ft-far"].map((name) => draw("line", { class: name }));
  const arrows = NAMES.map((name, k) => draw("path", { class: `ft-pull ft-${LETTERS[k]}` }));
  const handles = NAMES.map((name, k) => {
    const group = draw("g", {
      class: `ft-handle ft-${LETTERS[k]}`,
      tabindex: 0,
      "data-lm-suppress-shortcuts": "true",
      role: "slider",
      "aria-label": name,
    });
    const mark =
      k === 2
        ? draw("rect", { x: -0.085, y: -0.085, width: 0.17, height: 0.17 })
        : draw("circle", { r: 0.1 });
    const letter = draw("text", { y: 0.05, "text-anchor": "middle", "aria-hidden": "true" });
    letter.textContent = LETTERS[k];
    group.append(draw("circle", { r: 0.22, class: "ft-reach" }), mark, letter);
    return group;
  });
  svg.append(zones, ...lines, ...arrows, ...handles);

  const cell = (name, hint) => {
    const value = make("dd", {});
    const label = make("dt", {}, name, make("span", { class: "ft-hint" }, hint));
    return { value, cell: make("div", {}, label, value) };
  };
  const near = cell("d(a, p)", "to the positive");
  const far = cell("d(a, n)", "to the negative");
  const loss = cell("loss", "d(a, p) − d(a, n) + margin");
  const verdict = make("p", { class: "ft-verdict", role: "status" });
  const margin = make("input", {
    type: "range", min: 0.05, max: 1.5, step: 0.05, id: `${id}-margin`,
  });
  const output = make("output", { for: margin.id });
  const check = (name) => make("input", { type: "checkbox", id: `${id}-${name}` });
  const [squared, circle] = [check("squared"), check("circle")];
  const reset = make("button", { type: "button", class: "ft-button" }, "Reset");
  const root = frame(
    model.get("_alt"),
    make("div", { class: "ft-stage" }, svg),
    [make("dl", { class: "ft-readouts" }, near.cell, far.cell, loss.cell), verdict],
    make(
      "div",
      { class: "ft-controls" },
      make("div", { class: "ft-slider" }, make("label", { for: margin.id }, "margin"), margin, output),
      make(
        "div",
        { class: "ft-row ft-small" },
        make("label", { class: "ft-check", for: squared.id }, squared, "squared distance"),
        make("label", { class: "ft-check", for: circle.id }, circle, "unit length"),
        reset,
      ),
    ),
  );

  const place = ([x, y]) => [x, -y];
  /** The ring around the anchor between two distances, clipped to the circle if points lie on it. */
  function drawZone(name, from, to) {
    const a = state.points[0];
    const root2 = (d) => (state.squared ? Math.sqrt(Math.max(0, d)) : d);
    const [inner, outer] = [root2(from), root2(to)];
    if (!state.normalize) {
      const [cx, cy] = place(a);
      zones.append(draw("circle", { cx, cy, r: Math.min(outer, 9), class: `ft-zone ft-${name}` }));
      return;
    }
    const at = Math.atan2(a[1], a[0]);
    const angle = (d) => 2 * Math.asin(Math.min(1, d / 2));
    for (const way of [1, -1]) {
      const [s, e] = [at + way * angle(inner), at + way * angle(outer)];
      const [x1, y1] = place([Math.cos(s), Math.sin(s)]);
      const [x2, y2] = place([Math.cos(e), Math.sin(e)]);
      const d = `M ${x1} ${y1} A 1 1 0 0 ${way > 0 ? 0 : 1} ${x2} ${y2}`;
      zones.append(draw("path", { d, class: `ft-zone ft-${name}` }));
    }
  }

  function drawArrow(path, [x, y], [gx, gy]) {
    const long = Math.hypot(gx, gy) * ARROW;
    path.dataset.gradient = `${gx},${gy}`;
    if (long < 0.005) {
      path.setAttribute("d", "");
      return;
    }
    const [ux, uy] = place([-gx, -gy]).map((v) => v / Math.hypot(gx, gy)); // downhill
    const [sx, sy] = place([x, y]);
    const [tx, ty] = [sx + ux * (0.11 + long), sy + uy * (0.11 + long)];
    const [hx, hy] = [tx - ux * 0.08, ty - uy * 0.08];
    const d =
      `M ${sx + ux * 0.11} ${sy + uy * 0.11} L ${tx} ${ty} ` +
      `M ${hx - uy * 0.05} ${hy + ux * 0.05} L ${tx} ${ty} L ${hx + uy * 0.05} ${hy - ux * 0.05}`;
    path.setAttribute("d", d);
  }

  function update() {
    const { points, margin: m, squared: sq, normalize } = state;
    const now = tripletLoss(points, m, sq, normalize);
    zones.replaceChildren();
    if (normalize) zones.append(draw("circle", { r: 1, class: "ft-rim" }));
    drawZone("hard", 0, now.near);
    drawZone("semi", now.near, now.near + m);
    lines.forEach((line, k) => {
      const [x1, y1] = place(points[0]);
      const [x2, y2] = place(points[k + 1]);
      for (const [key, value] of Object.entries({ x1, y1, x2, y2 })) line.setAttribute(key, value);
    });
    handles.forEach((handle, k) => {
      const [x, y] = place(points[k]);
      handle.setAttribute("transform", `translate(${x} ${y})`);
      const degree = Math.round((Math.atan2(points[k][1], points[k][0]) * 180) / Math.PI);
      handle.setAttribute("aria-valuenow", degree);
      handle.setAttribute("aria-valuemin", -180);
      handle.setAttribute("aria-valuemax", 180);
      const where = normalize ? `at ${degree} degrees` : `at ${points[k].map((v) => v.toFixed(2)).join(", ")}`;
      handle.setAttribute("aria-valuetext", where);
      drawArrow(arrows[k], points[k], now.gradients[k]);
    });
    near.value.textContent = now.near.toFixed(2);
    far.value.textContent = now.far.toFixed(2);
    loss.value.textContent = now.loss.toFixed(2);
    root.dataset.loss = now.loss;
    const kind = now.far <= now.near ? "hard" : now.loss > 0 ? "semi-hard" : "easy";
    const why = {
      hard: "nearer to the anchor than the positive is",
      "semi-hard": "farther than the positive, but within the margin",
      easy: "beyond the margin, so that nothing pulls",
    }[kind];
    verdict.textContent = `A ${kind} negative: ${why}.`.replace("A easy", "An easy");
    margin.value = m;
    output.textContent = m.toFixed(2);
    squared.checked = sq;
    circle.checked = normalize;
  }

  function move(k, [x, y]) {
    const long = Math.hypot(x, y);
    const scale = state.normalize ? 1 / (long || 1) : Math.min(1, LIMIT / (long || 1));
    state.points[k] = long ? [x * scale, y * scale] : [scale, 0];
    update();
  }

  const listen = (target, name, act) => target.addEventListener(name, act, { signal });
  handles.forEach((handle, k) => {
    const where = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(
        svg.getScreenCTM().inverse(),
      );
      return [at.x, -at.y];
    };
    listen(handle, "pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      handle.focus();
      event.preventDefault();
    });
    listen(handle, "pointermove", (event) => {
      if (handle.hasPointerCapture(event.pointerId)) move(k, where(event));
    });
    listen(handle, "keydown", (event) => {
      const way = {
        ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
      }[event.key];
      if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const [x, y] = state.points[k];
      if (state.normalize) {
        const at = Math.atan2(y, x) + (way[1] - way[0]) * STEP.circle;
        move(k, [Math.cos(at), Math.sin(at)]);
      } else move(k, [x + way[0] * STEP.plane, y + way[1] * STEP.plane]);
    });
  });
  listen(margin, "input", () => {
    state.margin = +margin.value;
    update();
  });
  listen(squared, "change", () => {
    state.squared = squared.checked;
    update();
  });
  listen(circle, "change", () => {
    state.normalize = circle.checked;
    state.points.forEach((point, k) => move(k, point));
  });
  listen(reset, "click", () => {
    Object.assign(state, meta, { points: meta.points.map((p) => [...p]) });
    update();
  });
  update();
  return mount(root, el, stop);
}

export default { render };
