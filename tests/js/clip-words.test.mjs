import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ApiError } from "../../static/js/api-error.js";
import { refusal } from "../../static/js/player/clip-words.js";

// Without a page a string is its key.
const en = JSON.parse(readFileSync(new URL("../../mozchat/locales/en.json", import.meta.url), "utf-8"));

test("why a clip was not taken is said in the page's words, whatever the server says", () => {
  for (const status of [401, 403, 404, 413, 415, 422, 429, 503, 507]) {
    const words = refusal(new ApiError({ status, detail: "This clip has 10,756 bytes." }));
    assert.equal(words, `clip.failed.${status}`);
    assert.ok(words in en, words);
  }
  assert.equal(refusal(new ApiError({ offline: true })), "clip.failed.offline");
});

test("an answer that the page has no words for is told in the server's", () => {
  assert.equal(refusal(new ApiError({ status: 418, detail: "This is a teapot." })), "This is a teapot.");
  assert.equal(refusal(new ApiError({ status: 500 })), "clip.failed.other");
  assert.equal(refusal(null), "clip.failed.other");
});
