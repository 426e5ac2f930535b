// A face in words, as face_words.py says it.

/** @import { Range } from "./face.js" */

/** @typedef {"person" | "photo"} Kind of genes */
/**
 * What the script knows of a gene: [number in [0, 1] up to which it holds, word] of its values, and
 * whether its slider is in sight at once.
 * @typedef {Range & {words: [number, string][], first: boolean}} Gene
 */
/** @typedef {Record<Kind, number[]>} Rows a number in [0, 1] for each gene */
/** @typedef {{kinds: Record<Kind, Gene[]>, parts: string[], unsaid: string[]}} Wording */

/**
 * What a value of a gene is called.
 * @param {Gene} gene
 * @param {number} value in [0, 1]
 */
export const word = ({ words }, value) =>
  /** @type {[number, string]} */ (words.find(([upTo]) => value <= upTo))[1];

/**
 * The face as a list; what is nothing special is left out.
 * @param {Wording & Rows} face
 */
export function describe({ kinds, parts, unsaid, person, photo }) {
  const values = [...person, ...photo];
  const words = [...kinds.person, ...kinds.photo].map((gene, k) => [gene.name, word(gene, values[k])]);
  const said = Object.fromEntries(words.filter(([, text]) => !unsaid.includes(text)));
  return parts
    .filter((part) => [...part.matchAll(/\{(.+?)\}/g)].some(([, name]) => said[name]))
    .map((part) => part.replace(/\{(.+?)\}/g, (_, name) => said[name] ?? ""))
    .map((part) => part.replace(/ +/g, " ").trim());
}
