// The picture of SphereView and TrainingPanel: its sides, its legend, its controls and the card of
// a point, and what moves in it.

import { Camera } from "../shared/camera.js";
import { placeBeside, spokenFacts } from "../shared/card.js";
import { make, mount } from "../shared/elements.js";
import { Frames } from "../shared/frames.js";
import { Hand } from "../shared/hand.js";
import { newPad } from "../shared/pad.js";
import { Spoken } from "../shared/readouts.js";
import { Controls, stepWords } from "./controls.js";
import { Legend } from "./legend.js";
import { choicesOf, momentAt, runAt } from "./moments.js";
import { PointCard } from "./point_card.js";
import { SideView } from "./side.js";
import { unpackSides } from "./unpacking.js";

/** @import {Settings} from "./controls.js" */
/** @import {Meta, Side} from "./unpacking.js" */

const PLAY_SECONDS = 6; // from the first snapshot to the last; with less motion, in jumps
const IDLE_TURN = 0.25; // radians per second

/** @param {Meta} meta @param {DataView} data */
function contentOf(meta, data) {
  const sides = unpackSides(meta, data);
  return { meta, sides, ...choicesOf(sides) };
}

/** What decides which elements there are: if it stays, they stay. */
const shapeOf = (/** @type {Side[]} */ sides) =>
  JSON.stringify(
    sides.map(({ classes, known, shown, count, dim, runs: [{ weight, centers }] }) => [
      ...[classes, known, shown, count, dim],
      ...[!weight, !centers],
    ]),
  );

export class Picture {
  #content;
  #shape = "";
  /** @type {Settings} */
  #settings;
  /** @type {SideView[]} */
  #views = [];
  /** @type {{view: SideView, i: number} | null} */
  #selected = null;
  #keyed = false; // whether it is selected by keys
  #playing = false;
  #turning = false;
  #clock = 0; // where on the time line it plays; the picture may follow in jumps
  #begun = false; // whether it has played by itself
  #inSight = false;
  #dark = false;
  #stop = new AbortController();
  #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #frames = new Frames((passed) => this.#draw(passed));
  #watchSize = new ResizeObserver(() => this.#resize());
  #watchSight = new IntersectionObserver((seen) => this.#see(seen), { threshold: 0.25 });
  #camera;
  #stages = make("div", { class: "ft-stages" });
  #legend = new Legend((cls) => this.#bringOut(cls));
  #controls = this.#makeControls();
  #card = new PointCard();
  #spoken = new Spoken(this.#stop.signal);
  /** @type {Hand | null} */
  #hand = null;
  #unmount;

