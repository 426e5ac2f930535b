// Numbers as readers see them.

/** A count with its thousands apart. */
export const grouped = (/** @type {number} */ count) => count.toLocaleString("en-US");
