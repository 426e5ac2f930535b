// Draws points, arrows and ticks on a circle or a sphere into a 2-D canvas, and turns them with
// pointer and keys. Knows nothing of runs or losses: it gets positions, colours and names.

const TURN_KEY = Math.PI / 30; // one press of an arrow key
const TURN_PIXELS = 0.0085; // radians per pixel of dragging, on a sphere of 400 pixels
const BACK_LEVELS = 4; // shades from front to back

/** The turn shared by all pictures of a widget: a rotation (row by row), and a roll for circles. */
export function createCamera(yaw, pitch) {
  const camera = { m: null, roll: 0 };
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  camera.reset = () => {
    camera.m = [cy, 0, sy, sp * sy, cp, -sp * cy, -cp * sy, sp, cp * cy];
    camera.roll = 0;
  };
  camera.turn = (dx, dy, roll = -dx) => {
    const [a, b, c, d] = [Math.cos(dx), Math.sin(dx), Math.cos(dy), Math.sin(dy)];
    const m = camera.m;
    const x = [0, 1, 2].map((j) => a * m[j] + b * m[6 + j]);
    const t = [0, 1, 2].map((j) => -b * m[j] + a * m[6 + j]);
    const y = [0, 1, 2].map((j) => c * m[3 + j] - d * t[j]);
    const z = [0, 1, 2].map((j) => d * m[3 + j] + c * t[j]);
    // Thousands of turns must not bend the axes: make them orthonormal again.
    const lx = Math.hypot(...x);
    const ux = x.map((v) => v / lx);
    const along = y[0] * ux[0] + y[1] * ux[1] + y[2] * ux[2];
    const v = y.map((value, j) => value - along * ux[j]);
    const ly = Math.hypot(...v);
    const uy = v.map((value) => value / ly);
    camera.m = [
      ...ux,
      ...uy,
      ux[1] * uy[2] - ux[2] * uy[1],
      ux[2] * uy[0] - ux[0] * uy[2],
      ux[0] * uy[1] - ux[1] * uy[0],
    ];
    camera.roll += roll;
  };
  camera.reset();
  return camera;
}

/** Factors that spread points a little across the circle, so that they do not hide each other. */
export const spreadAcross = (i) => 1 + 0.11 * (((i * 0.618034) % 1) - 0.5);

/** Circles of longitude and latitude on the unit sphere, 30° apart, as lists of x, y, z. */
function graticuleLines() {
  const lines = [];
  const steps = 60;
  for (let k = -2; k < 6; k++) {
    const [c, s] = [Math.cos((k * Math.PI) / 6), Math.sin((k * Math.PI) / 6)];
    const meridian = new Float32Array(3 * (steps + 1));
    const parallel = new Float32Array(3 * (steps + 1));
    for (let i = 0; i <= steps; i++) {
      const t = (2 * Math.PI * i) / steps;
      meridian.set([Math.cos(t) * c, Math.sin(t), Math.cos(t) * s], 3 * i);
      parallel.set([Math.cos(t) * c, s, Math.sin(t) * c], 3 * i);
    }
    if (k >= 0) lines.push(meridian);
    if (k <= 2) lines.push(parallel);
  }
  return lines;
}

/** Outline of a marker of about `r` pixels around the origin. */
function tracePath(g, shape, r) {
  g.beginPath();
  if (shape === "square") g.rect(-r * 0.86, -r * 0.86, r * 1.72, r * 1.72);
  else if (shape === "triangle") {
    g.moveTo(0, -r * 1.2);
    g.lineTo(r * 1.12, r * 0.8);
    g.lineTo(-r * 1.12, r * 0.8);
  } else if (shape === "diamond") {
    g.moveTo(0, -r * 1.25);
    g.lineTo(r * 1.05, 0);
    g.lineTo(0, r * 1.25);
    g.lineTo(-r * 1.05, 0);
  } else g.arc(0, 0, r, 0, 2 * Math.PI);
  g.closePath();
}

