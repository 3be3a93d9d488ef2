/** A finger that rests on something, or the other button of a mouse: the way to a menu that has no button. */

const REST_MS = 500;
const SHAKE_PX = 10;

/**
 * @param {HTMLElement} element the click that ends the rest is swallowed
 * @param {() => void} act is called once the finger or the button is up: that would else close what was opened
 */
export function onLongPress(element, act) {
  /** The finger. @type {{x: number, y: number, timer: ReturnType<typeof setTimeout>}|null} */
  let finger = null;
  let rested = false;
  const rest = () => { rested = finger !== null; };
  const later = () => setTimeout(act);
  element.addEventListener("pointerdown", ({ pointerType, clientX: x, clientY: y }) => {
    rested = false;
    if (pointerType === "touch") finger = { x, y, timer: setTimeout(rest, REST_MS) };
  });
  const lift = () => {
    if (finger && rested) later();
    clearTimeout(finger?.timer);
    finger = null;
  };
  element.addEventListener("pointermove", (event) => {
    if (!finger || rested || Math.hypot(event.clientX - finger.x, event.clientY - finger.y) <= SHAKE_PX) return;
    clearTimeout(finger.timer);
    finger = null;
  });
  for (const type of ["pointerup", "pointercancel"]) element.addEventListener(type, lift);
  element.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    if (finger) rest();
    else if (event.buttons) addEventListener("pointerup", later, { once: true });
    else later();
  });
  element.addEventListener("click", (event) => {
    if (rested) event.stopImmediatePropagation();
    rested = false;
  }, { capture: true });
}
