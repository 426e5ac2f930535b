// Tables: one that is wider than the page fades where there is more of it to scroll to, and is reached by
// keyboard. Of those that cells print, press a heading to sort by its column, again to turn the order round.
(() => {
  "use strict";

  const ROWS = 3; // shorter tables need no sorting

  /**
   * The first number of a cell (before a "±"), else its text.
   * @param {HTMLTableCellElement} cell
   */
  const value = (cell) => {
    const number = /^[−-]?[\d,]*\.?\d+/.exec(cell.textContent.trim());
    return number ? +number[0].replace("−", "-").replace(/,/g, "") : cell.textContent.trim();
  };
  /** @param {number | string} a @param {number | string} b */
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === "string" && typeof b === "string") return a.localeCompare(b);
    return typeof a === "number" ? -1 : 1; // words below numbers
  };

  /** @type {NodeListOf<HTMLElement>} */
  const boxes = document.querySelectorAll("article .pst-scrollable-table-container");
  boxes.forEach((box) => {
    const mark = () =>
      box.classList.toggle("facetoy-more", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
    box.addEventListener("scroll", mark, { passive: true });
    new ResizeObserver(() => {
      mark();
      box.tabIndex = box.scrollWidth > box.clientWidth ? 0 : -1; // the theme sees no width in a fold
    }).observe(box); // at once, too
  });

  /** @type {NodeListOf<HTMLTableElement>} */
  const tables = document.querySelectorAll(".cell_output table");
  tables.forEach((table) => {
    const body = table.tBodies[0];
    const headings = [...(table.tHead?.rows[0]?.cells ?? [])];
    if (!body || body.rows.length < ROWS) return;
    headings.forEach((heading, column) => {
      if (!heading.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "facetoy-sort";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const down = heading.getAttribute("aria-sort") === "ascending";
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows].map((row) => ({ row, by: value(row.cells[column]) }));
        rows.sort((a, b) => (down ? -1 : 1) * compare(a.by, b.by));
        body.append(...rows.map(({ row }) => row));
      });
    });
  });
})();