/** Draw one marker at (x, y): filled with a thin rim, or hollow. */
export function drawMarker(g, x, y, shape, r, colour, hollow, rim) {
  g.save();
  g.translate(x, y);
  g.lineJoin = "round";
  tracePath(g, shape, hollow ? r * 0.85 : r);
  if (hollow) {
    g.fillStyle = rim;
    g.globalAlpha *= 0.55;
    g.fill();
    g.globalAlpha /= 0.55;
    g.lineWidth = Math.max(1.5, r * 0.42);
    g.strokeStyle = colour;
  } else {
    g.fillStyle = colour;
    g.fill();
    g.lineWidth = Math.max(0.8, r * 0.17);
    g.strokeStyle = rim;
  }
  g.stroke();
  g.restore();
}

/**
 * A picture on a canvas. `style` has, per class, colours, markers and hollow. `scene` has
 *   flat: circle or sphere; count: number of points; classes: class of each point;
 *   items: x, y, z of all points, then of all ways (arrows or ticks), then of crosses, in units of
 *     the radius; crosses: how many classes have a cross;
 *   ways: [{name, cls}]; ticks: draw ways as ticks; highlight, selected: an index or -1;
 *   borders (optional): [{cls, line}], lines of [x, y(, z)] on the circle or the sphere.
 */
