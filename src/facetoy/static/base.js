// What all widgets need: elements, numbers as words, and the page's theme.

const KEYED = ["a", "button", "canvas", "input", "select", "summary"];

/** An element: `make("p", {class: "x"}, "text", child)`. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  // JupyterLab leaves the keys to what has the focus and carries this
  if (KEYED.includes(tag)) element.dataset.lmSuppressShortcuts = "true";
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

const degrees = (value, digits = 1) => (Number.isFinite(value) ? `${value.toFixed(digits)}°` : "–");
const number = (value) => (typeof value === "number" ? String(+value.toPrecision(6)) : `${value}`);

/** Is the page dark? Asks the book's theme, JupyterLab, VS Code and Colab, then the system. */
function pageIsDark() {
  const root = document.documentElement;
  const body = document.body;
  const theme = root.dataset.theme || root.getAttribute("theme");
  if (theme === "dark" || theme === "light") return theme === "dark";
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
  if (/\bvscode-(light|high-contrast-light)\b/.test(body.className)) return false;
  if (/\bvscode-(dark|high-contrast)\b/.test(body.className)) return true;
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Call `tell(dark)` now and whenever the page's theme changes; returns a function that stops. */
function watchTheme(tell) {
  let last = null;
  const check = () => {
    const dark = pageIsDark();
    if (dark !== last) tell((last = dark));
  };
  const observer = new MutationObserver(check);
  observer.observe(document.documentElement, { attributes: true });
  observer.observe(document.body, { attributes: true });
  const query = matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", check);
  check();
  return () => {
    observer.disconnect();
    query.removeEventListener("change", check);
  };
}

/** A widget's root: a picture, what is read beside it, and what stands below. */
function frame(label, picture, aside, ...below) {
  const side = make("section", { class: "ft-side" }, picture, make("div", { class: "ft-aside" }, ...aside));
  const stages = make("div", { class: "ft-stages" }, side);
  return make("div", { class: "facetoy", role: "group", "aria-label": label }, stages, ...below);
}

/**
 * Show `root` in `el`, in the page's theme, now and whenever that changes: then `changed(dark)` is
 * told. Returns what takes it away and aborts `stop`.
 */
function mount(root, el, stop, changed = () => {}) {
  el.append(root);
  const stopTheme = watchTheme((dark) => {
    root.dataset.theme = dark ? "dark" : "light";
    changed(dark);
  });
  return () => {
    stop.abort();
    stopTheme();
    root.remove();
  };
}
