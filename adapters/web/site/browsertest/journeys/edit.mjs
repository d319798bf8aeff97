import assert from "node:assert/strict";

export const title = "a price is changed";

export async function journey(visitor, gable) {
  const { page } = visitor;
  const place = `Pricetown ${visitor.phone ? "West" : "East"}`;
  const listing = await gable.list({ title: "House with a pond", location: place, price: "310000" });
  const search = `/?location=${encodeURIComponent(place)}`;
  await visitor.go(search); // cached from now on
  await visitor.reads("$310,000");

  visitor.expect(401, 422);
  await visitor.go(`/admin/listings/${listing.id}`);
  await visitor.look("sign-in");
  await visitor.fill("Name", gable.administrator.name);
  await visitor.fill("Password", "not the password");
  await visitor.press("Sign in");
  await visitor.reads("The name or the password is wrong.");
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), gable.administrator.name);
  assert.equal(await page.evaluate(() => document.activeElement.id), "password");
  await visitor.look("sign-in-refused");
  await visitor.fill("Password", gable.administrator.password);
  await visitor.press("Sign in");
  assert.match(page.url(), new RegExp(`/admin/listings/${listing.id}$`), "where they wanted to go");
  await visitor.look("edit");

  await visitor.follow("← Listings");
  await visitor.openFilters();
  await visitor.fill("Place", place);
  await visitor.press("Search");
  await visitor.look("listings");
  await visitor.follow("House with a pond");

  await visitor.fill("Price", "a lot");
  await visitor.fill("Description", "A pond with\ntwo carps & <three> frogs.");
  await visitor.press("Save");
  assert.match(await visitor.objection("Price"), /amount/);
  assert.equal(await page.getByLabel("Price", { exact: true }).inputValue(), "a lot");
  assert.equal(await page.getByLabel("Description", { exact: true }).inputValue(), "A pond with\ntwo carps & <three> frogs.");
  await visitor.look("edit-mistake");
  await visitor.fill("Price", "$299,500");
  await visitor.press("Save");
  await visitor.reads("“House with a pond” has been saved.");
  assert.equal(await page.getByLabel("Price", { exact: true }).inputValue(), "299500.00");

  await visitor.go(search);
  assert.match(await page.locator(".card-price").innerText(), /^\$299,500/);

  await visitor.go(`/admin/listings/${listing.id}`);
  await visitor.follow("History");
  const change = page.getByRole("row").filter({ hasText: "299,500.00" });
  assert.match(await change.innerText(), /admin\s.*310,000\.00 → 299,500\.00/s);
  assert.match(await change.locator("time").getAttribute("datetime"), /^20\d\d-/);
  await visitor.look("history");
}
