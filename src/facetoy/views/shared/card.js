// The card of a point: its image, and what is known about it.

import { make, pen } from "./elements.js";

/**
 * Draw an image into `canvas`: `ink(i)` in [0, 1] is how dark pixel i is on a light page.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 * @param {boolean} dark
 * @param {(i: number) => number} ink
 */
export function drawImage(canvas, width, height, dark, ink) {
  canvas.width = width;
  canvas.height = height;
  const g = pen(canvas);
  const image = g.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const value = Math.round(255 * ink(i));
    const shade = dark ? value : 255 - value;
    image.data.set([shade, shade, shade, 255], 4 * i);
  }
  g.putImageData(image, 0, 0);
}

/**
 * The facts about whom a point shows and whom it is taken for.
 * @param {string} name
 * @param {string} guess
 * @param {boolean} stranger
 * @returns {[string, string][]}
 */
export function recognised(name, guess, stranger) {
  return [
    ["class", name + (stranger ? " (stranger)" : "")],
    [stranger ? "taken for" : "predicted", guess + (stranger ? "" : guess === name ? " ✓" : " ✗")],
  ];
}

/** The canvas for the image of a card that has been filled. */
export const imageOf = (/** @type {HTMLElement} */ card) =>
  /** @type {HTMLCanvasElement} */ (card.querySelector("canvas"));

/**
 * Fill the card with facts, [name, value] each, after its image.
 * @param {HTMLElement} card
 * @param {[string, string][]} facts
 */
export function fillFacts(card, facts) {
  const picture = imageOf(card) || make("canvas", { "aria-hidden": "true" });
  const rows = facts.map(([name, value]) =>
    make("div", {}, make("span", {}, `${name} `), make("b", {}, value)),
  );
  card.replaceChildren(picture, make("div", { class: "ft-facts" }, ...rows));
}

/** The card's facts as a sentence, for screen readers. */
export const spokenFacts = (/** @type {HTMLElement} */ card) =>
  [...card.querySelectorAll(".ft-facts div")].map((row) => row.textContent).join(", ");

/**
 * Put the card beside the point (x, y) of `canvas`, within `root`.
 * @param {HTMLElement} card
 * @param {HTMLElement} root
 * @param {HTMLCanvasElement} canvas
 * @param {[number, number]} point in CSS pixels from the canvas's corner
 */
export function placeBeside(card, root, canvas, [x, y]) {
  const box = canvas.getBoundingClientRect();
  const home = root.getBoundingClientRect();
  const [px, py] = [box.left - home.left + x, box.top - home.top + y];
  const [w, h] = [card.offsetWidth, card.offsetHeight];
  let left = px + 18;
  if (left + w > home.width) left = px - 18 - w;
  if (left < 0) left = Math.max(0, Math.min(home.width - w, px - w / 2));
  const beside = left > px || left + w < px;
  const top = beside ? py - h / 2 : py > h + 24 ? py - h - 24 : py + 24;
  card.style.transform = `translate(${Math.round(left)}px, ${Math.round(Math.max(0, top))}px)`;
}
