// Whether the page is light or dark, in the book, JupyterLab, VS Code and Colab.

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

/**
 * Call `tell(dark)` now and whenever the page's theme changes; returns a function that stops.
 * @param {(dark: boolean) => void} tell
 */
export function watchTheme(tell) {
  /** @type {boolean | null} */
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
