/** The page's words, in its language. The catalogue is the server's; the page carries what its scripts need. */
import { pageData } from "./config.js";

/** @typedef {Record<string, string|number>} Vars */

/**
 * @param {Record<string, string>} strings
 * @param {string} lang
 * @returns {{t: (key: string, vars?: Vars) => string, tn: (key: string, count: number, vars?: Vars) => string}}
 */
export function translator(strings, lang) {
  const plural = new Intl.PluralRules(lang);
  const t = (/** @type {string} */ key, /** @type {Vars} */ vars = {}) => fill(strings[key] ?? key, vars);
  return {
    t,
    tn(key, count, vars = {}) {
      const form = `${key}.${plural.select(count)}`;
      return t(form in strings ? form : `${key}.other`, { count, ...vars });
    },
  };
}

/**
 * @param {string} text
 * @param {Vars} vars each stands for its name in braces; an unknown name stays as it is
 */
function fill(text, vars) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(vars[name] ?? whole));
}

const page = translator(pageData("page-strings"), globalThis.document?.documentElement.lang || "en");

/** The string of a key, with `{name}` replaced. @type {(key: string, vars?: Vars) => string} */
export const t = page.t;

/** The same by number: keys `key.one`, `.few`, `.many`, `.other`; `{count}` is the number. @type {(key: string, count: number, vars?: Vars) => string} */
export const tn = page.tn;
