// The loop: between two pictures of the page it trains, as long as there is time.

/** @import { Training } from "./training.js" */

const TURN = 16; // milliseconds for training, measuring and drawing one picture
const LEAST = 4; // of them for training, at least
const SLOW = 1.5; // epochs a second in slow motion
const CALM = 500; // milliseconds between pictures for readers who asked for less motion
const LONGEST = 1000; // epochs, then it pauses
const AT_ONCE = 2; // epochs between two pictures, at most

/**
 * What the loop drives.
 * @typedef {object} Work
 * @property {boolean} connected is it still in the page?
 * @property {Training} first the training whose epochs count, of those that take the next step
 * @property {() => void} advance takes one step of training; may pause
 * @property {() => void} draw
 * @property {(now: number) => void} drawn what follows a picture while it plays
 * @property {(epochs: number) => void} finish after LONGEST epochs
 */

export class Loop {
  playing = false;
  #work;
  #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #slow = false;
  #inSight = true;
  #frame = 0; // the request for the next turn
  #before = 0; // when the last turn began
  #drawn = 0; // when the last picture was drawn
  #cost = 12; // milliseconds of measuring and drawing, on average
  #due = 0; // steps to take in slow motion
  #limit = LONGEST;

  /** @param {Work} work */
  constructor(work) {
    this.#work = work;
  }

  /** Play, or pause. */
  play(/** @type {boolean} */ on) {
    if (on) this.#limit = this.#work.first.epochs + LONGEST;
    this.playing = on;
    this.#before = 0;
    this.#request();
  }

  setSlow(/** @type {boolean} */ on) {
    this.#slow = on;
    this.#due = 0;
  }

  /** What nobody sees does not train. */
  setInSight(/** @type {boolean} */ on) {
    this.#inSight = on;
    if (on) this.#request();
  }

  /** Another training begins. */
  restart() {
    this.#due = 0;
  }

  /** Draw soon, for readers who asked for less motion too. */
  drawSoon() {
    this.#drawn = 0;
    this.#request();
  }

  drawNow() {
    this.stop();
    this.#turn(performance.now());
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  #request() {
    this.#frame ||= requestAnimationFrame((now) => this.#turn(now));
  }

  #turn(/** @type {number} */ now) {
    this.#frame = 0;
    if (!this.#work.connected) return;
    const passed = this.#before ? Math.min(200, now - this.#before) : 16;
    this.#before = now;
    if (this.playing && this.#inSight) this.#train(passed);
    if (!this.#calm.matches || !this.playing || now - this.#drawn > CALM) this.#draw(now);
    if (this.playing && this.#inSight) this.#request();
  }

  /** Train for the rest of the picture's time; `passed`: milliseconds since the last turn. */
  #train(/** @type {number} */ passed) {
    const until = performance.now() + Math.max(LEAST, TURN - this.#cost);
    const run = this.#work.first;
    this.#due = this.#slow ? this.#due + (passed / 1000) * SLOW * (run.perEpoch || 1) : Infinity;
    const enough = Math.min(this.#limit, run.epochs + AT_ONCE);
    while (this.playing && this.#due >= 1 && run.epochs < enough && performance.now() < until) {
      this.#work.advance();
      this.#due -= 1;
    }
    if (this.playing && run.epochs >= this.#limit) this.#work.finish(this.#limit);
  }

  #draw(/** @type {number} */ now) {
    this.#drawn = now;
    const began = performance.now();
    this.#work.draw();
    this.#cost = 0.8 * this.#cost + 0.2 * (performance.now() - began);
    if (this.playing) this.#work.drawn(now);
  }
}
