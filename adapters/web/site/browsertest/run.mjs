// Tests of the pages in a real browser. Each journey is a task of a visitor, on a desktop and on a phone.
// GABLE_TEST_BROWSER is the path of a Chromium, by default the installed one. GABLE_TEST_PROGRAM is the path of a built
// gable; by default the tests build one.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { Gable } from "./gable.mjs";
import { launchOptions } from "./launch.mjs";
import { lookedAt, screens, shown, Visitor } from "./visitor.mjs";

const journeys = path.join(import.meta.dirname, "journeys");
const files = (await readdir(journeys)).filter((file) => file.endsWith(".mjs")).sort();
const modules = await Promise.all(files.map((file) => import(path.join(journeys, file))));

let gable, browser;
before(async () => {
  browser = await chromium.launch(launchOptions());
  gable = await Gable.start(process.env.GABLE_TEST_PROGRAM);
});
after(async () => {
  await browser?.close();
  await gable?.stop();
});

describe("pages", { concurrency: 2 }, () => {
  for (const { title, options, journey } of modules) {
    for (const screen of Object.keys(screens)) {
      test(`${title} (${screen})`, { timeout: 120_000 }, async () => {
        const visitor = await Visitor.arrive(browser, gable, { ...options, screen });
        try {
          await journey(visitor, gable);
        } catch (error) {
          await visitor.look(`failed-${title}`).catch(() => {});
          throw new Error([`at ${visitor.page.url()}`, ...visitor.faults].join("\n"), { cause: error });
        } finally {
          await visitor.leave();
        }
        assert.deepEqual(visitor.faults, []);
      });
    }
  }
});

test("every page that was shown was looked at", () => {
  assert.deepEqual([...shown].filter((page) => !lookedAt.has(page)), []);
});
