/** The small buttons of a clip in the list. They tell their `deeds`; the item knows which clip it is. */
import { t } from "../strings.js";
import { el } from "../ui/dom.js";
import { icon } from "../ui/icons.js";

/** What the author can do to a clip by where it is: the name's key and the icon. */
const REMOVALS = {
  sent: ["clip.delete", "trash"], sending: ["clip.stopSending", "x"], waiting: ["preview.discard", "trash"],
  failed: ["preview.discard", "trash"],
};

/**
 * @param {import("./entry.js").Entry} entry
 * @param {{remove: () => void, more: (anchor: HTMLElement) => void}} deeds
 * @returns {HTMLElement[]} at the end of the ribbon
 */
export function actButtons({ own, phase }, deeds) {
  const [key, sign] = REMOVALS[phase];
  const remove = own && iconButton("ib act", key, sign, deeds.remove);
  const more = phase === "sent" && iconButton(own ? "ib act more" : "ib act", "clip.more", "more", deeds.more);
  if (more) more.setAttribute("aria-haspopup", "menu");
  return [remove, more].filter((button) => button !== false);
}

/**
 * On the picture of a video.
 * @param {() => void} enlarge
 */
export function enlargeButton(enlarge) {
  const button = iconButton("ib glass enlarge", "clip.enlarge", "max", enlarge);
  button.addEventListener("click", (event) => event.stopPropagation());
  return button;
}

/**
 * What is wrong, and what can be done about it.
 * @param {string} words
 * @param {{key: string, act: () => void}[]} ways out
 */
export function whyBox(words, ways) {
  const buttons = ways.map(({ key, act }) => el("button", { type: "button", class: "btn s", text: t(key), on: { click: act } }));
  return el("div", { class: "why" }, el("span", { text: words }), ...buttons);
}

/**
 * @param {string} className
 * @param {string} key of its name
 * @param {string} sign
 * @param {(button: HTMLElement) => void} act
 */
function iconButton(className, key, sign, act) {
  const button = el("button", { type: "button", class: className, "aria-label": t(key) }, icon(sign));
  button.addEventListener("click", () => act(button));
  return button;
}
