// Numbers as readers see them.

/** A count with its thousands apart. */
export const grouped = (/** @type {number} */ count) => count.toLocaleString("en-US");

/** @param {number | null | undefined} value in degrees @param {number} digits */
export const degrees = (value, digits = 1) =>
  typeof value === "number" && Number.isFinite(value) ? `${value.toFixed(digits)}°` : "–";

/** A number as short as six digits allow; anything else as it is. */
export const number = (/** @type {unknown} */ value) =>
  typeof value === "number" ? String(+value.toPrecision(6)) : `${value}`;

/**
 * The three classes nearest to a feature, with their angles.
 * @param {number[]} angles to all classes, in degrees
 * @param {string[]} names of the classes
 */
export function nearest(angles, names) {
  const order = angles.map((_, c) => c).sort((a, b) => angles[a] - angles[b]);
  return order.slice(0, 3).map((c) => `${degrees(angles[c], 0)} to ${names[c]}`).join(", ");
}
