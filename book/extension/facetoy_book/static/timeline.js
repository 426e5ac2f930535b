// Timelines: a list of events becomes a chart, and one event at a time is read below it.
(() => {
  "use strict";

  const LOW = 97; // percent at which the axis starts, unless an event lies lower
  const GAP = 6; // pixels between labels
  const NARROW = 560; // below this width names stand under the chart, not in it
  const EDGE = { left: 50, right: 12, top: 48, bottom: 30 };

  /**
   * @typedef {{ x: number, y: number, w: number, h: number }} Box from its top left corner
   * @typedef {Record<string, string | number | boolean>} Attributes
   * @typedef {{ left: number, right: number, top: number, floor: number }} Frame of the axes
   * @typedef {ReturnType<typeof readEvent>} Event
   */

  /** @param {Element} made @param {Attributes} attributes */
  const setAll = (made, attributes) => {
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, `${value}`);
  };
  /**
   * @template {keyof HTMLElementTagNameMap} Tag
   * @param {Tag} tag
   * @param {Attributes} attributes
   * @param {(Node | string)[]} children
   */
  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    setAll(made, attributes);
    made.append(...children);
    return made;
  };
  /** @param {string} tag @param {Attributes} attributes */
  const drawn = (tag, attributes, text = "") => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    setAll(made, attributes);
    made.textContent = text;
    return made;
  };
  /** @param {Box} a @param {Box} b */
  const common = (a, b) =>
    Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x) + GAP) *
    Math.max(0, Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y) + GAP);

  /**
   * Where the labels go: each in turn to its best place among the others, three times over.
   * @param {Box[]} points of the chart, with the sizes of their labels
   * @param {number} width
   * @param {number} height
   */
  const place = (points, width, height) => {
    /** @type {Box[]} */
    const boxes = [];
    const dots = points.map(({ x, y }) => ({ x: x - 5, y: y - 5, w: 10, h: 10 }));
    /** @param {Box} from @param {Box} to */
    const line = (from, to) =>
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((t) => ({
        x: from.x + (t / 10) * (to.x + to.w / 2 - from.x),
        y: from.y + (t / 10) * (to.y + to.h / 2 - from.y),
        w: 0,
        h: 0,
      }));
    /** @param {Box[]} parts @param {Box} box */
    const total = (parts, box) => parts.reduce((sum, part) => sum + common(part, box), 0);
    /** @param {Box} box @param {number} i */
    const cost = (box, i) => {
      let sum = Math.hypot(box.x + box.w / 2 - points[i].x, box.y + box.h / 2 - points[i].y);
      if (box.x < 0 || box.y < 0 || box.x + box.w > width || box.y + box.h > height) sum += 1e6;
      const own = line(points[i], box);
      dots.forEach((dot, k) => {
        sum += 100 * common(box, dot) + (k === i ? 0 : 20 * total(own, dot));
      });
      boxes.forEach((other, k) => {
        if (k === i) return;
        sum += 100 * common(box, other);
        sum += 20 * (total(own, other) + total(line(points[k], other), box));
      });
      return sum;
    };
    for (let turn = 0; turn < 3; turn++) {
      points.forEach(({ x, y, w, h }, i) => {
        let best = Infinity;
        for (let dy = -120; dy <= 160; dy += 8) {
          for (const dx of [-w - 60, -w - 34, -w - 12, -w / 2, 12, 34, 60]) {
            const box = { x: x + dx, y: y + dy - h / 2, w, h };
            const value = cost(box, i);
            if (value < best) [best, boxes[i]] = [value, box];
          }
        }
      });
    }
    return boxes;
  };

  /** @param {HTMLElement} item of the list @param {string} id */
  const readEvent = (item, id) => {
    const { name = "", facts, year = "", month, lfw } = item.dataset;
    const panel = element("div", { role: "tabpanel", class: "facetoy-event", tabindex: "0", id });
    panel.append(...item.childNodes);
    const tab = element("button", { type: "button", role: "tab", "aria-controls": id });
    tab.id = `${id}-tab`;
    tab.textContent = name;
    tab.setAttribute("aria-label", `${name}, ${facts}`);
    panel.setAttribute("aria-labelledby", tab.id);
    const time = +year + (month ? (+month - 0.5) / 12 : 0.5);
    return {
      name,
      time,
      lfw: lfw === undefined ? null : +lfw,
      panel,
      tab,
      dot: /** @type {Element | null} */ (null),
      line: /** @type {Element | null} */ (null),
    };
  };

  /** A chart of events, a tab for each, and the text of the chosen one. */
  class Timeline {
    /** @type {Event[]} */
    #events;
    #picture = drawn("svg", { "aria-hidden": "true" });
    #tabs = element("div", { role: "tablist", class: "facetoy-tabs" });
    #chart = element("div", { class: "facetoy-chart" }, this.#picture, this.#tabs);
    #where = element("span", { role: "status" });
    #earlier = element("button", { type: "button" }, "← Earlier");
    #later = element("button", { type: "button" }, "Later →");
    #chosen = 0;
    /** @type {Box[]} */
    #dots = []; // where they are in the picture, in pixels
    #drawnFor = 0; // the chart's width, in pixels

    /** @param {HTMLElement} list @param {number} number of the timelines before it */
    constructor(list, number) {
      const items = /** @type {HTMLElement[]} */ ([...list.children]);
      this.#events = items.map((item, i) => readEvent(item, `timeline-${number}-${i}`));
      this.#tabs.setAttribute("aria-label", "Events, in order of time");
      this.#tabs.append(...this.#events.map((event) => event.tab));
      const steps = element(
        "div",
        { class: "facetoy-steps" },
        this.#earlier,
        this.#where,
        this.#later,
      );
      const box = element("div", { class: "facetoy-timeline" }, this.#chart, steps);
      box.append(...this.#events.map((event) => event.panel));
      if (list.id) box.id = list.id;
      list.replaceWith(box);

      this.#listen();
      this.#choose(0);
      this.#followAddress();
      addEventListener("hashchange", () => this.#followAddress());
      new ResizeObserver(() => {
        if (this.#chart.clientWidth === this.#drawnFor) return;
        this.#drawnFor = this.#chart.clientWidth;
        this.#draw();
      }).observe(this.#chart);
      document.fonts.ready.then(() => this.#draw()); // labels are as wide as their letters
    }

    #listen() {
      this.#tabs.addEventListener("keydown", (event) => this.#onKey(event));
      this.#events.forEach(({ panel, tab }, i) => {
        tab.addEventListener("click", () => this.#choose(i));
        panel.addEventListener("beforematch", () => this.#choose(i));
      });
      this.#earlier.addEventListener("click", () => this.#choose(this.#chosen - 1));
      this.#later.addEventListener("click", () => this.#choose(this.#chosen + 1));
      // A finger or pointer near a dot chooses it.
      this.#picture.addEventListener("click", (event) => {
        const { left, top } = this.#picture.getBoundingClientRect();
        const [x, y] = [event.clientX - left, event.clientY - top];
        const far = this.#dots.map((dot) => Math.hypot(dot.x - x, dot.y - y));
        const nearest = far.indexOf(Math.min(...far));
        if (far[nearest] < 24) this.#choose(nearest);
      });
    }

    /** @param {KeyboardEvent} event */
    #onKey(event) {
      /** @type {Record<string, number>} */
      const to = {
        ArrowLeft: this.#chosen - 1,
        ArrowUp: this.#chosen - 1,
        ArrowRight: this.#chosen + 1,
        ArrowDown: this.#chosen + 1,
        Home: 0,
        End: this.#events.length - 1,
      };
      if (!(event.key in to) || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      this.#choose(to[event.key], true);
    }

    /** @param {number} index @param {boolean} [focus] */
    #choose(index, focus) {
      const last = this.#events.length - 1;
      this.#chosen = Math.max(0, Math.min(last, index));
      this.#events.forEach(({ panel, tab, dot, line }, i) => {
        const chosen = i === this.#chosen;
        tab.setAttribute("aria-selected", `${chosen}`);
        tab.tabIndex = chosen ? 0 : -1;
        panel.hidden = chosen ? false : "until-found"; // a search in the page shows it
        dot?.classList.toggle("is-chosen", chosen);
        line?.classList.toggle("is-chosen", chosen);
      });
      this.#earlier.setAttribute("aria-disabled", `${this.#chosen === 0}`);
      this.#later.setAttribute("aria-disabled", `${this.#chosen === last}`);
      const { name, tab } = this.#events[this.#chosen];
      this.#where.textContent = `${name}, ${this.#chosen + 1} of ${last + 1}`;
      if (focus) tab.focus();
    }

    #followAddress() {
      const aim = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      const index = this.#events.findIndex(({ panel }) => panel.contains(aim));
      if (!aim || index < 0) return;
      this.#choose(index);
      aim.scrollIntoView();
    }

    #draw() {
      const width = this.#chart.clientWidth;
      if (!width) return;
      const narrow = width < NARROW;
      const height = narrow ? 200 : 380;
      this.#chart.classList.toggle("is-narrow", narrow);
      this.#picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.#picture.setAttribute("height", `${height}`);
      this.#picture.replaceChildren();
      const frame = {
        left: EDGE.left,
        right: width - EDGE.right,
        top: narrow ? 26 : EDGE.top,
        floor: height - EDGE.bottom,
      };
      const { x, y } = this.#drawAxes(frame);
      this.#dots = this.#events.map(({ time, lfw, tab }) => {
        tab.style.left = tab.style.top = "";
        return { x: x(time), y: y(lfw), w: tab.offsetWidth, h: tab.offsetHeight };
      });
      const boxes = narrow ? [] : place(this.#dots, width, frame.floor - 4);
      this.#events.forEach((event, i) => {
        event.line = narrow ? null : this.#leadTo(event.tab, this.#dots[i], boxes[i]);
      });
      this.#events.forEach((event, i) => {
        const at = { cx: this.#dots[i].x, cy: this.#dots[i].y };
        event.dot = this.#add("circle", { class: "facetoy-dot", ...at, r: 5 });
      });
      this.#choose(this.#chosen);
    }

    /** @param {Parameters<typeof drawn>} what */
    #add(...what) {
      return this.#picture.appendChild(drawn(...what));
    }

    /**
     * Grid and axes.
     * @param {Frame} frame
     * @returns where a time and an accuracy (or none) are in the picture
     */
    #drawAxes({ left, right, top, floor }) {
      const times = this.#events.map((event) => event.time);
      const known = this.#events.flatMap(({ lfw }) => (lfw === null ? [] : [Math.floor(lfw)]));
      const low = Math.min(LOW, ...known);
      const first = Math.floor(Math.min(...times));
      const last = Math.max(...times) + 0.5;
      const x = (/** @type {number} */ time) =>
        left + ((time - first) / (last - first)) * (right - left);
      const y = (/** @type {number | null} */ lfw) =>
        lfw === null ? floor : top + ((100 - lfw) / (100 - low)) * (floor - 14 - top);

      const grid = { class: "facetoy-grid", x1: left, x2: right };
      for (let lfw = low; lfw <= 100; lfw += Math.ceil((100 - low) / 6)) {
        this.#add("line", { ...grid, y1: y(lfw), y2: y(lfw) });
        this.#add("text", { x: left - 8, y: y(lfw) + 4, "text-anchor": "end" }, `${lfw} %`);
      }
      this.#add("line", { ...grid, class: "facetoy-base", y1: floor, y2: floor });
      this.#add("text", { x: 0, y: 12 }, "Published accuracy on LFW");
      const every = Math.ceil(40 / (x(first + 1) - x(first)));
      for (let year = first; year <= last; year += every) {
        const tick = { x1: x(year), x2: x(year), y1: floor, y2: floor + 5 };
        this.#add("line", { class: "facetoy-base", ...tick });
        this.#add("text", { x: x(year), y: floor + 20, "text-anchor": "middle" }, `${year}`);
      }
      return { x, y };
    }

    /**
     * Put a name where its box is, with a line to it from its point.
     * @param {HTMLElement} tab
     * @param {Box} at
     * @param {Box} box
     */
    #leadTo(tab, at, { x, y, w, h }) {
      const beside = at.x < x || at.x > x + w;
      const x2 = Math.max(x, Math.min(at.x, x + w));
      const y2 = y + (beside ? h / 2 : at.y > y ? h : 0);
      tab.style.left = `${x}px`;
      tab.style.top = `${y}px`;
      return this.#add("line", { class: "facetoy-line", x1: at.x, y1: at.y, x2, y2 });
    }
  }

  /** @type {NodeListOf<HTMLElement>} */
  const lists = document.querySelectorAll("ol.facetoy-timeline");
  lists.forEach((list, number) => {
    new Timeline(list, number);
  });
})();
