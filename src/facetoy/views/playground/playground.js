// The playground: settings, pictures and figures around one or two trainings in the page.

import { Camera } from "../shared/camera.js";
import { button, freshId } from "../shared/controls.js";
import { make, mount } from "../shared/elements.js";
import { Address } from "./address.js";
import { Bar, Chips, ClassCount, Fields } from "./controls.js";
import { IMAGES } from "./images.js";
import { Loop } from "./loop.js";
import { PointCard } from "./selection.js";
import { diverged, noRoom, progress } from "./sentences.js";
import { SideView } from "./side.js";
import {
  fromFragment,
  isFragment,
  toFragment,
  withArgument,
  withClassCount,
  withClassToggled,
  withData,
  withLoss,
  withSecondToggled,
  withStranger,
} from "./state.js";
import { Tasks } from "./tasks.js";
import { Training, unpackImages } from "./training.js";

/** @import { Model } from "../shared/elements.js" */
/** @import { Moment } from "./challenges.js" */
/** @import { Settings } from "./losses.js" */
/** @import { Looks } from "./picture.js" */
/** @import { Point } from "./selection.js" */
/** @import { Limits, Offer, State } from "./state.js" */
/** @import { Images } from "./training.js" */

const FIGURES = 150; // milliseconds between updates of figures and charts
const TALK = 10_000; // milliseconds between reports to screen readers
const LETTERS = [..."abcdefghij"]; // names of the classes of free points

/**
 * @typedef {object} Given What Python gives, besides Limits.
 * @property {string[]} order of the losses
 * @property {State} state to begin with
 * @property {Record<number, number[]>} bounds for each dimension and number of classes, how far
 *   apart (radians) they can be
 * @property {string[]} colors
 * @property {string[]} markers
 * @property {[number, number]} camera
 * @property {boolean} embedded in a chapter, which links to the playground's own page
 */

