// Brings the page's figures to life when they come near the reader's view.
// A figure names its scripts; each registers one entry of `facetoyLive`.
(() => {
  "use strict";

  /**
   * @typedef {Record<string, any>} Layout as plotly knows it
   * @typedef {{ data: object[], layout: Layout, frames?: object[] }} PlotEntry
   * @typedef {{ path: (string | number)[], data: string }} Binary a trait in base64
   * @typedef {{ source: string, values: Record<string, any>, buffers: Binary[] }} WidgetEntry
   * @typedef {(...values: any[]) => void} Listener
   *
   * @typedef {object} Plot
   * @property {PlotEntry} figure
   * @property {HTMLElement} place
   * @property {number} width for which it is drawn, in pixels
   * @property {boolean} drawn
   * @property {(() => void)[]} sliders apply their present positions
   */

  /** @type {any} */
  const page = self; // with what the figures' scripts add to it

  const NARROW = 600; // pixels: below this a plot's legend goes under it, wherever it was
  const LEGEND_BELOW = { orientation: "h", x: 0, xanchor: "left", y: -0.2, yanchor: "top" };
  const TITLE_SIZE = 16; // pixels
  const root = document.documentElement;
  const touch = matchMedia("(pointer: coarse)").matches;
  let printing = false;

  /** @type {Map<string, Promise<unknown>>} */
  const scripts = new Map();
  /** @param {string} url */
  const load = (url) => {
    if (!scripts.has(url)) {
      const loaded = new Promise((resolve, reject) => {
        const element = document.createElement("script");
        element.src = url;
        element.onload = resolve;
        element.onerror = () => reject(new Error(`could not load ${url}`));
        document.head.append(element);
      });
      scripts.set(url, loaded);
    }
    return scripts.get(url);
  };

  // ---- plots

  /** @param {string} name */
  const style = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  /**
   * Colours and font of the page as it looks now; on paper always dark on white.
   * @param {string[]} [colorway]
   */
  const template = (colorway) => {
    const text = printing ? "#222" : style("--pst-color-text-base") || "#222";
    const line = printing ? "#ccc" : style("--pst-color-border") || "#ccc";
    const surface = printing ? "#fff" : style("--pst-color-surface") || "#fff";
    const axis = {
      automargin: true,
      fixedrange: touch,
      gridcolor: line,
      linecolor: line,
      zerolinecolor: line,
      tickcolor: line,
      title: { standoff: 8 },
    };
    const circular = { gridcolor: line, linecolor: line };
    return {
      layout: {
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        font: { family: getComputedStyle(document.body).fontFamily, color: text, size: 14 },
        colorway,
        xaxis: axis,
        yaxis: axis,
        polar: { bgcolor: "rgba(0,0,0,0)", angularaxis: circular, radialaxis: circular },
        hoverlabel: { bgcolor: surface, bordercolor: line, font: { color: text } },
        legend: { bgcolor: "rgba(0,0,0,0)", ...LEGEND_BELOW },
        updatemenudefaults: { bgcolor: surface, bordercolor: line, font: { color: text } },
        sliderdefaults: { bgcolor: surface, bordercolor: line, font: { color: text } },
      },
    };
  };

  /**
   * Plotly does not wrap titles.
   * @param {string} text
   * @param {number} letters
   */
  const wrap = (text, letters) =>
    text.replace(new RegExp(`(?![^\\n]{1,${letters}}$)([^\\n]{1,${letters}})\\s`, "g"), "$1<br>");

  /** @param {Layout} layout @param {number} width */
  const arrange = (layout, width) => {
    /** @type {Layout} */
    const result = {
      margin: { l: 60, r: 20, t: layout.title ? 60 : 24, b: 50 },
      uirevision: "keep", // the reader's zoom and hidden traces survive a redraw
      ...layout,
      template: template(layout.colorway),
      width: Math.min(width, layout.width || width),
      autosize: false,
    };
    if (touch) result.dragmode = false; // a finger on the plot scrolls the page
    if (width < NARROW) {
      result.legend = { ...layout.legend, ...LEGEND_BELOW };
      result.margin = { ...result.margin, l: 10, r: 10 };
    }
    const title = typeof layout.title === "string" ? { text: layout.title } : layout.title;
    if (title?.text) {
      const text = wrap(title.text, Math.floor(width / (TITLE_SIZE * 0.55)));
      result.title = { ...title, text, font: { size: TITLE_SIZE, ...title.font } };
    }
    return result;
  };

  /** @type {Set<Plot>} */
  const plots = new Set();

  /** @param {Plot} plot */
  const draw = (plot) => {
    const width = plot.place.clientWidth;
    if (!width) return undefined;
    plot.width = width;
    const { data, layout, frames } = plot.figure;
    const copy = structuredClone({ data, layout });
    const config = { displayModeBar: false, responsive: false };
    const moving = frames && !plot.drawn ? { frames } : {};
    const spec = { data: copy.data, layout: arrange(copy.layout, width), config, ...moving };
    plot.drawn = true;
    return page.Plotly.react(plot.place, spec).then(() => plot.sliders.forEach((apply) => apply()));
  };

  /**
   * Plotly's sliders answer to no key and no screen reader; the browser's own do both.
   * @param {Plot} plot
   * @param {Layout} given the slider as plotly knows it
   * @returns {() => void} applies the position that the reader chose
   */
  const slider = (plot, { steps, active = 0, currentvalue = {} }) => {
    const label = document.createElement("label");
    const text = document.createElement("span");
    const input = document.createElement("input");
    label.className = "facetoy-plot-slider";
    Object.assign(input, { type: "range", min: 0, max: steps.length - 1, step: 1, value: active });
    label.style.setProperty("--facetoy-curve", currentvalue.font?.color ?? "transparent");
    const apply = () => {
      const step = steps[+input.value];
      text.textContent = `${currentvalue.prefix ?? ""}${step.label}${currentvalue.suffix ?? ""}`;
      input.setAttribute("aria-valuetext", text.textContent);
      return page.Plotly[step.method](plot.place, ...structuredClone(step.args));
    };
    input.addEventListener("input", apply);
    label.append(text, input);
    plot.place.after(label);
    return apply;
  };

  /** @param {HTMLElement} place @param {PlotEntry} entry */
  const startPlot = async (place, entry) => {
    const { sliders = [], ...layout } = entry.layout;
    /** @type {Plot} */
    const plot = { figure: { ...entry, layout }, place, width: 0, drawn: false, sliders: [] };
    plot.sliders = sliders.map((/** @type {Layout} */ one) => slider(plot, one));
    await draw(plot);
    plots.add(plot);
    new ResizeObserver(() => place.clientWidth !== plot.width && draw(plot)).observe(place);
  };

  const redraw = () => plots.forEach(draw);
  new MutationObserver(redraw).observe(root, { attributeFilter: ["data-theme"] });

  // ---- widgets

  /** @param {string} base64 */
  const bytes = (base64) => {
    const text = atob(base64);
    const array = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) array[i] = text.charCodeAt(i);
    return new DataView(array.buffer);
  };

  // What a widget's front end sees of its Python half. Here there is none: messages go nowhere.
  class Model {
    /** @type {Record<string, any>} */
    #values;
    /** @type {Map<string, Set<Listener>>} */
    #listeners = new Map();

    /** @param {WidgetEntry} entry */
    constructor({ values, buffers }) {
      this.#values = structuredClone(values);
      for (const { path, data } of buffers) {
        const last = path[path.length - 1];
        let parent = this.#values;
        for (const step of path.slice(0, -1)) parent = parent[step] ??= {};
        parent[last] = bytes(data);
      }
    }

    /** @param {string} name */
    get(name) {
      return this.#values[name];
    }

    /** @param {string | Record<string, any>} name @param {any} [value] */
    set(name, value) {
      const changes = typeof name === "object" ? name : { [name]: value };
      const changed = Object.keys(changes).filter((key) => this.#values[key] !== changes[key]);
      Object.assign(this.#values, changes);
      for (const key of changed) this.#emit(`change:${key}`, this, changes[key]);
      if (changed.length) this.#emit("change", this);
    }

    /** @param {string} events @param {Listener} callback */
    on(events, callback) {
      for (const event of events.split(" ")) {
        this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(callback));
      }
    }

    /** @param {string} [events] @param {Listener} [callback] */
    off(events, callback) {
      if (!events) this.#listeners.clear();
      for (const event of events?.split(" ") ?? []) {
        if (callback) this.#listeners.get(event)?.delete(callback);
        else this.#listeners.delete(event);
      }
    }

    save_changes() {}

    send() {}

    /** @param {string} event @param {any[]} values */
    #emit(event, ...values) {
      for (const callback of [...(this.#listeners.get(event) ?? [])]) callback(...values);
    }
  }

  /** @type {Map<string, Promise<any>>} */
  const modules = new Map();

  /**
   * A module from its source; a blob, because a page opened from disk may load no module file.
   * @param {string} key
   */
  const widgetModule = (key) => {
    if (!modules.has(key)) {
      const { esm, css } = page.facetoyLive[key];
      if (css) {
        const sheet = document.createElement("style");
        sheet.textContent = css;
        document.head.append(sheet);
      }
      const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
      const loaded = import(url).then(async (module) => {
        URL.revokeObjectURL(url);
        const widget = module.default ?? module;
        return typeof widget === "function" ? widget() : widget;
      });
      modules.set(key, loaded);
    }
    return modules.get(key);
  };

  /** @param {HTMLElement} place @param {WidgetEntry} entry */
  const startWidget = async (place, entry) => {
    const widget = await widgetModule(entry.source);
    // a widget of words builds on those that the page already has
    const words = place.parentElement?.querySelector(".facetoy-words");
    const values = words ? { ...entry.values, _html: words.innerHTML } : entry.values;
    const model = new Model({ ...entry, values });
    await widget.initialize?.({ model });
    await widget.render({ model, el: place });
  };

  // ---- all figures

  /** @param {HTMLElement} figure */
  const start = async (figure) => {
    const place = /** @type {HTMLElement} */ (figure.querySelector(".facetoy-live"));
    const { scripts: urls = "", key = "" } = figure.dataset;
    const begin = figure.classList.contains("facetoy-plot") ? startPlot : startWidget;
    try {
      await Promise.all(urls.split(" ").map(load));
      await begin(place, page.facetoyLive[key]);
      figure.classList.add("is-live");
    } catch (error) {
      console.error(error);
      place.replaceChildren();
      const note = document.createElement("p");
      note.className = "facetoy-note";
      note.textContent = "The live figure could not be shown in this browser.";
      figure.append(note);
    }
  };

  /** @type {HTMLElement[]} */
  const figures = Array.from(document.querySelectorAll(".facetoy-plot, .facetoy-widget"));
  const near = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        start(/** @type {HTMLElement} */ (target));
      }
    },
    { rootMargin: "1000px 0px" },
  );
  /**
   * What is large, and not everybody's, waits until the reader asks for it.
   * @param {HTMLElement} figure
   */
  const offer = (figure) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "facetoy-start";
    button.textContent = figure.dataset.demand ?? "";
    button.addEventListener("click", async () => {
      button.disabled = true;
      await start(figure);
      button.remove();
      figure.querySelector("button")?.focus({ preventScroll: true });
    });
    figure.append(button);
  };
  figures.forEach((figure) => (figure.dataset.demand ? offer(figure) : near.observe(figure)));

  addEventListener("beforeprint", () => {
    printing = true;
    redraw();
    const plotsLeft = figures.filter((figure) => figure.matches(".facetoy-plot:not(.is-live)"));
    for (const figure of plotsLeft) {
      near.unobserve(figure);
      start(figure);
    }
  });
  addEventListener("afterprint", () => {
    printing = false;
    redraw();
  });
})();
