// Pairs that the threshold gets wrong, as pictures.

import { make, pen } from "../shared/elements.js";

/** @import { Kind, Wrong } from "./counting.js" */

/**
 * All images in one picture.
 * @typedef {object} Sprite
 * @property {number} columns
 * @property {number} width of one image
 * @property {number} height
 * @property {ImageBitmap} [pixels] once they are unpacked
 */

const TITLES = { other: "Falsely accepted: two people", same: "Falsely refused: one person" };
const WHO = { other: "Two people", same: "One person" };

/**
 * A place for errors of one kind, with a heading.
 * @param {Kind} kind
 * @param {string} id what the heading's id begins with
 */
export function makeGallery(kind, id) {
  const list = make("ul", { class: "ft-errors" });
  const heading = make("p", { class: "ft-title", id: `${id}-${kind}` }, TITLES[kind]);
  const group = { role: "group", "aria-labelledby": heading.id, class: "ft-gallery" };
  return { kind, list, element: make("div", group, heading, list) };
}

/**
 * @param {Sprite} sprite
 * @param {number} index
 */
function cutImage({ columns, width, height, pixels }, index) {
  const canvas = make("canvas", { width, height });
  const [x, y] = [(index % columns) * width, Math.floor(index / columns) * height];
  if (pixels) pen(canvas).drawImage(pixels, x, y, width, height, 0, 0, width, height);
  return canvas;
}

/**
 * @param {Kind} kind
 * @param {Wrong} pair
 * @param {Sprite} sprite
 */
function drawPair(kind, { score, images, names }, sprite) {
  const label = [`${WHO[kind]}, score ${score}`, ...names].join(", ");
  const canvases = sprite.pixels ? images.map((index) => cutImage(sprite, index)) : [];
  const caption = make("span", { class: "ft-score" }, score);
  if (names.length) caption.append(make("span", { class: "ft-hint" }, names.join(" · ")));
  return make("li", {}, make("div", { class: "ft-pair", role: "img", "aria-label": label }, ...canvases), caption);
}

/**
 * @param {ReturnType<typeof makeGallery>} gallery
 * @param {Wrong[]} pairs
 * @param {Sprite} sprite
 */
export function fillGallery({ kind, list }, pairs, sprite) {
  const none = make("li", { class: "ft-none" }, "none at this threshold");
  list.replaceChildren(...(pairs.length ? pairs.map((pair) => drawPair(kind, pair, sprite)) : [none]));
}
