// Predictions: what follows one, up to the next heading, is kept back until the reader has answered.
(() => {
  "use strict";

  class Withheld {
    #rest = document.createElement("div");
    #skip = makeButton("Show the result", () => this.show());

    /** @param {HTMLElement} figure the prediction */
    constructor(figure) {
      const cell = figure.closest(".cell") ?? figure;
      while (cell.nextSibling && cell.nextSibling.nodeName !== "SECTION") {
        this.#rest.append(cell.nextSibling);
      }
      this.#rest.className = "facetoy-withheld";
      Object.assign(this.#rest, { hidden: "until-found" }); // a search in the page shows it
      cell.after(this.#rest);
      this.#skip.className = "facetoy-skip";
      figure.append(this.#skip);
      figure.addEventListener("facetoy-predicted", () => this.show());
      this.#rest.addEventListener("beforematch", () => this.show());
      addEventListener("hashchange", () => this.#follow());
      this.#follow();
    }

    show() {
      this.#rest.hidden = false;
      this.#skip.remove();
    }

    /** Show what the page's address points to. */
    #follow() {
      const aim = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (!aim || !this.#rest.contains(aim)) return;
      this.show();
      aim.scrollIntoView();
    }
  }

  /**
   * @param {string} text
   * @param {() => void} press
   */
  function makeButton(text, press) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: text });
    button.addEventListener("click", press);
    return button;
  }

  /**
   * At the top of the page: a button for readers who do not want to be asked.
   * @param {Withheld[]} all
   */
  function offerAll(all) {
    const line = document.createElement("p");
    line.className = "facetoy-all";
    line.setAttribute("role", "status");
    const button = makeButton("Show all results", () => {
      for (const one of all) one.show();
      line.textContent = "All results on this page are shown.";
    });
    line.append("This page asks before it shows. ", button);
    (document.querySelector(".chapter-box") ?? document.querySelector("article h1"))?.after(line);
  }

  /** @type {NodeListOf<HTMLElement>} */
  const figures = document.querySelectorAll("[data-withholds]");
  offerAll([...figures].map((figure) => new Withheld(figure)));
})();
