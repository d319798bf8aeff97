import assert from "node:assert/strict";

export const title = "the caches are watched and emptied";

export async function journey(visitor, gable) {
  const { page } = visitor;
  const address = `/?location=Renton&min_bedrooms=${visitor.phone ? 4 : 5}`;
  await visitor.signIn();
  await visitor.go("/admin");
  await visitor.follow("Cache");
  const hits = async () => Number((await page.locator(".figure").nth(1).innerText()).match(/([\d,]+) still true/)[1].replace(",", ""));
  const before = await hits();
  const picture = (plot) => page.locator(`[data-plot=${plot}] canvas`).evaluate((canvas) => canvas.toDataURL());
  const drawn = await picture("requests");
  for (let i = 0; i < 20; i++) await fetch(gable.url + address, { headers: { Accept: "text/html" } });
  await page.waitForFunction((old) => document.querySelector("[data-plot=requests] canvas").toDataURL() !== old, drawn);
  await visitor.look("cache");
  await page.reload();
  assert.ok(await hits() >= before + 19, "the figures count what was asked for");

  await visitor.fill("Address of a page or of the API, as a visitor has it", gable.base + address);
  await visitor.press("Look it up");
  await visitor.reads("It would be answered from the finished pages of this process.");
  await visitor.look("cache-look-up");
  await visitor.fill("Address of a page or of the API, as a visitor has it", `${gable.base}/v1/properties?limit=many`);
  await visitor.press("Look it up");
  assert.match(await visitor.objection("Address of a page or of the API, as a visitor has it"), /\w/);
  await visitor.look("cache-look-up-mistake");

  await visitor.follow("Empty the caches …");
  await visitor.look("purge");
  await visitor.press("Empty them");
  assert.equal(visitor.path, "/admin/cache", "still signed in");
  await page.getByRole("status").filter({ hasText: "empt" }).waitFor();
  await visitor.look("purged");
}
