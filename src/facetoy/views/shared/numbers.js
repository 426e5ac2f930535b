// Numbers as readers see them.

/** A count with its thousands apart. */
export const grouped = (/** @type {number} */ count) => count.toLocaleString("en-US");

/** @param {number | null | undefined} value in degrees @param {number} digits */
export const degrees = (value, digits = 1) =>
  typeof value === "number" && Number.isFinite(value) ? `${value.toFixed(digits)}°` : "–";

/** A number as short as six digits allow; anything else as it is. */
export const number = (/** @type {unknown} */ value) =>
  typeof value === "number" ? String(+value.toPrecision(6)) : `${value}`;
