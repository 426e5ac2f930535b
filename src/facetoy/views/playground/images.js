// What the playground trains on, by the name of the data, and what faces are made from. Python puts it
// here when it ships the widget: see `shipped` in playground.py.

/** @import { Making } from "./face.js" */
/** @import { PackedImages } from "./training.js" */

/** @type {Record<string, PackedImages>} */
export const IMAGES = {};
export const MAKING = /** @type {Making} */ ({});
