// What all widgets need: elements, numbers as words, and the page's theme.

import { watchTheme } from "./theme.js";

const KEYED = ["a", "button", "canvas", "input", "select", "summary"];

/** An element: `make("p", {class: "x"}, "text", child)`. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  // JupyterLab leaves the keys to what has the focus and carries this
  if (KEYED.includes(tag)) element.dataset.lmSuppressShortcuts = "true";
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

export const degrees = (value, digits = 1) => (Number.isFinite(value) ? `${value.toFixed(digits)}°` : "–");
export const number = (value) => (typeof value === "number" ? String(+value.toPrecision(6)) : `${value}`);

/** A widget's root: a picture, what is read beside it, and what stands below. */
export function frame(label, picture, aside, ...below) {
  const side = make("section", { class: "ft-side" }, picture, make("div", { class: "ft-aside" }, ...aside));
  const stages = make("div", { class: "ft-stages" }, side);
  return make("div", { class: "facetoy", role: "group", "aria-label": label }, stages, ...below);
}

/**
 * Show `root` in `el`, in the page's theme, now and whenever that changes: then `changed(dark)` is
 * told. Returns what takes it away and aborts `stop`.
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
