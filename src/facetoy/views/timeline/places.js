// Where the names of a chart's dots go: near them, over nothing else.

/** @typedef {{ x: number, y: number, w: number, h: number }} Box a corner, width and height */

const GAP = 6; // pixels between boxes
const TURNS = 3;
const FORBIDDEN = 1e6; // costs: a box outside the chart, a pixel covered, a pixel under a line
const COVERED = 100;
const CROSSED = 20;

/** The area that two boxes with the gap around them share. @param {Box} a @param {Box} b */
const common = (a, b) =>
  Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x) + GAP) *
  Math.max(0, Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y) + GAP);

/** @param {Box[]} parts @param {Box} box */
const shared = (parts, box) => parts.reduce((sum, part) => sum + common(part, box), 0);

/** Points on the way from a dot to the middle of its box. @param {Box} dot @param {Box} box */
const way = (dot, box) =>
  [1, 2, 3, 4, 5, 6, 7, 8, 9].map((t) => ({
    x: dot.x + (t / 10) * (box.x + box.w / 2 - dot.x),
    y: dot.y + (t / 10) * (box.y + box.h / 2 - dot.y),
    w: 0,
    h: 0,
  }));

/**
 * What it costs to have the name of dot `i` in `box`.
 * @param {Box} box @param {number} i @param {Box[]} points @param {(Box | null)[]} boxes
 * @param {number} width @param {number} height
 */
function cost(box, i, points, boxes, width, height) {
  const outside = box.x < 0 || box.y < 0 || box.x + box.w > width || box.y + box.h > height;
  const far = Math.hypot(box.x + box.w / 2 - points[i].x, box.y + box.h / 2 - points[i].y);
  const own = way(points[i], box);
  let sum = far + (outside ? FORBIDDEN : 0);
  points.forEach(({ x, y }, k) => {
    const dot = { x: x - 5, y: y - 5, w: 10, h: 10 };
    sum += COVERED * common(box, dot) + (k === i ? 0 : CROSSED * shared(own, dot));
  });
  boxes.forEach((other, k) => {
    if (!other || k === i) return;
    sum += COVERED * common(box, other);
    sum += CROSSED * (shared(own, other) + shared(way(points[k], other), box));
  });
  return sum;
}

/** The boxes that are tried for a name of this size at a dot. @param {Box} point */
function candidates({ x, y, w, h }) {
  const found = [];
  for (let dy = -120; dy <= 160; dy += 8) {
    for (const dx of [-w - 60, -w - 34, -w - 12, -w / 2, 12, 34, 60]) {
      found.push({ x: x + dx, y: y + dy - h / 2, w, h });
    }
  }
  return found;
}

/**
 * A box for each name: each in turn goes to its best place among the others, some times over.
 * @param {Box[]} points where the dots are, and how large their names
 * @param {number} width @param {number} height of the chart
 */
export function placeNames(points, width, height) {
  /** @type {(Box | null)[]} */
  const boxes = points.map(() => null);
  for (let turn = 0; turn < TURNS; turn++) {
    points.forEach((point, i) => {
      let best = Infinity;
      for (const box of candidates(point)) {
        const value = cost(box, i, points, boxes, width, height);
        if (value < best) [best, boxes[i]] = [value, box];
      }
    });
  }
  return /** @type {Box[]} */ (boxes);
}
