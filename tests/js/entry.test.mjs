import assert from "node:assert/strict";
import { test } from "node:test";
import { threadName } from "../../static/js/front/entry.js";

const threads = [{ name: "walk", title: "Saturday walk" }, { name: "Walk", title: "Another" }];

test("a thread is found by its name, its title or a link", () => {
  assert.equal(threadName(" walk ", threads), "walk");
  assert.equal(threadName("Walk", threads), "Walk");
  assert.equal(threadName("saturday WALK", threads), "walk");
  assert.equal(threadName("https://talk.example/forum/choir/?clip=7", threads), "choir");
  assert.equal(threadName("talk.example/choir", threads), "choir");
});

test("a name that nobody listed may still be one", () => {
  assert.equal(threadName("hidden_1", threads), "hidden_1");
});

test("what can be no name is none", () => {
  for (const text of ["", "  ", "two words", "a".repeat(65), "ünder", "/?x"]) assert.equal(threadName(text, threads), "");
});
