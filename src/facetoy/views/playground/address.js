// The link to a playground's settings, and the page's address, which one playground owns.

import { make } from "../shared/elements.js";

const ADDRESS = 300; // milliseconds without a change before the address is written
const OWNED = "data-owns-address";

export class Address {
  /** Does the page's address belong to this playground? The first one on its own page takes it. */
  owned;
  link;
  #page;
  #shown = false; // the address stays as it is until the reader changes something
  #timer = 0;

  /**
   * @param {boolean} still is the page without a kernel?
   * @param {boolean} embedded is it a chapter, and the playground's own page another?
   */
  constructor(still, embedded) {
    this.owned = still && !embedded && !document.querySelector(`[${OWNED}]`);
    this.#page = embedded ? "playground.html" : "";
    const words = embedded ? "Open this on a page of its own" : "Link to these settings";
    const hidden = !this.owned && !(still && embedded);
    this.link = make("a", { class: "ft-link", [OWNED]: this.owned, hidden }, words);
  }

  /**
   * Hold these settings.
   * @param {string} fragment
   */
  show(fragment) {
    this.link.href = this.#page + fragment;
    if (this.owned && this.#shown) {
      clearTimeout(this.#timer); // browsers refuse to be told too often
      this.#timer = setTimeout(() => this.write(), ADDRESS);
    }
    this.#shown = true;
  }

  write() {
    history.replaceState(null, "", this.link.href);
  }

  stop() {
    clearTimeout(this.#timer);
  }
}
