// The fields of a form.

import { make } from "./elements.js";

/**
 * An input below its name.
 * @param {string} id
 * @param {string} name
 * @param {HTMLInputElement | HTMLSelectElement} input
 */
export function field(id, name, input) {
  input.id = id;
  return make("label", { for: id }, make("span", {}, name), input);
}

/** @param {(readonly [value: string | number, words: string | number])[]} options */
export const choice = (options) =>
  make("select", {}, ...options.map(([value, words]) => make("option", { value }, `${words}`)));
