import assert from "node:assert/strict";

export const title = "a mistake is explained";

export async function journey(visitor) {
  const { page } = visitor;
  visitor.expect(400, 404);

  // A bad number has a note beside its field at once, which goes away with its cause.
  await visitor.go("/?location=Kent");
  await visitor.openFilters();
  await visitor.fill("Price up to", "cheap");
  await page.getByLabel("Price up to", { exact: true }).blur();
  await visitor.reads("The search has a mistake");
  assert.match(await visitor.objection("Price up to"), /amount/);
  await visitor.look("public-mistake-live");
  await visitor.fill("Price up to", "400000");
  await page.getByLabel("Price up to", { exact: true }).blur();
  await visitor.reads(/listings found/);
  await page.getByLabel("Price up to", { exact: true }).and(page.locator(":not([aria-invalid])")).waitFor();

  await visitor.go("/?min_price=dear&min_area_m2=big&near=here");
  await visitor.reads(/^near /);
  assert.match(await visitor.objection("Price from"), /amount/);
  assert.match(await visitor.objection("Area, m² from"), /number/);
  assert.equal(await page.getByLabel("Price from", { exact: true }).inputValue(), "dear");
  await visitor.look("public-mistake");

  await visitor.go("/listings/01890000-0000-7000-8000-000000000000");
  await visitor.reads("There is nothing here");
  await visitor.look("listing-unknown");
  await visitor.follow("Search all listings");
  await visitor.reads(/^\d,\d\d\d listings$/);
}
