// What the playground trains on, by the name of the data. Python puts it here when it ships the
// widget: see `shipped` in playground.py.

/** @import { PackedImages } from "./training.js" */

/** @type {Record<string, PackedImages>} */
export const IMAGES = {};
