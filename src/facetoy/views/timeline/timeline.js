// A list of events becomes a chart, and one event at a time is read below it.

/** @import { Model } from "../shared/elements.js" */
/** @import { Dated } from "./chart.js" */
import { button, freshId } from "../shared/controls.js";
import { make, mount } from "../shared/elements.js";
import { Chart } from "./chart.js";

/**
 * `fold` holds the event's text, and is closed or open.
 * @typedef {Dated & { name: string, fold: HTMLElement, tab: HTMLButtonElement }} Event
 */

const STEPS = new Map([["ArrowLeft", -1], ["ArrowUp", -1], ["ArrowRight", 1], ["ArrowDown", 1]]);

/**
 * What a list's item tells, as a button and the text that it opens.
 * @param {HTMLElement} item @param {string} id that no other element has
 * @returns {Event}
 */
function read(item, id) {
  const { name = "", facts, year, month, lfw, images } = item.dataset;
  const panel = make("div", {
    id, role: "tabpanel", class: "ft-event", tabindex: 0, "aria-labelledby": `${id}-tab`,
    "data-lm-suppress-shortcuts": "true",
  });
  panel.append(...item.childNodes);
  const tab = make(
    "button",
    {
      id: `${id}-tab`, type: "button", role: "tab", class: "ft-button",
      "aria-controls": id, "aria-label": `${name}, ${facts}`,
    },
    name,
  );
  const time = Number(year) + (month ? (Number(month) - 0.5) / 12 : 0.5);
  const fold = make("div", { class: "ft-fold" }, panel);
  const number = (/** @type {string | undefined} */ words) => (words === undefined ? null : Number(words));
  return { name, time, lfw: number(lfw), images: number(images), fold, tab };
}

class Timeline {
  #events;
  #chart;
  #chosen = 0;
  #earlier;
  #later;
  #where = make("span", { role: "status" });

  /** @param {HTMLElement[]} items @param {string} label @param {AbortSignal} signal */
  constructor(items, label, signal) {
    const id = freshId("tl");
    this.#earlier = button("← Earlier", () => this.#choose(this.#chosen - 1), signal);
    this.#later = button("Later →", () => this.#choose(this.#chosen + 1), signal);
    this.#events = items.map((item, i) => read(item, `${id}-${i}`));
    const names = make("div", {
      role: "tablist", class: "ft-names", "aria-label": "Events, in order of time",
    });
    names.append(...this.#events.map(({ tab }) => tab));
    this.#chart = new Chart(this.#events, names);
    this.root = make(
      "div",
      { class: "facetoy ft-timeline", role: "group", "aria-label": label },
      this.#chart.element,
      make("div", { class: "ft-steps" }, this.#earlier, this.#where, this.#later),
      ...this.#events.map(({ fold }) => fold),
    );
    this.#listen(names);
    this.#follow(signal);
    this.#choose(0);
  }

  /** @param {number} index of an event, or one beyond the first or the last */
  #choose(index) {
    const last = this.#events.length - 1;
    this.#chosen = Math.max(0, Math.min(last, index));
    this.#events.forEach(({ fold, tab }, i) => {
      tab.setAttribute("aria-selected", `${i === this.#chosen}`);
      tab.tabIndex = i === this.#chosen ? 0 : -1;
      // a search in the page shows it
      fold.hidden = /** @type {boolean} */ (i === this.#chosen ? false : "until-found");
    });
    this.#chart.choose(this.#chosen);
    this.#earlier.setAttribute("aria-disabled", `${this.#chosen === 0}`);
    this.#later.setAttribute("aria-disabled", `${this.#chosen === last}`);
    this.#where.textContent = `${this.#events[this.#chosen].name}, ${this.#chosen + 1} of ${last + 1}`;
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const ends = new Map([["Home", 0], ["End", this.#events.length - 1]]);
    const step = STEPS.get(event.key);
    const to = step ? this.#chosen + step : ends.get(event.key);
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.#choose(to);
    this.#events[this.#chosen].tab.focus();
  }

  /** @param {HTMLElement} names */
  #listen(names) {
    names.addEventListener("keydown", (event) => this.#press(event));
    this.#events.forEach(({ fold, tab }, i) => {
      tab.addEventListener("click", () => this.#choose(i));
      fold.addEventListener("beforematch", () => this.#choose(i));
    });
    this.#chart.picture.addEventListener("click", (event) => {
      const index = this.#chart.near(event);
      if (index !== null) this.#choose(index);
    });
  }

  /** Draw the chart again for each new width. @param {AbortSignal} signal */
  #follow(signal) {
    let drawn = 0;
    const observer = new ResizeObserver(() => {
      const width = this.#chart.element.clientWidth;
      if (width !== drawn) this.#chart.draw();
      drawn = width;
    });
    observer.observe(this.#chart.element);
    signal.addEventListener("abort", () => observer.disconnect());
    document.fonts.ready.then(() => this.#chart.draw()); // names are as wide as their letters
  }
}

/** @param {{ model: Model, el: HTMLElement }} given */
function render({ model, el }) {
  const stop = new AbortController();
  const list = make("div");
  list.innerHTML = model.get("_html");
  const items = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("li")]);
  const timeline = new Timeline(items, model.get("_alt"), stop.signal);
  if (!model.get("_static")) {
    // what runs in a notebook shall not be left by a link
    for (const link of timeline.root.querySelectorAll("a")) link.target = "_blank";
  }
  return mount(timeline.root, el, stop);
}

export default { render };
