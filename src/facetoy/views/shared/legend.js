// What a legend is made of: a button for each class, with its marker.

import { make, pen } from "./elements.js";
import { drawMarker } from "./markers.js";

const ICON = 40; // pixels

/**
 * @param {string} name
 * @param {boolean} pressed
 * @param {() => void} press
 */
export function classButton(name, pressed, press) {
  const icon = make("canvas", { width: ICON, height: ICON, "aria-hidden": "true" });
  const button = make("button", { type: "button", "aria-pressed": `${pressed}` }, icon, name);
  button.addEventListener("click", press);
  return { button, icon };
}

/**
 * Draw a class's marker, for the page's colours.
 * @param {HTMLCanvasElement} icon
 * @param {string} marker
 * @param {string} colour
 * @param {boolean} hollow
 * @param {number} alpha
 */
export function drawIcon(icon, marker, colour, hollow, alpha = 1) {
  const surface = getComputedStyle(icon).getPropertyValue("--ft-surface").trim();
  const g = pen(icon);
  g.clearRect(0, 0, ICON, ICON);
  g.globalAlpha = alpha;
  drawMarker(g, 20, 21, marker, 11, colour, hollow, surface);
}
