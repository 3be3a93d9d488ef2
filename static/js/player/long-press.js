/** A finger that rests on something, or the other button of a mouse: the way to a menu that has no button. */

const REST_MS = 500;
const SHAKE_PX = 10;

/**
 * @param {HTMLElement} element the click that ends the rest is swallowed
 * @param {() => void} act
 */
export function onLongPress(element, act) {
  /** @type {{timer: ReturnType<typeof setTimeout>, x: number, y: number}|null} */
  let rest = null;
  let done = false;
  const end = () => {
    clearTimeout(rest?.timer);
    rest = null;
  };
  const reach = () => {
    end();
    done = true;
    act();
  };
  element.addEventListener("pointerdown", ({ pointerType, clientX: x, clientY: y }) => {
    done = false;
    if (pointerType === "touch") rest = { timer: setTimeout(reach, REST_MS), x, y };
  });
  element.addEventListener("pointermove", (event) => {
    if (rest && Math.hypot(event.clientX - rest.x, event.clientY - rest.y) > SHAKE_PX) end();
  });
  for (const type of ["pointerup", "pointercancel"]) element.addEventListener(type, end);
  element.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    if (!done) reach();
  });
  element.addEventListener("click", (event) => {
    if (done) event.stopImmediatePropagation();
    done = false;
  }, { capture: true });
}
