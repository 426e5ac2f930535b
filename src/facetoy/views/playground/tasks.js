// The list of challenges on the page.

import { make } from "../shared/elements.js";
import { CHALLENGES } from "./challenges.js";

/** @import { Challenge, Memory, Moment } from "./challenges.js" */

/** One challenge in the list. */
class Task {
  solved = false;
  #challenge;
  /** @type {Memory} */
  #memory = {};
  #text;
  #found = make("span", { class: "ft-found" });

  /** @param {Challenge} challenge */
  constructor(challenge) {
    this.#challenge = challenge;
    this.#text = make("span", { class: "ft-task" }, challenge.text);
    this.element = make("li", {}, this.#text, this.#found);
  }

  /**
   * Is it solved just now, for the first time?
   * @param {Moment} moment
   */
  check(moment) {
    const done = this.#challenge.done(moment, this.#memory);
    this.#found.textContent = this.#memory.found ? ` (${this.#memory.found})` : "";
    if (!done || this.solved) return false;
    this.solved = true;
    this.element.classList.add("ft-solved");
    this.#text.prepend(make("b", {}, "Solved ✓ "));
    return true;
  }
}

export class Tasks {
  #tasks = CHALLENGES.map((challenge) => new Task(challenge));
  #title = make("summary", {}, "Challenges");

  /** @param {boolean} open are they in sight from the start? */
  constructor(open) {
    const list = make("ol", { class: "ft-tasks" }, ...this.#tasks.map(({ element }) => element));
    this.element = make("details", { open }, this.#title, list);
  }

  /**
   * Ask all of them; what there is to say if one has been solved.
   * @param {Moment} moment
   */
  check(moment) {
    const fresh = this.#tasks.flatMap((task, k) => (task.check(moment) ? [k + 1] : []));
    if (!fresh.length) return "";
    const solved = this.#tasks.filter((task) => task.solved).length;
    this.#title.textContent = `Challenges (${solved} of ${CHALLENGES.length} solved)`;
    return `Challenge ${fresh.at(-1)} solved.`;
  }
}
