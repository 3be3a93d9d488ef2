/**
 * Building elements without markup: text is always text, attributes are set by name. Nothing here parses HTML.
 *
 * @typedef {Node|string|number|null|undefined|false} Child null, undefined and false are left out
 *
 * @typedef {object} Props
 * @property {string} [class]
 * @property {string} [text] the element's text
 * @property {Record<string, string|number>} [dataset]
 * @property {Record<string, (event: any) => void>} [on] listeners by event type
 */

/** Names that are read-only as properties, or mean something else there. */
const ATTRIBUTES = new Set(["role", "for", "list", "form", "width", "height"]);

/**
 * An HTML element. Besides Props, every key is set as a property where the element has one and as an attribute
 * elsewhere (`aria-*` and `role` always as attributes); null and undefined are left out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {(Props & Record<string, any>)|null} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, props = null, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) setProp(node, key, value);
  add(node, children);
  return node;
}

/**
 * An SVG element; every key is an attribute.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string|number|null|undefined>} [attrs]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, attrs = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attrs)) {
    if (value != null) node.setAttribute(key, String(value));
  }
  add(node, children);
  return node;
}

/**
 * The element with this id; it is part of the page, so its absence is a defect and not a case.
 * @param {string} id
 * @returns {any} the caller knows which element it is
 */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`The page has no element #${id}`);
  return node;
}

/**
 * Say something to a screen reader, now (`assertive`) or when it has finished what it is saying.
 * @param {string} text
 * @param {{assertive?: boolean}} [options]
 */
export function announce(text, { assertive = false } = {}) {
  const region = byId(assertive ? "alert" : "status");
  region.textContent = "";
  // The same words twice are heard twice only if the region was seen empty in between.
  setTimeout(() => { region.textContent = text; }, 50);
}

/**
 * @param {HTMLElement} node
 * @param {string} key
 * @param {any} value
 */
function setProp(node, key, value) {
  if (value == null) return;
  if (key === "class") node.className = value;
  else if (key === "text") node.textContent = value;
  else if (key === "dataset") setDataset(node, value);
  else if (key === "on") listen(node, value);
  else if (key in node && !ATTRIBUTES.has(key) && !key.startsWith("aria-")) Reflect.set(node, key, value);
  else node.setAttribute(key, String(value));
}

/**
 * @param {HTMLElement} node
 * @param {Record<string, string|number>} values
 */
function setDataset(node, values) {
  for (const [key, value] of Object.entries(values)) node.dataset[key] = String(value);
}

/**
 * @param {HTMLElement} node
 * @param {Record<string, (event: any) => void>} listeners
 */
function listen(node, listeners) {
  for (const [type, listener] of Object.entries(listeners)) node.addEventListener(type, listener);
}

/**
 * @param {Element} node
 * @param {Child[]} children
 */
function add(node, children) {
  for (const child of children) {
    if (child != null && child !== false) node.append(typeof child === "number" ? String(child) : child);
  }
}
