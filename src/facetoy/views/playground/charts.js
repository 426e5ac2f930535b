// Small charts on a canvas: curves over time, and two histograms. What they say stands beside them.

/** Make the canvas as sharp as the screen; returns its context and size in CSS pixels. */
function sharpen(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const g = canvas.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  return { g, width, height };
}

const chartColours = (canvas) => {
  const css = getComputedStyle(canvas);
  return (name) => css.getPropertyValue(`--ft-${name}`).trim();
};

/** A base line, and a word at either end of it. */
function drawAxis(g, width, height, colour, [from, to]) {
  g.strokeStyle = colour("line");
  g.lineWidth = 1;
  g.beginPath();
  g.moveTo(0, height - 15.5);
  g.lineTo(width, height - 15.5);
  g.stroke();
  g.fillStyle = colour("muted");
  g.font = `11px ${getComputedStyle(g.canvas).fontFamily}`;
  g.textBaseline = "bottom";
  g.textAlign = "left";
  g.fillText(from, 0, height);
  g.textAlign = "right";
  g.fillText(to, width, height);
}

/**
 * Curves. `lines` are {colour, values: [[x, y] …], most, dash}: y from 0 to `most` fills the
 * height; those without values but with a `level` are level lines.
 */
export function drawCurves(canvas, lines, end, word) {
  const { g, width, height } = sharpen(canvas);
  if (!width) return;
  const colour = chartColours(canvas);
  drawAxis(g, width, height, colour, ["0", word]);
  const tall = height - 20;
  for (const { values, level, most, colour: name, dash } of lines) {
    const y = (value) => 2 + tall * (1 - Math.min(1, value / most));
    g.beginPath();
    if (level !== undefined) {
      g.moveTo(0, y(level));
      g.lineTo(width, y(level));
    }
    for (const [k, [at, value]] of (values || []).entries()) {
      if (Number.isFinite(value)) g[k ? "lineTo" : "moveTo"](end ? (width * at) / end : 0, y(value));
    }
    g.strokeStyle = colour(name);
    g.lineWidth = level === undefined ? 2 : 1.2;
    g.setLineDash(dash || []);
    g.stroke();
    g.setLineDash([]);
  }
}

/** Two histograms over 0 … 180°: `own` filled, `other` as an outline. */
export function drawHistograms(canvas, own, other) {
  const { g, width, height } = sharpen(canvas);
  if (!width) return;
  const colour = chartColours(canvas);
  drawAxis(g, width, height, colour, ["0°", "180°"]);
  const most = Math.max(1, ...own, ...other);
  const step = width / own.length;
  const floor = height - 16;
  const top = (value) => floor - ((height - 22) * value) / most;
  const path = (bins) => {
    g.beginPath();
    g.moveTo(0, floor);
    bins.forEach((value, k) => {
      g.lineTo(k * step, top(value));
      g.lineTo((k + 1) * step, top(value));
    });
    g.lineTo(width, floor);
  };
  path(own);
  g.fillStyle = colour("same");
  g.globalAlpha = 0.55;
  g.fill();
  g.globalAlpha = 1;
  path(other);
  g.strokeStyle = colour("other");
  g.lineWidth = 2;
  g.stroke();
}
