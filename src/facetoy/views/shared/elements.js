// What all widgets need: elements, and a root in the page's theme.

import { watchTheme } from "./theme.js";

/**
 * A widget's state, as anywidget gives it: what it holds, and how it talks with Python.
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(event: string, act: (...given: any[]) => void) => void} on
 * @property {(event: string, act: (...given: any[]) => void) => void} off
 * @property {(message: object) => void} send
 */

const KEYED = ["a", "button", "canvas", "input", "select", "summary"];

/**
 * An element: `make("p", {class: "x"}, "text", child)`.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | null>} attributes false and null: without it
 * @param {(Node | string)[]} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  // JupyterLab leaves the keys to what has the focus and carries this
  if (KEYED.includes(tag)) element.dataset.lmSuppressShortcuts = "true";
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : `${value}`);
  }
  element.append(...children);
  return element;
}

/** What draws into a canvas. */
export const pen = (/** @type {HTMLCanvasElement} */ canvas) =>
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

/**
 * A widget's root: a picture, what is read beside it, and what stands below.
 * @param {string} label
 * @param {Node} picture
 * @param {Node[]} aside
 * @param {Node[]} below
 */
export function frame(label, picture, aside, ...below) {
  const side = make("section", { class: "ft-side" }, picture, make("div", { class: "ft-aside" }, ...aside));
  const stages = make("div", { class: "ft-stages" }, side);
  return make("div", { class: "facetoy", role: "group", "aria-label": label }, stages, ...below);
}

/**
 * Show `root` in `el`, in the page's theme, now and whenever that changes: then `changed(dark)` is
 * told. Returns what takes it away and aborts `stop`.
 * @param {HTMLElement} root
 * @param {HTMLElement} el
 * @param {AbortController} stop
 * @param {(dark: boolean) => void} changed
 */
export function mount(root, el, stop, changed = () => {}) {
  el.append(root);
  const stopTheme = watchTheme((dark) => {
    root.dataset.theme = dark ? "dark" : "light";
    changed(dark);
  });
  return () => {
    stop.abort();
    stopTheme();
    root.remove();
  };
}
