import assert from "node:assert/strict";
import { test } from "node:test";

import { askToPersist } from "../../static/js/recorder/persistence.js";
import { Storage } from "../../static/js/storage.js";
import { FakeArea } from "./support.mjs";

test("the browser is asked once to keep what is stored, whatever it says", async () => {
  const storage = new Storage({ area: new FakeArea(), tabs: {} });
  let asked = 0;
  const persist = async () => {
    asked += 1;
    throw new Error("denied");
  };
  await askToPersist({ base: "/forum", storage, manager: {} });
  await askToPersist({ base: "/forum", storage, manager: { persist } });
  await askToPersist({ base: "/forum", storage, manager: { persist } });
  assert.equal(asked, 1);
});
