// Predictions: what follows one in its section is kept back until the reader has answered.
(() => {
  "use strict";

  // The theme found these without a width; what scrolls is to be reached by keyboard.
  const SCROLLING = "pre, .output, .pst-scrollable-table-container";

  class Withheld {
    #rest = document.createElement("div");
    #skip = document.createElement("button");

    /** @param {HTMLElement} figure the prediction */
    constructor(figure) {
      const cell = figure.closest(".cell") ?? figure;
      while (cell.nextSibling) this.#rest.append(cell.nextSibling);
      this.#rest.className = "facetoy-withheld";
      Object.assign(this.#rest, { hidden: "until-found" }); // a search in the page shows it
      cell.after(this.#rest);
      Object.assign(this.#skip, { type: "button", className: "facetoy-skip" });
      this.#skip.textContent = "Show the result";
      figure.append(this.#skip);
      figure.addEventListener("facetoy-predicted", () => this.#show());
      this.#skip.addEventListener("click", () => this.#show());
      this.#rest.addEventListener("beforematch", () => this.#show());
      addEventListener("hashchange", () => this.#follow());
      this.#follow();
    }

    #show() {
      this.#rest.hidden = false;
      this.#skip.remove();
      /** @type {NodeListOf<HTMLElement>} */
      const parts = this.#rest.querySelectorAll(SCROLLING);
      for (const part of parts) part.tabIndex = part.scrollWidth > part.clientWidth ? 0 : -1;
    }

    /** Show what the page's address points to. */
    #follow() {
      const aim = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (!aim || !this.#rest.contains(aim)) return;
      this.#show();
      aim.scrollIntoView();
    }
  }

  /** @type {NodeListOf<HTMLElement>} */
  const figures = document.querySelectorAll("[data-withholds]");
  for (const figure of figures) new Withheld(figure);
})();
