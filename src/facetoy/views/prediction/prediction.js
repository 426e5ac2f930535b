// A question whose possible answers are buttons: the reader commits to one before looking.

/** @import { Model } from "../shared/elements.js" */
import { make, mount } from "../shared/elements.js";

/**
 * The list's items become buttons, of which one is pressed at a time.
 * @param {HTMLElement} root with the list
 * @param {(answer: string) => void} tell
 */
function upgrade(root, tell) {
  const buttons = [...root.querySelectorAll("li")].map((item) => {
    const button = make("button", { type: "button", class: "ft-button", "aria-pressed": "false" });
    button.append(...item.childNodes);
    item.append(button);
    return button;
  });
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const one of buttons) one.setAttribute("aria-pressed", `${one === button}`);
      tell(button.textContent);
    });
  }
}

/** @param {{ model: Model, el: HTMLElement }} given */
function render({ model, el }) {
  const label = model.get("_alt");
  const root = make("div", { class: "facetoy ft-prediction", role: "group", "aria-label": label });
  root.innerHTML = model.get("_html");
  const said = make("p", { role: "status" });
  root.append(said);
  upgrade(root, (answer) => {
    said.textContent = `You said: ${answer}. Now look.`;
    root.dispatchEvent(new CustomEvent("facetoy-predicted", { bubbles: true }));
  });
  return mount(root, el, new AbortController());
}

export default { render };
