// The fields of a form.

import { make } from "./elements.js";

/** @typedef {(readonly [value: string | number, words: string | number])[]} Options */

/**
 * An input below its name.
 * @param {string} id
 * @param {string} name
 * @param {HTMLElement} input
 */
export function field(id, name, input) {
  input.id = id;
  return make("label", { for: id }, make("span", {}, name), input);
}

/** @param {HTMLSelectElement} select @param {Options} options */
export const fillChoice = (select, options) =>
  select.replaceChildren(
    ...options.map(([value, words]) => make("option", { value }, `${words}`)),
  );

/**
 * A choice among options.
 * @param {Options} options
 * @param {(value: string) => void} act
 */
export function choice(options, act = () => {}) {
  const select = make("select");
  fillChoice(select, options);
  select.addEventListener("change", () => act(select.value));
  return select;
}
