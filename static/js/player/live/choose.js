/** What plays a clip while it is being recorded, in this browser. */

import { LiveSource } from "./live-source.js";

/** @typedef {LiveSource|import("./decoded-source.js").DecodedSource} Source */

/**
 * @param {string} mime
 * @returns {Promise<typeof LiveSource|typeof import("./decoded-source.js").DecodedSource|null>} null: nothing does
 */
export async function sourceFor(mime) {
  if (LiveSource.supports(mime)) return LiveSource;
  if (!("AudioDecoder" in globalThis)) return null;
  const { DecodedSource } = await import("./decoded-source.js");
  return (await DecodedSource.supports(mime)) ? DecodedSource : null;
}
