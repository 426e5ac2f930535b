// When a picture is drawn: once for all that changes before the next frame.

const LONGEST = 0.1; // seconds that pass from one frame to the next, at most

export class Frames {
  #draw;
  #asked = 0;
  #before = 0;

  /** @param {(passed: number) => boolean} draw given seconds; whether the next frame moves on */
  constructor(draw) {
    this.#draw = draw;
  }

  /** Draw at the next frame. */
  request() {
    this.#asked ||= requestAnimationFrame((now) => this.#run(now));
  }

  /** Draw at once. */
  now() {
    cancelAnimationFrame(this.#asked);
    this.#run(performance.now());
  }

  /** @param {number} now */
  #run(now) {
    this.#asked = 0;
    const passed = this.#before ? Math.min(LONGEST, (now - this.#before) / 1000) : 0;
    const more = this.#draw(passed);
    this.#before = more ? now : 0;
    if (more) this.request();
  }

  stop() {
    cancelAnimationFrame(this.#asked);
  }
}
