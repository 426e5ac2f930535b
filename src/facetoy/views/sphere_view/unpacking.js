// The bytes of a picture as numbers again: see packing.py.

/** @import {Layer} from "./network.js" */

/**
 * What packing.py says of one run. Numbers under the names of arrays are offsets into the bytes.
 * @typedef {object} RunFacts
 * @property {string} title
 * @property {number[]} steps of training, one a snapshot
 * @property {number} longest feature
 * @property {[accuracy: number, intra: number | null, inter: number | null][]} measures
 * @property {{loss: string, settings: Record<string, number | number[]>} | null} [margin] the loss;
 *   settings that change in training have a number for each snapshot; null if its borders are unknown
 *
 * @typedef {object} PackedLayer numbers are offsets into the bytes
 * @property {number} weight
 * @property {[outputs: number, inputs: number]} shape
 * @property {number} most what 1 stands for in the weight
 * @property {number | null} bias
 * @property {number} most_bias
 * @property {number | null} slope
 *
 * @typedef {RunFacts & Record<"features" | "means" | "predicted", number>
 *   & Partial<Record<"length" | "weight" | "centers" | "weight_angle" | "mean_angle", number | null>>
 *   & {network?: PackedLayer[]}
 * } PackedRun
 */

/**
 * One run; arrays are (snapshots, rows, dimensions shown).
 * @typedef {RunFacts & {
 *   features: Float32Array,
 *   length: Float32Array | null,
 *   weight: Float32Array | null,
 *   means: Float32Array,
 *   centers: Float32Array | null,
 *   predicted: Uint8Array,
 *   weight_angle: Uint8Array | null,
 *   mean_angle: Uint8Array | null,
 *   network: Layer[] | null,
 * }} Run
 */

/**
 * What packing.py says of one side: a run, or the runs of a sweep.
 * @typedef {object} SideFacts
 * @property {string | null} parameter that a sweep is over
 * @property {(number | string)[]} values of the parameter, one a run
 * @property {string[]} classes their names
 * @property {string[]} colors of the classes; they start again after the last
 * @property {string[]} markers likewise
 * @property {number} known how many classes are no strangers; these come first
 * @property {number} count of test images
 * @property {number} dim
 * @property {number} shown 2 or 3 dimensions
 * @property {number | null} share of the variance in these, if they are fewer
 * @property {number | null} bound for the angle between nearest class means, in degrees
 * @property {number} images offset into the bytes
 * @property {[height: number, width: number]} image_size
 *
 * @typedef {SideFacts & {labels: number, runs: PackedRun[]}} PackedSide
 * @typedef {SideFacts & {labels: Uint8Array, runs: Run[], pixels: Uint8Array}} Unpacked
 * @typedef {Unpacked & {pictures: {
 *   width: number,
 *   height: number,
 *   ink: (i: number, pixel: number) => number,
 * }}} Side images to draw, see `darkness`
 */

/**
 * What packing.py says of a picture.
 * @typedef {object} Meta
 * @property {PackedSide[]} sides
 * @property {number} levels
 * @property {[yaw: number, pitch: number]} camera
 * @property {number} step snapshot to begin with
 * @property {boolean} unit
 * @property {boolean} [images] begin with the images in the place of markers
 * @property {boolean} [margins] begin with lines around what each class wins
 * @property {boolean} autoplay
 * @property {boolean} [draw] is there a pad for a digit?
 */

/**
 * The bytes of a widget's trait, which may come as DataView, buffer or array.
 * @param {ArrayBufferView | ArrayBuffer | number[] | null | undefined} data
 */
function asBytes(data) {
  if (!data) return new Uint8Array(0);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(data);
}

/**
 * Unpack T x count fractions: see Packer.fractions in packing.py.
 * @param {Uint8Array} bytes
 * @param {number} offset
 * @param {number} steps
 * @param {number} count
 * @param {number} levels
 */
function unpackFractions(bytes, offset, steps, count, levels) {
  const total = steps * count;
  const out = new Float32Array(total);
  const value = new Int32Array(count);
  for (let i = 0; i < total; i++) {
    const folded = bytes[offset + i] | (bytes[offset + total + i] << 8);
    const k = i % count;
    value[k] += folded & 1 ? -(folded + 1) / 2 : folded / 2;
    out[i] = value[k] / levels;
  }
  return out;
}

/**
 * @param {PackedLayer} layer
 * @param {Uint8Array} bytes
 * @param {number} levels
 * @returns {Layer}
 */
function unpackLayer({ weight, shape: [outputs, inputs], most, bias, most_bias, slope }, bytes, levels) {
  const fractions = (/** @type {number} */ offset, /** @type {number} */ count, /** @type {number} */ by) =>
    unpackFractions(bytes, offset, 1, count, levels).map((value) => value * by);
  return {
    weight: fractions(weight, outputs * inputs, most),
    bias: bias === null ? null : fractions(bias, outputs, most_bias),
    slope,
  };
}

/**
 * @param {PackedRun} run
 * @param {PackedSide} side
 * @param {Uint8Array} bytes
 * @param {number} levels
 * @returns {Run}
 */
function unpackRun(run, { count, shown, known, classes }, bytes, levels) {
  const steps = run.steps.length;
  const fractions = (/** @type {number} */ offset, /** @type {number} */ each) =>
    unpackFractions(bytes, offset, steps, each, levels);
  const whole = (/** @type {number} */ offset) => bytes.subarray(offset, offset + steps * count);
  /** @type {<Array>(offset: number | null | undefined, unpack: (at: number) => Array) => Array?} */
  const ifAny = (offset, unpack) => (typeof offset === "number" ? unpack(offset) : null);
  return {
    ...run,
    features: fractions(run.features, count * shown),
    length: ifAny(run.length, (at) => fractions(at, count)),
    weight: ifAny(run.weight, (at) => fractions(at, known * shown)),
    means: fractions(run.means, classes.length * shown),
    centers: ifAny(run.centers, (at) => fractions(at, known * shown)),
    predicted: whole(run.predicted),
    weight_angle: ifAny(run.weight_angle, whole),
    mean_angle: ifAny(run.mean_angle, whole),
    network: run.network?.map((layer) => unpackLayer(layer, bytes, levels)) ?? null,
  };
}

/**
 * All sides of a picture: see pack in packing.py.
 * @param {Meta} meta
 * @param {Parameters<typeof asBytes>[0]} data
 * @returns {Side[]}
 */
export function unpackSides({ sides, levels }, data) {
  const bytes = asBytes(data);
  return sides.map((side) => {
    const unpacked = {
      ...side,
      labels: bytes.subarray(side.labels, side.labels + side.count),
      pixels: bytes.subarray(side.images),
      runs: side.runs.map((run) => unpackRun(run, side, bytes, levels)),
    };
    const [height, width] = side.image_size;
    const ink = (/** @type {number} */ i, /** @type {number} */ pixel) => darkness(unpacked, i, pixel);
    return { ...unpacked, pictures: { width, height, ink } };
  });
}

/**
 * How dark pixel `i` of test image `index` is, from 0 to 1: 4 bits a pixel.
 * @param {Unpacked} side
 * @param {number} index
 * @param {number} i
 */
export function darkness({ pixels, image_size: [height, width] }, index, i) {
  const at = index * width * height + i;
  const byte = pixels[at >> 1];
  return (at & 1 ? byte & 15 : byte >> 4) / 15;
}
