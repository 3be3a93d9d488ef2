import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Preloader } from "../../static/js/player/preloader.js";
import { clip, settle } from "./support.mjs";

const { createObjectURL, revokeObjectURL } = URL;
let made, revoked, asked, preloader;

beforeEach(() => {
  made = 0;
  revoked = [];
  asked = [];
  URL.createObjectURL = () => `blob:${(made += 1)}`;
  URL.revokeObjectURL = (url) => revoked.push(url);
  preloader = new Preloader((url, signal) => new Promise((resolve, reject) => asked.push({ url, signal, resolve, reject })));
});

afterEach(() => Object.assign(URL, { createObjectURL, revokeObjectURL }));

test("what is ready is handed over once, and is then its taker's to revoke", async () => {
  preloader.want(clip(1));
  preloader.want(clip(1));
  assert.equal(preloader.take("c1"), null, "not yet");
  asked[0].resolve(new Blob());
  await settle();
  assert.equal(preloader.take("c2"), null);
  assert.equal(preloader.take("c1"), "blob:1");
  assert.equal(preloader.take("c1"), null);
  assert.deepEqual([asked.length, revoked], [1, []]);
});

test("another wish gives up the one before, and frees what it had", async () => {
  preloader.want(clip(1));
  preloader.want(clip(2));
  assert.ok(asked[0].signal.aborted);
  asked[0].resolve(new Blob());
  asked[1].resolve(new Blob());
  await settle();
  assert.equal(made, 1);
  preloader.want(null);
  assert.deepEqual(revoked, ["blob:1"]);
  assert.equal(preloader.take("c2"), null);
});

test("what cannot be fetched is left to the media element, and may be tried again", async () => {
  preloader.want(clip(1));
  asked[0].reject(new Error("status 404"));
  await settle();
  assert.equal(preloader.take("c1"), null);
  preloader.want(clip(1));
  assert.equal(asked.length, 2);
});

test("big clips are left to stream", () => {
  preloader.want(clip(1, { bytes: 3_000_001 }));
  assert.equal(asked.length, 0);
});