  /**
   * @param {HTMLElement} el
   * @param {Meta} meta
   * @param {DataView} data
   * @param {string} alt
   */
  constructor(el, meta, data, alt) {
    this.#camera = new Camera(...meta.camera);
    const { step: t, unit, images = false, margins = false } = meta;
    this.#settings = { t, value: Infinity, unit, images, margins };
    const showHand = () => {
      this.#tellHand();
      this.#frames.request();
    };
    if (meta.draw) this.#hand = new Hand(newPad, { showHand }, this.#stop.signal);
    this.root = make(
      "div",
      { class: "facetoy", role: "group", "aria-label": alt },
      this.#stages,
      this.#controls.element,
      ...(this.#hand ? [this.#hand.element] : []),
      this.#card.element,
      this.#spoken.element,
    );
    this.#content = contentOf(meta, data);
    this.#build();
    this.#unmount = mount(this.root, el, this.#stop, (dark) => {
      this.#dark = dark;
      this.#retheme();
    });
    this.#watchSight.observe(this.root);
  }

  /**
   * Take over new data; the turn, and the reader's settings, stay.
   * @param {Meta} meta
   * @param {DataView} data
   */
  update(meta, data) {
    this.#content = contentOf(meta, data);
    this.#build();
    this.#announce();
  }

  /** Go to the last snapshot. */
  latest() {
    this.#set({ t: this.#content.timeline.length - 1 });
  }

  destroy() {
    this.#watchSize.disconnect();
    this.#watchSight.disconnect();
    this.#frames.stop();
    this.#unmount();
  }

  // ---- elements

  #makeControls() {
    const on = {
      played: () => this.#move(!this.#playing && !this.#turning, false),
      set: (/** @type {Partial<Settings>} */ settings) => {
        if ("t" in settings) this.#playing = false;
        this.#set(settings);
        if ("t" in settings || "value" in settings) this.#announce(); // the figures are others
      },
      reset: () => this.#reset(),
    };
    return new Controls(on, this.#stop.signal);
  }

  #build() {
    const { sides, timeline, values } = this.#content;
    const { t, value } = this.#settings;
    this.#settings.t = Math.min(t, timeline.length - 1);
    this.#settings.value = Math.min(value, values.length - 1);
    const shape = shapeOf(sides);
    if (shape !== this.#shape) this.#makeSides();
    this.#shape = shape;
    this.#views.forEach((view, k) => (view.side = sides[k]));
    this.#controls.offer(this.#content, sides);
    this.#show();
    this.#glide();
  }

  #makeSides() {
    const { sides } = this.#content;
    this.#selected = null;
    this.#card.element.hidden = true;
    this.#views.forEach((view) => view.destroy());
    this.#views = sides.map((side) => this.#makeSide(side));
    this.#stages.replaceChildren(...this.#views.map((view) => view.element));
    this.#stages.classList.toggle("ft-two", sides.length > 1);
    this.#stages.classList.toggle("ft-many", sides.length > 2);
    this.#legend.fill(sides);
    if (sides.length > 1) this.#controls.element.before(this.#legend.element);
    else this.#views[0].aside.append(this.#legend.element);
    this.#views.forEach((view) => this.#watchSize.observe(view.stage));
    this.#retheme();
  }

  /** @param {Side} side */
  #makeSide(side) {
    const { colors, markers, classes, known } = side;
    const style = { colors, markers, hollow: classes.map((_, cls) => cls >= known) };
    /** @type {SideView} */
    const view = new SideView(side, style, this.#camera, {
      turned: () => {
        this.#turning = false;
        this.#showPlaying();
        this.#frames.request();
      },
      selected: (i) => this.#select(view, i),
      walked: (by) => this.#walk(view, by),
      closed: () => {
        const open = Boolean(this.#selected);
        this.#select(view, -1);
        return open;
      },
      left: () => {
        this.#keyed = false;
        this.#select(view, -1);
      },
      keyed: () => this.#keyed,
    });
    return view;
  }

  #resize() {
    this.#views.forEach((view) => view.resize());
    this.#retheme(); // an element has no colours before it is part of the page
    this.#frames.now();
  }

  #retheme() {
    this.#views.forEach((view) => view.sphere.retheme());
    this.#hand?.retheme();
    this.#legend.draw(this.#content.sides);
    if (this.#selected) this.#drawImage(this.#selected);
    this.#frames.request();
  }

  // ---- what is shown

  /** The run of a side that is shown, and at which moment. */
  #shown(/** @type {Side} */ side) {
    const { timeline, parameter, values } = this.#content;
    const run = runAt(side, parameter, values[this.#settings.value]);
    return { run, at: momentAt(run, timeline, this.#settings.t) };
  }

  /** Texts that follow the state. */
  #show() {
    this.#showPlaying();
    this.#controls.show(this.#settings, this.#content);
    for (const view of this.#views) {
      const { run, at } = this.#shown(view.side);
      view.show(run, Math.round(at), this.#settings);
    }
    if (this.#selected) this.#fillCard(this.#selected);
    this.#tellHand();
  }

  #tellHand() {
    const hand = this.#hand;
    hand?.tell(
      this.#views.map((view) => {
        const { run, at } = this.#shown(view.side);
        return view.told(run, at, hand);
      }),
    );
  }

  #showPlaying() {
    this.#controls.showPlaying(this.#playing || this.#turning);
  }

  /** Tell screen readers the settled read-outs, not every change on the way. */
  #announce() {
    this.#spoken.soon(() => {
      if (this.#playing || this.#selected) return null;
      const step = stepWords(this.#settings.t, this.#content.timeline);
      return this.#views.map((view) => view.spoken(step)).join(". ");
    });
  }

  /** @param {Partial<Settings>} settings */
  #set(settings) {
    Object.assign(this.#settings, settings);
    this.#show();
    this.#glide();
  }

  #reset() {
    this.#camera.reset();
    this.#turning = false;
    this.#legend.bringOut(-1);
    this.#select(this.#views[0], -1);
    this.#show();
    this.#frames.request();
  }

  /** Show one class before all others, or none (-1). */
  #bringOut(/** @type {number} */ cls) {
    this.#views.forEach((view) => (view.scene.highlight = cls));
    this.#frames.request();
  }

  // ---- what moves

  /** Begin to move from what is on the screen to the current state. */
  #glide() {
    const visibly = !this.#calm.matches && this.#inSight;
    this.#views.forEach((view) => view.leave(visibly));
    this.#frames.request();
  }

  /** @param {boolean} playing @param {boolean} turning */
  #move(playing, turning) {
    const last = this.#content.timeline.length - 1;
    this.#playing = playing && last > 0;
    this.#turning = turning;
    if (this.#playing && this.#settings.t >= last) this.#settings.t = 0;
    this.#clock = this.#settings.t;
    this.#show();
    this.#announce();
    this.#frames.request();
  }

  /** Begin by itself, once it is in sight. */
  #see(/** @type {IntersectionObserverEntry[]} */ entries) {
    const was = this.#inSight;
    this.#inSight = entries[entries.length - 1].isIntersecting;
    const begins = this.#inSight && !was && this.#content.meta.autoplay && !this.#begun;
    if (begins && !this.#calm.matches) {
      this.#begun = true;
      this.#settings.t = 0;
      this.#camera.turn(-PLAY_SECONDS * IDLE_TURN, 0); // it ends as it was
      this.#move(true, true);
    } else if (this.#inSight) this.#frames.request();
  }

  /** Draw what there is `passed` seconds later; returns whether it goes on moving. */
  #draw(/** @type {number} */ passed) {
    if (!this.root.isConnected) return false;
    const turning = this.#turning && this.#inSight;
    let more = this.#playing || turning;
    const moved = this.#playing ? this.#play(passed) : passed;
    if (turning) this.#camera.turn(moved * IDLE_TURN, 0);
    for (const view of this.#views) {
      const { run, at } = this.#shown(view.side);
      if (view.draw(run, at, this.#settings, passed, this.#hand)) more = true;
    }
    if (this.#selected) {
      const { view, i } = this.#selected;
      placeBeside(this.#card.element, this.root, view.canvas, view.sphere.where(i));
    }
    return more;
  }

  /** Go on by `passed` seconds, or to the end; returns how many of them it took. */
  #play(/** @type {number} */ passed) {
    const last = this.#content.timeline.length - 1;
    const from = this.#clock;
    this.#clock = Math.min(last, from + (passed * last) / PLAY_SECONDS);
    this.#settings.t = this.#calm.matches ? Math.floor(this.#clock) : this.#clock;
    if (this.#clock >= last) {
      this.#playing = this.#turning = false;
      this.#announce();
    }
    this.#show();
    return ((this.#clock - from) * PLAY_SECONDS) / last;
  }

  // ---- the selected point

  /** @param {SideView} view @param {number} i */
  #select(view, i) {
    const before = this.#selected;
    if (i < 0 ? !before : before?.view === view && before.i === i) return;
    // The same test image on the other sides, where there is one.
    for (const { side, scene } of this.#views) {
      const same = side.images === view.side.images && side.count === view.side.count;
      scene.selected = same ? i : -1;
    }
    this.#selected = i < 0 ? null : { view, i };
    if (this.#selected) {
      this.#fillCard(this.#selected);
      this.#drawImage(this.#selected);
    }
    this.#card.element.hidden = i < 0;
    this.#frames.request();
  }

  /** @param {SideView} view @param {number} by */
  #walk(view, by) {
    this.#keyed = true;
    const from = this.#selected?.view === view ? this.#selected.i : -1;
    const i = view.neighbour(from, by);
    if (i < 0) return;
    this.#select(view, i);
    this.#spoken.element.textContent = spokenFacts(this.#card.element);
  }

  /** @param {{view: SideView, i: number}} selected */
  #fillCard({ view: { side }, i }) {
    const { run, at } = this.#shown(side);
    this.#card.fill(side, run, Math.round(at), i);
  }

  /** @param {{view: SideView, i: number}} selected */
  #drawImage({ view: { side }, i }) {
    this.#card.drawImage(side, i, this.#dark);
  }
}
