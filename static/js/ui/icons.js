/** Icons: a 24 grid, stroke 2, round. Their shapes stand once, in the sprite that every page carries. */
import { svg } from "./dom.js";

/**
 * An icon for the eye only; whatever it stands on needs a name of its own.
 * @param {string} name of a symbol in the sprite
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  return svg("svg", { class: "i", viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));
}

/**
 * Show another icon in the place of the one that is there.
 * @param {Element} holder the icon, or an element that holds one
 * @param {string} name
 */
export function setIcon(holder, name) {
  const use = holder.querySelector("use");
  if (use && use.getAttribute("href") !== `#i-${name}`) use.setAttribute("href", `#i-${name}`);
}