export function createSphere(canvas, camera, style) {
  const g = canvas.getContext("2d");
  const lines = graticuleLines();
  let size = 0; // CSS pixels
  let ratio = 1; // device pixels per CSS pixel
  let ink = {};
  let sprites = new Map();
  let backdrop = null;
  let place = new Float32Array(0); // x, y (device pixels) and depth of all items
  let order = new Uint32Array(0);
  const bins = new Uint32Array(65);

  const radius = () => 0.5 * size * ratio * (size < 260 ? 0.74 : 0.79);

  function resize(width) {
    const dpr = window.devicePixelRatio || 1;
    if (width === size && dpr === ratio) return;
    size = width;
    ratio = dpr;
    canvas.width = canvas.height = Math.max(1, Math.round(size * ratio));
    sprites = new Map();
    backdrop = null;
  }

  function retheme() {
    const css = getComputedStyle(canvas);
    for (const name of ["ink", "muted", "line", "surface", "glow", "shade"]) {
      ink[name] = css.getPropertyValue(`--ft-${name}`).trim() || "#888";
    }
    ink.font = css.fontFamily;
    sprites = new Map();
    backdrop = null;
  }

  function markerSize(count) {
    return ratio * Math.max(2, Math.min(4.6, size / 105)) * (count > 800 ? 0.8 : 1);
  }

  /** A class's marker at one depth, drawn once and kept. */
  function sprite(cls, level, r) {
    const key = cls * BACK_LEVELS + level;
    let s = sprites.get(key);
    if (!s || s.r !== r) {
      const depth = level / (BACK_LEVELS - 1);
      const mine = r * (1 - 0.26 * depth);
      s = document.createElement("canvas");
      s.r = r;
      s.width = s.height = 2 * Math.ceil(r * 1.3 + 1);
      const p = s.getContext("2d");
      p.globalAlpha = [1, 0.85, 0.4, 0.28][level];
      const colour = style.colors[cls % style.colors.length];
      const shape = style.markers[cls % style.markers.length];
      drawMarker(p, s.width / 2, s.width / 2, shape, mine, colour, style.hollow[cls], ink.surface);
      sprites.set(key, s);
    }
    return s;
  }

  /** The ball itself: soft light from the upper left and a rim. */
  function drawBackdrop(flat) {
    const key = flat ? "flat" : "ball";
    if (!backdrop || backdrop.key !== key) {
      backdrop = document.createElement("canvas");
      backdrop.key = key;
      backdrop.width = backdrop.height = canvas.width;
      const b = backdrop.getContext("2d");
      const c = canvas.width / 2;
      const r = radius();
      if (!flat) {
        const light = b.createRadialGradient(c - r * 0.35, c - r * 0.45, r * 0.05, c, c, r);
        light.addColorStop(0, ink.glow);
        light.addColorStop(1, ink.shade);
        b.fillStyle = light;
      }
      b.beginPath();
      b.arc(c, c, r, 0, 2 * Math.PI);
      if (!flat) b.fill();
      b.lineWidth = 1.2 * ratio;
      b.strokeStyle = ink.line;
      b.stroke();
    }
    g.drawImage(backdrop, 0, 0);
  }

  function drawGraticule(m, cx, r, front) {
    g.beginPath();
    for (const line of lines) {
      let pen = false;
      for (let i = 0; i < line.length; i += 3) {
        const [x, y, z] = [line[i], line[i + 1], line[i + 2]];
        const deep = m[6] * x + m[7] * y + m[8] * z;
        if (deep >= 0 !== front) {
          pen = false;
          continue;
        }
        const px = cx + r * (m[0] * x + m[1] * y + m[2] * z);
        const py = cx - r * (m[3] * x + m[4] * y + m[5] * z);
        if (pen) g.lineTo(px, py);
        else g.moveTo(px, py);
        pen = true;
      }
    }
    g.lineWidth = 0.8 * ratio;
    g.strokeStyle = ink.line;
    g.globalAlpha = front ? 0.5 : 0.22;
    g.stroke();
    g.globalAlpha = 1;
  }

  function project(scene) {
    const total = scene.items.length / 3;
    if (place.length < 3 * total) place = new Float32Array(3 * total);
    const m = camera.m;
    const [c, s] = [Math.cos(camera.roll), Math.sin(camera.roll)];
    const cx = canvas.width / 2;
    const r = radius();
    for (let i = 0; i < 3 * total; i += 3) {
      const x = scene.items[i];
      const y = scene.items[i + 1];
      const z = scene.items[i + 2];
      if (scene.flat) {
        place[i] = cx + r * (c * x - s * y);
        place[i + 1] = cx - r * (s * x + c * y);
        place[i + 2] = 0.5;
      } else {
        place[i] = cx + r * (m[0] * x + m[1] * y + m[2] * z);
        place[i + 1] = cx - r * (m[3] * x + m[4] * y + m[5] * z);
        place[i + 2] = m[6] * x + m[7] * y + m[8] * z;
      }
    }
  }

  /** Put the points in `order`, back to front, by counting sort over 64 depths. */
  function sortByDepth(count) {
    if (order.length < count) order = new Uint32Array(count);
    bins.fill(0);
    const bin = (i) => Math.max(0, Math.min(63, ((place[3 * i + 2] + 1) * 32) | 0));
    for (let i = 0; i < count; i++) bins[bin(i) + 1]++;
    for (let k = 0; k < 64; k++) bins[k + 1] += bins[k];
    for (let i = 0; i < count; i++) order[bins[bin(i)]++] = i;
  }

  function drawPoints(scene, front) {
    const r = markerSize(scene.count);
    const whole = scene.count > 800; // markers at whole pixels are copied a third faster
    for (let k = 0; k < scene.count; k++) {
      const i = order[k];
      const depth = place[3 * i + 2];
      if (depth >= 0 !== front) continue;
      const cls = scene.classes[i];
      const level = depth > 0.4 ? 0 : depth >= 0 ? 1 : depth > -0.5 ? 2 : 3;
      const dim = scene.highlight >= 0 && scene.highlight !== cls;
      const s = sprite(cls, scene.highlight === cls ? Math.min(1, level) : level, r);
      if (dim) g.globalAlpha = 0.2;
      const x = place[3 * i] - s.width / 2;
      const y = place[3 * i + 1] - s.width / 2;
      g.drawImage(s, whole ? Math.round(x) : x, whole ? Math.round(y) : y);
      if (dim) g.globalAlpha = 1;
    }
  }

  /** Arrow shafts (under the points) or heads (above them); ticks have a shaft only. */
  function drawWays(scene, front, heads) {
    const cx = canvas.width / 2;
    for (let k = 0; k < scene.ways.length; k++) {
      const at = 3 * (scene.count + k);
      if (place[at + 2] >= 0 !== front) continue;
      const { cls } = scene.ways[k];
      const dx = place[at] - cx;
      const dy = place[at + 1] - cx;
      const long = Math.hypot(dx, dy);
      if (long < 1e-6 && place[at + 2] === 0) continue;
      const colour = style.colors[cls % style.colors.length];
      const dim = scene.highlight >= 0 && scene.highlight !== cls ? 0.2 : 1;
      g.globalAlpha = dim * (front ? 1 : 0.3);
      g.lineCap = "round";
      const tip = 1.11;
      if (scene.ticks) {
        if (!heads) continue;
        g.beginPath();
        g.moveTo(cx + dx * 1.01, cx + dy * 1.01);
        g.lineTo(cx + dx * tip, cx + dy * tip);
        g.strokeStyle = colour;
        g.lineWidth = 3.2 * ratio;
        g.stroke();
      } else if (!heads) {
        const fade = g.createLinearGradient(cx, cx, cx + dx * tip, cx + dy * tip);
        fade.addColorStop(0, `${colour}30`);
        fade.addColorStop(0.75, colour);
        g.beginPath();
        g.moveTo(cx, cx);
        g.lineTo(cx + dx * (tip - 0.04), cx + dy * (tip - 0.04));
        g.strokeStyle = fade;
        g.lineWidth = 2 * ratio;
        g.stroke();
      } else {
        // The head foreshortens with its arrow, but stays a head.
        const w = 5.2 * ratio * Math.max(0.75, Math.min(1, size / 420));
        const back = 2.1 * w * Math.max(0.45, Math.min(1, long / radius()));
        const [ux, uy] = long > 1e-6 ? [dx / long, dy / long] : [0, -1];
        const [tx, ty] = [cx + dx * tip, cx + dy * tip];
        g.beginPath();
        g.moveTo(tx, ty);
        g.lineTo(tx - ux * back - uy * w, ty - uy * back + ux * w);
        g.lineTo(tx - ux * back * 0.72, ty - uy * back * 0.72);
        g.lineTo(tx - ux * back + uy * w, ty - uy * back - ux * w);
        g.closePath();
        g.fillStyle = colour;
        g.lineJoin = "round";
        g.lineWidth = 2 * ratio;
        g.strokeStyle = ink.surface;
        g.stroke();
        g.fill();
      }
    }
    g.globalAlpha = 1;
  }

  /** A cross for each class's center, with a rim so that it stands out among its points. */
  function drawCrosses(scene, front) {
    const r = 1.7 * markerSize(scene.count);
    g.lineCap = "round";
    for (let k = 0; k < scene.crosses; k++) {
      const at = 3 * (scene.count + scene.ways.length + k);
      if (place[at + 2] >= 0 !== front) continue;
      const dim = scene.highlight >= 0 && scene.highlight !== k ? 0.2 : 1;
      g.globalAlpha = dim * (front ? 1 : 0.35);
      g.beginPath();
      for (const way of [1, -1]) {
        g.moveTo(place[at] - r, place[at + 1] - way * r);
        g.lineTo(place[at] + r, place[at + 1] + way * r);
      }
      for (const [width, colour] of [
        [6, ink.surface],
        [3.6, ink.ink],
        [2, style.colors[k % style.colors.length]],
      ]) {
        g.lineWidth = width * ratio;
        g.strokeStyle = colour;
        g.stroke();
      }
    }
    g.globalAlpha = 1;
  }

  /** Borders of regions: bands on the circle, lines on the sphere. */
  function drawBorders(scene, front) {
    const cx = canvas.width / 2;
    const r = radius();
    const m = camera.m;
    const [c, s] = [Math.cos(camera.roll), Math.sin(camera.roll)];
    g.lineWidth = (scene.flat ? 7 : 1.8) * ratio;
    g.lineCap = "butt";
    g.lineJoin = "round";
    for (const { cls, line } of scene.borders || []) {
      g.beginPath();
      let pen = false;
      for (const [x, y, z = 0] of line) {
        const seen = scene.flat || m[6] * x + m[7] * y + m[8] * z >= 0 === front;
        const px = scene.flat ? c * x - s * y : m[0] * x + m[1] * y + m[2] * z;
        const py = scene.flat ? s * x + c * y : m[3] * x + m[4] * y + m[5] * z;
        if (seen && pen) g.lineTo(cx + r * px, cx - r * py);
        else if (seen) g.moveTo(cx + r * px, cx - r * py);
        pen = seen;
      }
      g.strokeStyle = style.colors[cls % style.colors.length];
      g.globalAlpha = (scene.highlight >= 0 && scene.highlight !== cls ? 0.2 : 1) * (scene.flat ? 0.4 : front ? 0.9 : 0.3);
      g.stroke();
    }
    g.globalAlpha = 1;
  }

  /** Names beside the tips, pushed apart where they would lie on each other. */
  function drawNames(scene) {
    const cx = canvas.width / 2;
    const height = Math.max(11, Math.min(15, size / 28)) * ratio;
    g.font = `600 ${height}px ${ink.font}`;
    g.textAlign = "center";
    g.textBaseline = "middle";
    g.lineJoin = "round";
    const names = scene.ways.map(({ name, cls }, k) => {
      const at = 3 * (scene.count + k);
      const dx = place[at] - cx;
      const dy = place[at + 1] - cx;
      const flatness = Math.min(1, Math.hypot(dx, dy) / radius() / 0.35);
      const away = Math.hypot(dx, dy) || 1;
      const off = height * 0.95;
      const half = g.measureText(name).width / 2;
      const x = cx + dx * 1.11 + (dx / away) * flatness * (off + half * 0.6);
      const y = cx + dy * 1.11 + (dy / away) * flatness * off - (1 - flatness) * off;
      return { name, cls, x, y, half, front: place[at + 2] >= 0 };
    });
    for (let round = 0; round < 10; round++) {
      for (let a = 0; a < names.length; a++) {
        for (let b = 0; b < a; b++) {
          const dx = names[a].x - names[b].x;
          const dy = names[a].y - names[b].y;
          const overX = names[a].half + names[b].half + 3 * ratio - Math.abs(dx);
          const overY = height * 1.05 - Math.abs(dy);
          if (overX <= 0 || overY <= 0) continue;
          const axis = overX < overY ? "x" : "y";
          const push = (Math.min(overX, overY) / 2) * ((axis === "x" ? dx : dy) < 0 ? -1 : 1);
          names[a][axis] += push;
          names[b][axis] -= push;
        }
      }
    }
    for (const pass of [false, true]) {
      for (const { name, cls, x, y, half, front } of names) {
        if (front !== pass) continue;
        const edge = canvas.width - half - 2 * ratio;
        const px = Math.max(half + 2 * ratio, Math.min(edge, x));
        const py = Math.max(height * 0.6, Math.min(canvas.width - height * 0.6, y));
        const dim = scene.highlight >= 0 && scene.highlight !== cls ? 0.25 : 1;
        g.globalAlpha = dim * (front ? 1 : 0.5);
        g.lineWidth = 3.5 * ratio;
        g.strokeStyle = ink.surface;
        g.strokeText(name, px, py);
        g.fillStyle = ink.ink;
        g.fillText(name, px, py);
      }
    }
    g.globalAlpha = 1;
  }

  function drawSelected(scene) {
    const i = scene.selected;
    if (i < 0) return;
    const r = markerSize(scene.count);
    const cls = scene.classes[i];
    const [x, y] = [place[3 * i], place[3 * i + 1]];
    const colour = style.colors[cls % style.colors.length];
    const shape = style.markers[cls % style.markers.length];
    drawMarker(g, x, y, shape, r * 1.35, colour, style.hollow[cls], ink.surface);
    g.beginPath();
    g.arc(x, y, r * 2.3, 0, 2 * Math.PI);
    g.lineWidth = 3.5 * ratio;
    g.strokeStyle = ink.surface;
    g.stroke();
    g.lineWidth = 1.8 * ratio;
    g.strokeStyle = ink.ink;
    g.stroke();
  }

  function draw(scene) {
    if (!size) return;
    project(scene);
    sortByDepth(scene.count);
    g.clearRect(0, 0, canvas.width, canvas.height);
    const cx = canvas.width / 2;
    const r = radius();
    if (!scene.flat) {
      drawGraticule(camera.m, cx, r, false);
      drawBorders(scene, false);
      drawWays(scene, false, false);
      drawWays(scene, false, true);
      drawPoints(scene, false);
      drawCrosses(scene, false);
    }
    drawBackdrop(scene.flat);
    if (!scene.flat) drawGraticule(camera.m, cx, r, true);
    drawBorders(scene, true);
    drawWays(scene, true, false);
    drawPoints(scene, true);
    drawCrosses(scene, true);
    drawWays(scene, true, true);
    drawNames(scene);
    drawSelected(scene);
  }

  /** Index of the point nearest to (x, y) in CSS pixels, front before back; -1 if none is near. */
  function pick(scene, x, y, reach) {
    let best = -1;
    let least = reach * reach;
    for (let i = 0; i < scene.count; i++) {
      if (scene.highlight >= 0 && scene.classes[i] !== scene.highlight) continue;
      const dx = place[3 * i] / ratio - x;
      const dy = place[3 * i + 1] / ratio - y;
      const far = dx * dx + dy * dy + (place[3 * i + 2] < 0 ? 60 : 0);
      if (far < least) {
        least = far;
        best = i;
      }
    }
    return best;
  }

  /** Where point `i` was last drawn, in CSS pixels from the canvas's corner. */
  const where = (i) => [place[3 * i] / ratio, place[3 * i + 1] / ratio];

  return { resize, retheme, draw, pick, where, size: () => size };
}

