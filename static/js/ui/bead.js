/**
 * The bead: a closed wave in two colours, made from a name. The same name makes the same bead everywhere.
 *
 * @typedef {object} BeadShape
 * @property {number} lobes waves round the ring
 * @property {number} turn part of one lobe, 0 to 1
 * @property {number} hue 0 to 8, one of the people's colours
 * @property {string} letter the first of the name, "" where there is none
 *
 * @typedef {object} BeadOptions
 * @property {24|32|40|44|48|56|72} [size] pixels; below 32 there is no letter
 * @property {string} [icon] an icon instead of the letter
 * @property {boolean} [bare] neither letter nor icon
 * @property {boolean} [away] an outline: this person is not here
 */
import { el, svg } from "./dom.js";

const LOBES = [3, 4, 5, 6, 7, 8, 10];

/** Height of the waves by their number, a part of the radius: more waves are flatter. @type {Record<number, number>} */
const AMPLITUDE = { 3: 0.105, 4: 0.085, 5: 0.1, 6: 0.09, 7: 0.085, 8: 0.07, 10: 0.055 };

const FRONT_RADIUS = 21.5;
const BACK_RADIUS = 24;
const DISC_RADIUS = 29;

/** The record button's disc at rest, round 0,0 in a box of 72. */
export const REST_DISC = "M0-30a30 30 0 1 1 0 60a30 30 0 1 1 0-60Z";

/**
 * FNV-1a of the folded name, mixed so that short names differ in every bit.
 * @param {string} name
 * @returns {number} 32 bits, unsigned
 */
export function hash(name) {
  let h = 2166136261;
  for (const byte of new TextEncoder().encode(name.trim().normalize("NFC").toLowerCase())) {
    h = Math.imul(h ^ byte, 16777619);
  }
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

/**
 * @param {string} name
 * @returns {BeadShape}
 */
export function beadShape(name) {
  const h = hash(name);
  const first = [...name.trim()][0] ?? "";
  return { lobes: LOBES[h % 7], turn: ((h >>> 4) & 15) / 16, hue: (h >>> 9) % 9, letter: first.toUpperCase() };
}

/**
 * A closed wave round 0,0. With amplitude 0 it is a circle: silence.
 * @param {number} lobes
 * @param {number} amplitude part of the mean radius
 * @param {number} turn part of one lobe
 * @param {number} radius the outermost, pixels
 * @returns {string} path data
 */
export function wavePath(lobes, amplitude, turn, radius) {
  const points = lobes * 12;
  const mean = radius / (1 + amplitude);
  let path = "";
  for (let i = 0; i < points; i++) {
    const t = (i / points) * 2 * Math.PI;
    const r = mean * (1 + amplitude * Math.cos(lobes * t));
    const angle = t + (turn * 2 * Math.PI) / lobes - Math.PI / 2;
    path += `${i ? "L" : "M"}${(r * Math.cos(angle)).toFixed(2)} ${(r * Math.sin(angle)).toFixed(2)}`;
  }
  return `${path}Z`;
}

/**
 * The record button's disc while somebody speaks: their own shape, its waves as high as the voice is loud.
 * @param {string} name
 * @param {number} level 0 to 1
 * @returns {string} path data round 0,0 in a box of 72
 */
export function discPath(name, level) {
  const { lobes, turn } = beadShape(name);
  return wavePath(lobes, AMPLITUDE[lobes] * (0.7 + 0.9 * level), turn, DISC_RADIUS);
}

/**
 * A bead for the eye: whatever it stands on or beside needs the name as text.
 * @param {string} name
 * @param {BeadOptions & {tag?: keyof HTMLElementTagNameMap}} [options]
 * @returns {HTMLElement}
 */
export function bead(name, { size = 32, icon, bare = false, away = false, tag = "span" } = {}) {
  const shape = beadShape(name);
  const amplitude = AMPLITUDE[shape.lobes];
  const back = wavePath(shape.lobes, amplitude * 1.25, shape.turn + 0.5, BACK_RADIUS);
  const drawing = svg("svg", { viewBox: "-26 -26 52 52", "aria-hidden": "true" },
    svg("path", { class: "halo", d: back }),
    svg("path", { class: "bk", d: back }),
    svg("path", { class: "fr", d: wavePath(shape.lobes, amplitude, shape.turn, FRONT_RADIUS) }));
  const glyph = icon ? iconGlyph(icon) : bare || size < 32 ? null : letterGlyph(shape.letter);
  if (glyph) drawing.append(glyph);
  return el(tag, { class: `bead s${size}${away ? " away" : ""}`, dataset: { hue: shape.hue } }, drawing);
}

/**
 * Change the icon of a bead that has one.
 * @param {Element} element made by bead()
 * @param {string} name
 */
export function setBeadIcon(element, name) {
  element.querySelector("use.glyph")?.setAttribute("href", `#i-${name}`);
}

/** @param {string} name */
function iconGlyph(name) {
  return svg("use", { class: "glyph", href: `#i-${name}`, x: -11, y: -11, width: 22, height: 22 });
}

/** @param {string} letter */
function letterGlyph(letter) {
  return svg("text", { class: "glyph", y: "0.36em", "text-anchor": "middle" }, letter);
}
