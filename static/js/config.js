/**
 * What the server tells the page about itself, read once.
 *
 * @typedef {object} ThreadInfo
 * @property {string} name
 * @property {string} title
 * @property {string} description
 * @property {boolean} locked it asks for a password
 * @property {import("./api.js").Settings} settings by their `.ini` names; on the thread's page only
 *
 * @typedef {object} ThreadConfig
 * @property {string} version
 * @property {string} base prefix of the site, "" at the root
 * @property {"thread"} page
 * @property {string} lang
 * @property {ThreadInfo} thread
 * @property {{name: string, authorId: string}} me
 * @property {string|null} clip the clip that the page was opened at
 * @property {boolean} [hub] a hub pushes what happens in the thread
 * @property {string[]} later scripts that follow the first ones, below the folder of static files, in the order of need
 *
 * @typedef {object} FrontConfig
 * @property {string} version
 * @property {string} base
 * @property {"front"} page
 * @property {string} lang
 * @property {ThreadInfo|null} thread the one that this entry leads to, if any
 * @property {string|null} user a name to fill in
 * @property {string|null} clip
 * @property {import("./api.js").ThreadCard[]} threads
 */

/**
 * The JSON in a script element of the page; {} where there is no page.
 * @param {string} id
 * @returns {any} frozen
 */
export function pageData(id) {
  const text = globalThis.document?.getElementById(id)?.textContent;
  return deepFreeze(text ? JSON.parse(text) : {});
}

/** A ThreadConfig or a FrontConfig, as the page is. @type {any} */
export const config = pageData("page-config");

/**
 * @template T
 * @param {T} value
 * @returns {T}
 */
function deepFreeze(value) {
  if (value && typeof value === "object") Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}