class Playground {
  #id = freshId("pg");
  #stop = new AbortController();
  #said = make("p", { class: "ft-said", role: "status" });
  #stages = make("div", { class: "ft-stages" });
  #tasks = new Tasks();
  #card = new PointCard();
  #loop = new Loop({
    connected: () => this.#root.isConnected,
    first: () => this.#runs[0],
    step: () => this.#advance(),
    draw: () => this.#draw(this.#loop.playing),
    drawn: (now) => now - this.#figured > FIGURES && this.#showFigures(now),
    finished: (epochs) => this.#finish(epochs),
  });
  #sizes = new ResizeObserver(() => this.#resize());
  #sight = new IntersectionObserver((entries) =>
    this.#loop.setInSight(entries[entries.length - 1].isIntersecting),
  );
  /** @type {Map<string, Images>} */
  #images = new Map();
  /** @type {Training[]} */
  #runs = [];
  /** @type {SideView[]} */
  #sides = [];
  /** @type {Point | null} */
  #chosen = null;
  #dark = false;
  #figured = 0; // when the figures were written
  #talked = 0; // when they were last told to screen readers
  /** @type {Given & Limits} */
  #given;
  /** @type {State} */
  #state;
  #camera;
  #address;
  #bar;
  #fields;
  #chips = new Chips();
  #count;
  #versus;
  #root;
  #unmount;

  /**
   * @param {Model} model
   * @param {HTMLElement} el
   */
  constructor(model, el) {
    const { signal } = this.#stop;
    this.#given = model.get("_meta");
    this.#state = this.#given.state;
    this.#camera = new Camera(...this.#given.camera);
    this.#address = new Address(model.get("_static"), this.#given.embedded);
    this.#bar = new Bar(
      this.#id,
      {
        play: () => this.#play(!this.#loop.playing),
        step: () => this.#step(),
        reset: () => this.#reset(),
        slow: (on) => this.#loop.setSlow(on),
        unit: (on) => this.#showUnit(on),
      },
      signal,
    );
    this.#fields = new Fields(
      this.#id,
      this.#given,
      {
        data: (data) => this.#set(withData(this.#state, data)),
        stranger: (stranger) => this.#set(withStranger(this.#state, stranger)),
        set: (changes) => this.#set(changes),
        tune: (changes) => this.#tune(changes),
        refuse: (sentence) => this.#refuse(sentence),
      },
      signal,
    );
    this.#count = new ClassCount(this.#id, (count) => this.#set(withClassCount(this.#state, count)), signal);
    this.#versus = button("", () => this.#set(withSecondToggled(this.#state, this.#given)), signal);
    this.#root = make(
      "div",
      { class: "facetoy ft-playground", role: "group", "aria-label": "Playground" },
      this.#bar.element,
      this.#said,
      this.#stages,
      make("div", { class: "ft-row ft-small" }, this.#address.link, this.#versus),
      this.#chips.element,
      this.#count.element,
      this.#fields.element,
      this.#tasks.element,
      this.#card.element,
    );
    this.#unmount = mount(this.#root, el, this.#stop, (dark) => this.#retheme(dark));
    this.#restart();
    this.#sight.observe(this.#root);
    if (this.#address.owned) this.#ownAddress(signal);
  }

  remove() {
    for (const side of this.#sides) side.stop();
    this.#unmount();
    this.#sizes.disconnect();
    this.#sight.disconnect();
    this.#loop.stop();
    this.#address.stop();
  }

  /** @param {number} k */
  #makeSide(k) {
    const { order, losses } = this.#given;
    /** @type {[string, Offer][]} */
    const offers = order.map((name) => [name, losses[name]]);
    const side = new SideView(k, this.#id, offers, this.#camera, this.#state.dim === 2, {
      loss: (loss) => this.#set(withLoss(this.#state, k, loss, this.#given)),
      turn: (change) => this.#turn(k, change),
      chosen: () => this.#chosen,
      choose: (point) => this.#choose(point),
      speak: () => this.#say(this.#card.spoken),
      turned: () => this.#loop.drawSoon(),
    });
    this.#sizes.observe(side.picture.stage);
    return side;
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

  /**
   * The images of a data set; null for free points.
   * @param {string} name
   */
  #imagesOf(name) {
    if (name === "points") return null;
    const images = this.#images.get(name) ?? unpackImages(IMAGES[name]);
    this.#images.set(name, images);
    return images;
  }

  /** @param {string} sentence */
  #say(sentence) {
    this.#said.textContent = sentence;
  }

  /** @param {string} sentence */
  #refuse(sentence) {
    this.#say(sentence);
    this.#showSettings();
  }

  /**
   * Settings that training starts anew with, or a sentence that says why not.
   * @param {Partial<State> | string} changes
   */
  #set(changes) {
    if (typeof changes === "string") {
      this.#refuse(changes);
      return;
    }
    this.#state = { ...this.#state, ...changes };
    this.#restart();
  }

  /**
   * Settings that change while it trains.
   * @param {Partial<State>} changes
   */
  #tune(changes) {
    this.#state = { ...this.#state, ...changes };
    const { lr, batch, optimiser } = this.#state;
    for (const run of this.#runs) run.tune({ lr, batch, optimiser });
    this.#showSettings();
  }

  /** @param {boolean} unit */
  #showUnit(unit) {
    this.#tune({ unit });
    this.#refresh();
  }

  /**
   * A setting of the loss of side `k`: it holds from the next step on.
   * @param {number} k
   * @param {Partial<Settings>} change
   */
  #turn(k, change) {
    const { sides } = withArgument(this.#state, k, change);
    this.#runs[k].tune({ args: sides[k].args });
    this.#tune({ sides });
    this.#refresh();
  }

  #restart() {
    const { sides, data, dim } = this.#state;
    this.#choose(null);
    this.#runs = sides.map((side) => new Training(this.#imagesOf(data), { ...this.#state, ...side }));
    this.#say("");
    this.#loop.restart();
    const flat = dim === 2;
    if (this.#sides.length !== sides.length || this.#sides[0].picture.flat !== flat) this.#renewSides();
    for (const side of this.#sides) side.begin(this.#moment, this.#looks);
    this.#fields.offer(this.#looks.names);
    this.#chips.fill(this.#state, this.#looks, (c) => this.#set(withClassToggled(this.#state, c)));
    this.#showSettings();
    this.#refresh();
  }

  #renewSides() {
    for (const side of this.#sides) side.stop();
    this.#sides = this.#state.sides.map((_, k) => this.#makeSide(k));
    this.#stages.replaceChildren(...this.#sides.map(({ element }) => element));
  }

  #showSettings() {
    const two = this.#state.sides.length > 1;
    this.#bar.show(this.#state);
    this.#fields.show(this.#state);
    this.#count.show(this.#state);
    this.#versus.textContent = two ? "Back to one loss" : "Compare with a second loss";
    this.#stages.classList.toggle("ft-two", two);
    for (const side of this.#sides) side.showSettings(this.#moment);
    this.#address.show(toFragment(this.#state, this.#given));
  }

  // ---- training

  /** @param {boolean} on */
  #play(on) {
    if (on && this.#runs.some((run) => run.failed)) this.#restart();
    if (on) this.#loop.play();
    else this.#loop.pause();
    this.#talked = performance.now();
    this.#bar.showPlaying(on);
    if (on) this.#say("");
    else this.#refresh(true);
  }

  #reset() {
    this.#play(false);
    this.#restart();
  }

  #step() {
    if (this.#runs.some((run) => run.failed)) this.#restart();
    if (this.#loop.playing) this.#play(false);
    this.#advance();
    if (!this.#runs.some((run) => run.failed)) this.#refresh(true);
  }

  /** One step of every side; stops and explains if one of them fails. */
  #advance() {
    for (const run of this.#runs) run.step();
    const k = this.#runs.findIndex((run) => run.failed);
    if (k < 0) return;
    this.#play(false);
    const { state, runs, best } = this.#moment;
    this.#say(diverged(this.#titleOf(k), runs[k], noRoom(state.sides[k], state, best)));
  }

  /** @param {number} epochs */
  #finish(epochs) {
    this.#play(false);
    this.#say(`Paused after ${Math.round(epochs)} epochs. ${this.#said.textContent} Play goes on.`);
  }

  // ---- pictures and figures

  /** @param {number} k */
  #titleOf(k) {
    return this.#given.losses[this.#state.sides[k].loss].title;
  }

  /** Tell how far it is. */
  #talk() {
    this.#say(this.#runs.map((run, k) => progress(this.#titleOf(k), run)).join(" "));
  }

  /** @param {boolean} evaluate first */
  #draw(evaluate) {
    if (evaluate) for (const run of this.#runs) run.evaluate();
    const { data, unit } = this.#state;
    const chosen = this.#chosen;
    this.#sides.forEach(({ picture }, k) => {
      // the same image is chosen on both sides; free points have nothing in common
      const here = chosen && (chosen.k === k || data !== "points");
      picture.draw(this.#runs[k], unit, here ? chosen.i : -1);
      if (chosen?.k === k) this.#card.place(this.#root, picture, chosen.i);
    });
  }

  /**
   * Evaluate, draw, and write all figures, now.
   * @param {boolean} talk tell how far it is, too
   */
  #refresh(talk = false) {
    this.#draw(true);
    if (talk) this.#talk(); // before a challenge that is solved
    this.#showFigures(performance.now());
  }

  /** @param {number} now */
  #showFigures(now) {
    this.#figured = now;
    this.#bar.showEpochs(this.#runs.map(({ epochs }) => epochs));
    for (const side of this.#sides) side.showFigures(this.#moment);
    if (this.#chosen) this.#fillCard(this.#chosen);
    const solved = this.#tasks.check(this.#moment);
    if (solved) this.#say(solved);
    if (!this.#loop.playing || now - this.#talked <= TALK) return;
    this.#talked = now;
    this.#talk();
  }

  #resize() {
    for (const { picture } of this.#sides) picture.resize();
    this.#chips.draw(this.#state, this.#looks);
    this.#loop.drawNow();
    this.#showFigures(performance.now());
  }

  /** @param {boolean} dark */
  #retheme(dark) {
    this.#dark = dark;
    for (const { picture } of this.#sides) picture.retheme();
    this.#chips.draw(this.#state, this.#looks);
    if (this.#runs.length) this.#refresh();
  }

  // ---- the card

  /** @param {Point | null} point */
  #choose(point) {
    if (!point && !this.#chosen) return;
    this.#chosen = point;
    this.#card.element.hidden = !point;
    if (point) this.#fillCard(point);
    this.#loop.drawSoon();
  }

  /** @param {Point} point */
  #fillCard({ k, i }) {
    const { data } = this.#state;
    const run = this.#runs[k];
    this.#card.fill(run, this.#sides[k].picture.names, i);
    this.#card.drawImage(this.#imagesOf(data), run.rows[i], this.#dark || data === "faces");
  }

  // ---- the page's address

  /** @param {AbortSignal} signal */
  #ownAddress(signal) {
    const hold = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#address.write();
      this.#say("The address of this page holds these settings now: copy it, or this link.");
    };
    this.#address.link.addEventListener("click", hold, { signal });
    window.addEventListener("hashchange", () => this.#follow(), { signal });
    this.#follow();
  }

  /** Set what the page's address says. */
  #follow() {
    if (!isFragment(location.hash)) return;
    this.#root.scrollIntoView();
    this.#bar.focus();
    const found = fromFragment(location.hash, this.#given.state, this.#given);
    if (!found) {
      this.#say("The link's settings are not understood; nothing was changed.");
      return;
    }
    if (toFragment(found, this.#given) !== toFragment(this.#state, this.#given)) {
      this.#play(false); // the reader predicts first
      this.#set(found);
    }
    const titles = this.#state.sides.map((_, k) => this.#titleOf(k));
    this.#say(`Set to ${titles.join(" and ")}. Play starts it.`);
  }
}

/** @param {{model: Model, el: HTMLElement}} given */
function render({ model, el }) {
  const playground = new Playground(model, el);
  return () => playground.remove();
}

export default { render };
