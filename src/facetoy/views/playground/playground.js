// The playground: settings, pictures and figures around one or two trainings in the page.

// the data before all scripts: these pack better when they are together
import { IMAGES, MAKING } from "./images.js";

import { Camera } from "../shared/camera.js";
import { button, freshId } from "../shared/controls.js";
import { make, mount } from "../shared/elements.js";
import { Hand } from "../shared/hand.js";
import { newPad } from "../shared/pad.js";
import { Address } from "./address.js";
import { Bar, Chips, ClassCount, Fields } from "./controls.js";
import { FaceMaker } from "./face.js";
import { Loop } from "./loop.js";
import { PointCard } from "./selection.js";
import { diverged, noRoom, progress, takenFor, waiting } from "./sentences.js";
import { SideView } from "./side.js";
import {
  fromFragment,
  isFragment,
  sidesKept,
  toFragment,
  withArgument,
  withSecondToggled,
} from "./state.js";
import { Tasks } from "./tasks.js";
import { Training, unpackImages } from "./training.js";

/** @import { Model } from "../shared/elements.js" */
/** @import { HandAsked } from "../shared/hand.js" */
/** @import { Moment } from "./challenges.js" */
/** @import { Asked } from "./controls.js" */
/** @import { Settings } from "../shared/kinds.js" */
/** @import { Work } from "./loop.js" */
/** @import { Looks } from "./picture.js" */
/** @import { Chooser, Point } from "./selection.js" */
/** @import { Change, Limits, Offers, State } from "./state.js" */
/** @import { Images, Seen } from "./training.js" */

const FIGURES = 150; // milliseconds between updates of figures and charts
const TALK = 10_000; // milliseconds between reports to screen readers
const LETTERS = [..."abcdefghij"]; // names of the classes of free points

/**
 * What Python gives, besides Offers and Limits.
 * @typedef {object} Given
 * @property {State} state to begin with
 * @property {Record<number, number[]>} bounds how far apart (radians) the classes can be, by the
 *   dimension and the number of classes
 * @property {string[]} colors
 * @property {string[]} markers
 * @property {[number, number]} camera
 * @property {boolean} embedded in a chapter, which links to the playground's own page
 */