/**
 * Turn `camera` by dragging and by arrow keys on `canvas`. `on` has turned(), tapped(x, y, touch),
 * hovered(x, y) (null, null when the pointer leaves) and key(event), which returns true if used.
 * A flat picture follows the pointer around its centre.
 * Touch leaves vertical swipes to the page (`touch-action: pan-y` in the style sheet).
 */
export function attachTurning(canvas, camera, flat, on, signal) {
  let held = null;
  const local = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const angle = (event) => {
    const [x, y] = local(event);
    return Math.atan2(canvas.clientHeight / 2 - y, x - canvas.clientWidth / 2);
  };
  const listen = (name, act) => canvas.addEventListener(name, act, { signal });
  listen("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    held = { x: event.clientX, y: event.clientY, moved: false, id: event.pointerId, at: angle(event) };
  });
  listen("pointermove", (event) => {
    if (!held || held.id !== event.pointerId) {
      if (event.pointerType !== "touch") on.hovered(...local(event));
      return;
    }
    const dx = event.clientX - held.x;
    const dy = event.clientY - held.y;
    if (!held.moved && Math.hypot(dx, dy) < 4) return;
    if (!held.moved) canvas.setPointerCapture(event.pointerId);
    const at = angle(event);
    const roll = flat ? Math.atan2(Math.sin(at - held.at), Math.cos(at - held.at)) : undefined;
    held = { ...held, x: event.clientX, y: event.clientY, moved: true, at };
    const pace = TURN_PIXELS * Math.min(2, 400 / Math.max(100, canvas.clientWidth));
    camera.turn(dx * pace, dy * pace, roll);
    on.turned();
  });
  listen("pointerup", (event) => {
    if (held && !held.moved) on.tapped(...local(event), event.pointerType === "touch");
    held = null;
  });
  listen("pointercancel", () => (held = null));
  listen("pointerleave", () => held || on.hovered(null, null));
  const keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  listen("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = keys[event.key];
    if (way) {
      camera.turn(way[0] * TURN_KEY, way[1] * TURN_KEY);
      on.turned();
    }
    if (way || on.key(event)) event.preventDefault();
  });
}
