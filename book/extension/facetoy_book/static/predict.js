// Predictions: what follows one in its section is kept back until the reader has answered.
(() => {
  "use strict";

  /**
   * @template {keyof HTMLElementTagNameMap} Tag
   * @param {Tag} tag
   * @param {Record<string, string>} attributes
   * @param {(Node | string)[]} children
   */
  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  document.querySelectorAll(".facetoy-predict").forEach((box) => {
    const rest = element("div", { class: "facetoy-withheld" });
    while (box.nextSibling) rest.append(box.nextSibling);
    box.after(rest);
    rest.hidden = "until-found"; // a search in the page shows it
    const list = /** @type {HTMLUListElement} */ (box.querySelector("ul"));
    const said = element("p", { class: "facetoy-said", role: "status" });

    /** @param {string} text */
    const show = (text) => {
      rest.hidden = false;
      said.textContent = text;
      skip.remove();
      // the theme found these without a width; what scrolls is to be reached by keyboard
      /** @type {NodeListOf<HTMLElement>} */
      const parts = rest.querySelectorAll("pre, .output, .pst-scrollable-table-container");
      for (const part of parts) part.tabIndex = part.scrollWidth > part.clientWidth ? 0 : -1;
    };
    const answers = [...list.children].map((item) => {
      const button = element("button", { type: "button", "aria-pressed": "false" });
      button.append(...(item.querySelector("p") ?? item).childNodes);
      button.addEventListener("click", () => {
        answers.forEach((one) => one.setAttribute("aria-pressed", `${one === button}`));
        show(`You said: ${button.textContent.trim()}. Now look.`);
      });
      item.replaceChildren(button);
      return button;
    });
    const skip = element("button", { type: "button", class: "facetoy-skip" }, "Show the result");
    skip.addEventListener("click", () => show(""));
    rest.addEventListener("beforematch", () => show(""));
    box.append(said, skip);
    const target = () => {
      const aim = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (!aim || !rest.contains(aim)) return;
      show("");
      aim.scrollIntoView();
    };
    addEventListener("hashchange", target);
    target();
  });
})();
