// A question whose possible answers are buttons: the reader commits to one before looking.

/** @import { Model } from "../shared/elements.js" */
import { button } from "../shared/controls.js";
import { make, mount } from "../shared/elements.js";

/**
 * The list's items become buttons, of which one is pressed at a time.
 * @param {HTMLElement} root with the list
 * @param {(answer: string) => void} tell
 * @param {AbortSignal} signal
 */
function upgrade(root, tell, signal) {
  /** @param {HTMLButtonElement} pressed */
  const press = (pressed) => {
    for (const one of buttons) one.setAttribute("aria-pressed", `${one === pressed}`);
    tell(pressed.textContent);
  };
  const buttons = [...root.querySelectorAll("li")].map((item) => {
    const answer = button(item.textContent, () => press(answer), signal);
    answer.setAttribute("aria-pressed", "false");
    item.replaceChildren(answer);
    return answer;
  });
}

/** @param {{ model: Model, el: HTMLElement }} given */
function render({ model, el }) {
  const label = model.get("_alt");
  const root = make("div", { class: "facetoy ft-prediction", role: "group", "aria-label": label });
  root.innerHTML = model.get("_html");
  const said = make("p", { role: "status" });
  root.append(said);
  const stop = new AbortController();
  const tell = (/** @type {string} */ answer) => {
    said.textContent = `You said “${answer}”. Look:`;
    root.dispatchEvent(new CustomEvent("facetoy-predicted", { bubbles: true }));
  };
  upgrade(root, tell, stop.signal);
  return mount(root, el, stop);
}

export default { render };
