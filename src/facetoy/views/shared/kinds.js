// How each loss of facetoy/losses/*.py turns features and class weights into scores, and its margin φ.

/**
 * @typedef {object} Settings The settings of a loss by their names in Python. Each has some of them.
 * @property {number} s
 * @property {number} m
 * @property {number} m1
 * @property {number} m2
 * @property {number} m3
 * @property {number} lam
 * @property {number} alpha
 * @property {number} margin
 * @property {string} mining "semihard" or "hard"
 */

/**
 * @typedef {object} Kind How features and class weights become scores.
 * @property {boolean} [x] features are put at unit length
 * @property {boolean} [w] weights are put at unit length
 * @property {(cos: number, o: Settings) => [number, number]} [phi] φ(cos θ) of the true class, and
 *   its slope; without it there is no margin
 */

const ROUNDING = 2 ** -52;

/**
 * falling_cos(m1 θ + m2) and its slope in cos θ: the cosine that keeps falling beyond π.
 * @param {number} cos
 * @param {number} m1
 * @param {number} m2
 * @returns {[number, number]}
 */
function widened(cos, m1, m2) {
  const most = 1 - ROUNDING;
  const c = Math.max(-most, Math.min(most, cos));
  const t = m1 * Math.acos(c) + m2;
  const k = Math.floor(t / Math.PI);
  const u = t - k * Math.PI;
  return [Math.cos(u) - 2 * k, c === cos ? (m1 * Math.sin(u)) / Math.sqrt(1 - c * c) : 0];
}

/**
 * L-Softmax's ψ(θ) = widened by a factor m, softened by λ.
 * @param {number} cos
 * @param {Settings} settings
 * @returns {[number, number]}
 */
function softened(cos, { m, lam }) {
  const part = lam / (1 + lam);
  const [psi, slope] = widened(cos, m, 0);
  return [psi + part * (cos - psi), slope + part * (1 - slope)];
}

/**
 * The losses with class weights.
 * @type {Record<string, Kind>}
 */
export const KINDS = {
  softmax: {},
  center: {},
  normsoftmax: { x: true, w: true },
  lsoftmax: { phi: softened },
  asoftmax: { w: true, phi: softened },
  cosface: { x: true, w: true, phi: (cos, { m }) => [cos - m, 1] },
  amsoftmax: { x: true, w: true, phi: (cos, { m }) => [cos - m, 1] },
  arcface: { x: true, w: true, phi: (cos, { m }) => widened(cos, 1, m) },
  combined: {
    x: true,
    w: true,
    phi(cos, { m1, m2, m3 }) {
      const [value, slope] = widened(cos, m1, m2);
      return [value - m3, slope];
    },
  },
};
