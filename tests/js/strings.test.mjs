import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { translator } from "../../static/js/strings.js";

const catalogue = (lang) => JSON.parse(readFileSync(new URL(`../../mozchat/locales/${lang}.json`, import.meta.url), "utf-8"));
const en = catalogue("en");
const ru = catalogue("ru");
/** Keys without the plural's form. */
const bases = (strings) => new Set(Object.keys(strings).map((key) => key.replace(/\.(one|few|many|other)$/, "")));

test("names in braces are replaced, unknown ones stay", () => {
  const { t } = translator({ hello: "{name} is {state}, {name}" }, "en");
  assert.equal(t("hello", { name: "Ann" }), "Ann is {state}, Ann");
});

test("what stands for a name is not itself replaced", () => {
  const { t } = translator({ hello: "{name} and {other}" }, "en");
  assert.equal(t("hello", { name: "{other}", other: "Bob" }), "{other} and Bob");
});

test("a missing string shows its key", () => {
  assert.equal(translator({}, "en").t("no.such"), "no.such");
});

test("English has one and many", () => {
  const { tn } = translator(en, "en");
  assert.equal(tn("front.online", 1), "1 person online");
  assert.equal(tn("front.online", 5), "5 people online");
});

test("Russian has one, few and many", () => {
  const { tn } = translator(ru, "ru");
  assert.deepEqual([1, 3, 5, 11, 21, 22].map((count) => tn("time.minutes", count)),
    ["1 минуту", "3 минуты", "5 минут", "11 минут", "21 минуту", "22 минуты"]);
});

test("both languages say the same things", () => {
  assert.deepEqual([...bases(en)].sort(), [...bases(ru)].sort());
});

test("both languages leave the same gaps", () => {
  const gaps = (text) => new Set(text.match(/\{\w+\}/g));
  for (const key of Object.keys(en)) {
    // "One clip", "every second": a form for one may say the number as a word.
    if (key in ru && !key.endsWith(".one")) assert.deepEqual(gaps(ru[key]), gaps(en[key]), key);
  }
});

test("every plural has all the forms of its language", () => {
  for (const [strings, forms] of [[en, ["one", "other"]], [ru, ["one", "few", "many", "other"]]]) {
    for (const key of Object.keys(strings).filter((one) => one.endsWith(".other"))) {
      if (!(key.replace(/other$/, "one") in strings)) continue;
      for (const form of forms) assert.ok(key.replace(/other$/, form) in strings, key);
    }
  }
});

/** The texts of all files below a folder of the project whose names end so. */
function textsOf(folder, ending) {
  const root = new URL(`../../${folder}/`, import.meta.url);
  const names = readdirSync(root, { recursive: true }).map(String).filter((name) => name.endsWith(ending));
  return names.map((name) => readFileSync(new URL(name, root), "utf-8"));
}

test("every string that pages and scripts ask for by name is there", () => {
  const plurals = bases(en);
  for (const text of [...textsOf("static/js", ".js"), ...textsOf("mozchat/web/templates", ".html")]) {
    for (const [, plural, key] of text.matchAll(/\bt(n?)\(["']([\w.]+)["']/g)) {
      assert.ok(plural ? plurals.has(key) && `${key}.other` in en : key in en, key);
    }
  }
});
