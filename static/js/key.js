/**
 * A fresh idempotency key: 128 random bits in hexadecimal.
 * Not crypto.randomUUID(), which older Safari lacks and which a page without https has not.
 * @returns {string}
 */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
