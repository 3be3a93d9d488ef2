import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Catalogue } from "../../static/js/player/catalogue.js";
import { Expiry } from "../../static/js/player/expiry.js";
import { clip, FakeClock } from "./support.mjs";

let catalogue;
let clock;
let skew;
const ids = () => catalogue.clips.map(({ id }) => id);
const at = (ms) => new Date(clock.wall() + ms).toISOString();

beforeEach(() => {
  catalogue = new Catalogue();
  clock = new FakeClock();
  skew = 0;
  new Expiry({ catalogue, skew: () => skew, clock });
  catalogue.apply({
    reset: true,
    clips: { added: [clip(1, { expires: at(5000) }), clip(2, { expires: at(90_000_000) }), clip(3, { expires: at(9000) })] },
  });
});

test("a clip goes when its time is over, the others stay", async () => {
  await clock.advance(4999);
  assert.deepEqual(ids(), ["c1", "c2", "c3"]);
  await clock.advance(10);
  assert.deepEqual(ids(), ["c2", "c3"]);
  await clock.advance(4000);
  assert.deepEqual(ids(), ["c2"]);
});

test("the server's clock counts", async () => {
  skew = -10_000;
  await clock.advance(9500);
  assert.deepEqual(ids(), ["c1", "c2", "c3"]);
  await clock.advance(6000);
  assert.deepEqual(ids(), ["c2", "c3"]);
});

test("a time beyond the longest timer is waited for all the same", async () => {
  await clock.advance(89_000_000);
  assert.deepEqual(ids(), ["c2"]);
  await clock.advance(1_000_100);
  assert.deepEqual(ids(), []);
});

test("a clip that comes later with an earlier end goes first", async () => {
  catalogue.apply({ clips: { added: [clip(4, { expires: at(1000) })] } });
  await clock.advance(1100);
  assert.deepEqual(ids(), ["c1", "c2", "c3"]);
});
