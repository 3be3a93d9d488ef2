import assert from "node:assert/strict";
import { test } from "node:test";

import { Meter } from "../../static/js/recorder/meter.js";

class FakeContext {
  static made = 0;
  state = "suspended";

  constructor() {
    FakeContext.made += 1;
  }

  async resume() {
    this.state = "running";
  }

  async suspend() {
    this.state = "suspended";
  }

  createMediaStreamSource() {
    return { connect() {}, disconnect() {} };
  }
}

test("the level is known while a stream is attached, with one context for all", () => {
  globalThis.AnalyserNode = class {
    getFloatTimeDomainData(samples) {
      samples.fill(0.25);
    }
  };
  const meter = new Meter(FakeContext);
  assert.equal(meter.rms(), null);
  meter.attach({});
  assert.equal(meter.rms(), 0.25);
  meter.detach();
  assert.equal(meter.rms(), null);
  meter.attach({});
  assert.deepEqual([meter.rms(), FakeContext.made], [0.25, 1]);
});

test("without Web Audio, or with a stream that it refuses, recording goes on and the level is unknown", () => {
  const none = new Meter(undefined);
  none.attach({});
  assert.equal(none.rms(), null);
  const refusing = new Meter(class extends FakeContext {
    createMediaStreamSource() {
      throw new DOMException("sample rates differ", "NotSupportedError");
    }
  });
  refusing.attach({});
  assert.equal(refusing.rms(), null);
});

test("a context that the browser holds back knows nothing", () => {
  const meter = new Meter(class extends FakeContext {
    async resume() {}
  });
  meter.attach({});
  assert.equal(meter.rms(), null);
});
