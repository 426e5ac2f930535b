// Paper is white: a page that is printed in the dark is printed as by day.
(() => {
  "use strict";

  const root = document.documentElement;
  let theme = root.dataset.theme;
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
  });
  addEventListener("afterprint", () => {
    root.dataset.theme = theme;
  });
})();