/** @implements {Asked} @implements {Chooser} @implements {HandAsked} @implements {Work} */
class Playground {
  id = freshId("pg");
  /** @type {Point | null} */
  chosen = null;
  #stop = new AbortController();
  signal = this.#stop.signal;
  /** @type {Loop} */
  #loop = new Loop(this);
  #said = make("p", { class: "ft-said", role: "status" });
  #bar = new Bar(this);
  #stages = make("div", { class: "ft-stages" });
  #versus = button("", () => this.#toggleSecond(), this.signal);
  #chips = new Chips(this);
  #count = new ClassCount(this);
  #tasks;
  #card = new PointCard();
  /** @type {Record<string, Hand>} by the data */
  #hands = {
    digits: new Hand(newPad, this, this.signal),
    faces: new Hand((on, stop) => new FaceMaker(MAKING, IMAGES.faces, on, stop), this, this.signal),
  };
  #sizes = new ResizeObserver(() => this.#resize());
  #sight = new IntersectionObserver((entries) =>
    this.#loop.setInSight(entries[entries.length - 1].isIntersecting),
  );
  /** @type {Record<string, Images>} */
  #images = {};
  /** @type {Training[]} */
  #runs = [];
  /** @type {SideView[]} */
  #sides = [];
  /** @type {(Seen | null)[]} what each network makes of the reader's own image */
  #seen = [];
  #dark = false;
  #figured = 0; // when the figures were written
  #talked = 0; // when screen readers were last told of them
  /** @type {State} */
  #state;
  #given;
  #camera;
  #address;
  #fields;
  #root;
  #unmount;

  /**
   * @param {Given & Offers & Limits} given
   * @param {boolean} still is the page without a kernel?
   * @param {HTMLElement} el where it is shown
   */
  constructor(given, still, el) {
    this.#given = given;
    this.#state = given.state;
    this.#camera = new Camera(...given.camera);
    this.#address = new Address(still, given.embedded);
    this.#fields = new Fields(given, this);
    this.#tasks = new Tasks(!given.embedded);
    this.#root = make(
      "div",
      { class: "facetoy ft-playground", role: "group", "aria-label": "Playground" },
      make("div", { class: "ft-row ft-top" }, this.#bar.element, this.#versus),
      this.#said,
      make("div", { class: "ft-desk" }, this.#stages, this.#makeBench()),
      make("div", { class: "ft-row ft-foot" }, this.#fields.element, this.#address.link),
      this.#card.element,
    );
    this.#unmount = mount(this.#root, el, this.#stop, (dark) => this.#retheme(dark));
    this.#restart();
    this.#sight.observe(this.#root);
    if (this.#address.owned) this.#followAddress();
  }

  /** What stands beside the pictures where there is room, else below them. */
  #makeBench() {
    const hands = Object.values(this.#hands);
    const parts = [...hands, this.#chips, this.#count, this.#tasks].map(({ element }) => element);
    return make("div", { class: "ft-bench" }, ...parts);
  }

  remove() {
    for (const side of this.#sides) side.stop();
    this.#unmount();
    this.#sizes.disconnect();
    this.#sight.disconnect();
    this.#loop.stop();
    this.#address.stop();
  }

  // ---- state

  /** @returns {Moment} */
  get #moment() {
    const { dim, classes } = this.#state;
    return { state: this.#state, runs: this.#runs, best: this.#given.bounds[dim][classes.length] };
  }

  /** @returns {Looks} */
  get #looks() {
    const { colors, markers } = this.#given;
    return { colors, markers, names: IMAGES[this.#state.data]?.names ?? LETTERS };
  }

  /** The images of the moment; free points have none. */
  get #data() {
    const { data } = this.#state;
    return data === "points" ? null : (this.#images[data] ??= unpackImages(IMAGES[data]));
  }

  /** What readers make an image with; there is nothing for free points. */
  get #hand() {
    return /** @type {Hand | undefined} */ (this.#hands[this.#state.data]);
  }

  #say(/** @type {string} */ sentence) {
    this.#said.textContent = sentence;
  }

  refuse(/** @type {string} */ sentence) {
    this.#say(sentence);
    this.#showSettings();
  }

  set(/** @type {Change} */ change) {
    const changes = change(this.#state);
    if (typeof changes === "string") this.refuse(changes);
    else {
      const before = this.#state;
      this.#state = { ...before, ...changes };
      this.#restart(sidesKept(before, this.#state));
    }
  }

  tune(/** @type {Partial<State>} */ changes) {
    this.#state = { ...this.#state, ...changes };
    const { lr, batch, optimiser } = this.#state;
    for (const run of this.#runs) run.tune({ lr, batch, optimiser });
    this.#showSettings();
  }

  #toggleSecond() {
    this.set((state) => withSecondToggled(state, this.#given.losses));
  }

  setUnit(/** @type {boolean} */ unit) {
    this.tune({ unit });
    this.#refresh();
  }

  /**
   * Another value of a setting of the loss on side `k`.
   * @param {number} k
   * @param {Partial<Settings>} change
   */
  turn(k, change) {
    const { sides } = withArgument(this.#state, k, change);
    this.#runs[k].tune({ args: sides[k].args });
    this.tune({ sides });
    this.#refresh();
  }

  /**
   * Begin anew, but for the sides to be kept: where one is ahead, it waits for the other.
   * @param {boolean[]} kept
   */
  #restart(kept = []) {
    const { sides, dim } = this.#state;
    this.choose(null);
    this.#runs = sides.map((side, k) =>
      kept[k] ? this.#runs[k] : new Training(this.#data, { ...this.#state, ...side }),
    );
    this.#say(waiting(this.#titles, this.#runs));
    this.#loop.restart();
    this.#renewSides(sides.length, dim === 2);
    for (const side of this.#sides) side.begin(this.#moment, this.#looks);
    this.#fields.offer(this.#looks.names);
    for (const [data, hand] of Object.entries(this.#hands)) hand.offer(data === this.#state.data);
    this.#chips.fill(this.#state, this.#looks);
    this.#showSettings();
    this.#refresh();
  }

  /**
   * So many sides, on circles if `flat`; those that are there stay if they fit.
   * @param {number} count
   * @param {boolean} flat
   */
  #renewSides(count, flat) {
    if (this.#sides.length === count && this.#sides[0].picture.flat === flat) return;
    for (const side of this.#sides) side.stop();
    this.#sides = Array.from(
      { length: count },
      (_, k) => new SideView(k, this.#given, this.#camera, flat, this),
    );
    this.#stages.replaceChildren(...this.#sides.map(({ element }) => element));
    for (const { picture } of this.#sides) this.#sizes.observe(picture.stage);
  }

  #showSettings() {
    const two = this.#sides.length > 1;
    this.#versus.textContent = two ? "Back to one loss" : "Compare with a second loss";
    this.#stages.classList.toggle("ft-two", two);
    for (const part of [this.#bar, this.#fields, this.#count]) part.show(this.#state);
    for (const side of this.#sides) side.showSettings(this.#moment);
    this.#address.show(toFragment(this.#state, this.#given.losses));
  }

  // ---- training

  get connected() {
    return this.#root.isConnected;
  }

  /** Those that have taken the fewest steps: they are next. */
  get #next() {
    const least = Math.min(...this.#runs.map(({ steps }) => steps));
    return this.#runs.filter(({ steps }) => steps === least);
  }

  get first() {
    return this.#next[0];
  }

  get #failed() {
    return this.#runs.findIndex((run) => run.failed);
  }

  #play(/** @type {boolean} */ on) {
    if (on && this.#failed >= 0) this.#restart();
    this.#loop.play(on);
    this.#talked = performance.now();
    this.#bar.showPlaying(on);
    if (on) this.#say("");
    else this.#refresh(true);
  }

  toggle() {
    this.#play(!this.#loop.playing);
  }

  setSlow(/** @type {boolean} */ on) {
    this.#loop.setSlow(on);
  }

  reset() {
    this.#play(false);
    this.#restart();
  }

  step() {
    if (this.#failed >= 0) this.#restart();
    if (this.#loop.playing) this.#play(false);
    this.advance();
    if (this.#failed < 0) this.#refresh(true);
  }

  /** One step of every side, or of the one that is behind; stops and explains if one of them fails. */
  advance() {
    for (const run of this.#next) run.step();
    const k = this.#failed;
    if (k < 0) return;
    this.#play(false);
    const { state, runs, best } = this.#moment;
    this.#say(diverged(this.#titles[k], runs[k], noRoom(state.sides[k], state, best)));
  }

  finish(/** @type {number} */ epochs) {
    this.#play(false);
    this.#say(`Paused after ${Math.round(epochs)} epochs. ${this.#said.textContent} Play goes on.`);
  }

  // ---- pictures and figures

  get #titles() {
    return this.#state.sides.map(({ loss }) => this.#given.losses[loss].title);
  }

  /** Draw, and put the card where its point is now. */
  draw(/** @type {boolean} */ evaluate = this.#loop.playing) {
    if (evaluate) for (const run of this.#runs) run.evaluate();
    const { data, unit } = this.#state;
    const { chosen } = this;
    const hand = this.#hand;
    this.#seen = this.#runs.map((run) => (hand?.image ? run.see(hand.image) : null));
    this.#sides.forEach(({ picture }, k) => {
      // two sides show the same images, but not the same free points
      const here = chosen && (chosen.k === k || data !== "points");
      picture.draw(this.#runs[k], unit, here ? chosen.i : -1, this.#seen[k], hand?.picture);
      if (chosen?.k === k) this.#card.place(this.#root, picture, chosen.i);
    });
  }

  drawn(/** @type {number} */ now) {
    if (now - this.#figured > FIGURES) this.#showFigures(now);
  }

  /** Evaluate, draw, and write all figures, now. */
  #refresh(talk = false) {
    this.draw(true);
    if (talk) this.#talk(); // a challenge that is solved has the last word
    this.#showFigures(performance.now());
  }

  #talk() {
    this.#say(this.#titles.map((title, k) => progress(title, this.#runs[k])).join(" "));
    if (this.#hand?.image) this.#hand.speak();
  }

  #showFigures(/** @type {number} */ now) {
    this.#figured = now;
    this.#bar.showEpochs(this.#runs.map(({ epochs }) => epochs));
    for (const side of this.#sides) side.showFigures(this.#moment);
    if (this.chosen) this.#fillCard(this.chosen);
    this.#tellHand();
    const solved = this.#tasks.check(this.#moment);
    if (solved) this.#say(solved);
    if (!this.#loop.playing || now - this.#talked <= TALK) return;
    this.#talked = now;
    this.#talk();
  }

  #resize() {
    for (const { picture } of this.#sides) picture.resize();
    this.#hand?.retheme();
    this.#chips.draw(this.#state, this.#looks);
    this.#loop.drawNow();
    this.#showFigures(performance.now());
  }

  #retheme(/** @type {boolean} */ dark) {
    this.#dark = dark;
    this.#hand?.retheme();
    for (const { picture } of this.#sides) picture.retheme();
    this.#chips.draw(this.#state, this.#looks);
    if (this.#runs.length) this.#refresh();
  }

  // ---- the reader's own image

  showHand() {
    this.draw(false);
    this.#tellHand();
  }

  #tellHand() {
    const told = this.#runs.map((run, k) =>
      takenFor(this.#titles[k], run, this.#sides[k].picture.names, this.#seen[k]),
    );
    this.#hand?.tell(told);
  }

  // ---- the card

  choose(/** @type {Point | null} */ point) {
    if (!point && !this.chosen) return;
    this.chosen = point;
    this.#card.element.hidden = !point;
    if (point) this.#fillCard(point);
    this.#loop.drawSoon();
  }

  turned() {
    this.#loop.drawSoon();
  }

  speakCard() {
    this.#say(this.#card.spoken);
  }

  #fillCard(/** @type {Point} */ { k, i }) {
    const run = this.#runs[k];
    this.#card.fill(run, this.#sides[k].picture.names, i);
    this.#card.drawImage(this.#data, run.rows[i], this.#dark || this.#state.data === "faces");
  }

  // ---- the page's address

  #followAddress() {
    const { signal } = this;
    const hold = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#address.write();
      this.#say("The address of this page holds these settings now: copy it, or this link.");
    };
    this.#address.link.addEventListener("click", hold, { signal });
    window.addEventListener("hashchange", () => this.#readAddress(), { signal });
    this.#readAddress();
  }

  #readAddress() {
    if (!isFragment(location.hash)) return;
    this.#root.scrollIntoView();
    this.#bar.focus();
    const { state, losses } = this.#given;
    const found = fromFragment(location.hash, state, this.#given);
    if (!found) {
      this.#say("The link's settings are not understood; nothing was changed.");
      return;
    }
    if (toFragment(found, losses) !== toFragment(this.#state, losses)) {
      this.#play(false); // the reader predicts first
      this.set(() => found);
    }
    this.#say(`Set to ${this.#titles.join(" and ")}. Play starts it.`);
  }
}

/** @param {{model: Model, el: HTMLElement}} given */
function render({ model, el }) {
  const playground = new Playground(model.get("_meta"), model.get("_static"), el);
  return () => playground.remove();
}

export default { render };
