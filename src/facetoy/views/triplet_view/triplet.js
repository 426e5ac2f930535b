// One triplet as arithmetic: its loss, which way it pulls, where its points may go.

/** @typedef {[number, number]} Point */
/**
 * @typedef {object} Triplet
 * @property {Point[]} points anchor, positive, negative
 * @property {number} margin
 * @property {boolean} squared whether distances are
 * @property {boolean} normalize whether points lie on the unit circle
 */
/**
 * @typedef {object} Loss
 * @property {number} near d(a, p)
 * @property {number} far d(a, n)
 * @property {number} loss
 * @property {Point[]} gradients of the loss, at each point
 */

const LIMIT = 1.4; // how far points can be dragged from the middle
const STEP = { circle: Math.PI / 60, plane: 0.04 }; // one press of an arrow key

/**
 * d(u, v) and its gradient at u.
 * @param {Point} u
 * @param {Point} v
 * @param {boolean} squared
 * @returns {[number, Point]}
 */
function distance(u, v, squared) {
  const [x, y] = [u[0] - v[0], u[1] - v[1]];
  const long = Math.hypot(x, y);
  const scale = squared ? 2 : long > 1e-9 ? 1 / long : 0;
  return [squared ? long ** 2 : long, [x * scale, y * scale]];
}

/**
 * @param {Triplet} triplet
 * @returns {Loss}
 */
export function tripletLoss({ points, margin, squared, normalize }) {
  const [a, p, n] = points;
  const [[near, gp], [far, gn]] = [distance(a, p, squared), distance(a, n, squared)];
  const loss = Math.max(0, near - far + margin);
  const active = loss > 0 ? 1 : 0;
  const gradients = [[gp[0] - gn[0], gp[1] - gn[1]], [-gp[0], -gp[1]], gn].map((g, k) => {
    const x = points[k];
    const along = normalize ? g[0] * x[0] + g[1] * x[1] : 0; // a unit vector cannot grow
    return /** @type {Point} */ ([active * (g[0] - along * x[0]), active * (g[1] - along * x[1])]);
  });
  return { near, far, loss, gradients };
}

/**
 * What kind of negative it is.
 * @param {Loss} now
 */
export const kindOf = ({ near, far, loss }) => (far <= near ? "hard" : loss > 0 ? "semi-hard" : "easy");

/**
 * Where a point comes to lie that is moved to (x, y): on the unit circle, or not too far away.
 * @param {Point} to
 * @param {boolean} normalize
 * @returns {Point}
 */
export function kept([x, y], normalize) {
  const long = Math.hypot(x, y);
  const scale = normalize ? 1 / (long || 1) : Math.min(1, LIMIT / (long || 1));
  return long ? [x * scale, y * scale] : [scale, 0];
}

/**
 * Where an arrow key takes a point: along the circle, or over the plane.
 * @param {Point} from
 * @param {Point} way of the key
 * @param {boolean} normalize
 * @returns {Point}
 */
export function stepped([x, y], [across, up], normalize) {
  if (!normalize) return [x + across * STEP.plane, y + up * STEP.plane];
  const at = Math.atan2(y, x) + (up - across) * STEP.circle;
  return [Math.cos(at), Math.sin(at)];
}
