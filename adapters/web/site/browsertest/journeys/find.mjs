import assert from "node:assert/strict";

export const title = "a house is found by the filters";

export async function journey(visitor, gable) {
  const { page } = visitor;
  const wanted = "location=Seattle&kind=house&min_bedrooms=3&max_price=450000";
  const { body } = await gable.ask("GET", `/v1/properties?${wanted}&limit=1&count=exact`);
  const count = `${body.count.toLocaleString("en")} listings`;

  await visitor.go("/");
  await visitor.look("public");
  await visitor.openFilters();
  await visitor.fill("Place", "Seattle");
  await page.waitForURL(/location=Seattle/);
  await page.getByLabel("House", { exact: true }).check();
  await visitor.choose("Bedrooms", "3");
  await visitor.fill("Price up to", "450k");
  await page.getByLabel("Price up to", { exact: true }).blur();
  await page.waitForURL(/max_price=450k/);
  await visitor.reads(count);
  const search = new URL(page.url()).searchParams;
  assert.deepEqual(Object.fromEntries(search), { location: "Seattle", kind: "house", min_bedrooms: "3", max_price: "450k" });
  await visitor.look("public-filtered");

  await visitor.choose("Order", "Lowest price first");
  await page.waitForURL(/sort=price/);
  await page.waitForFunction(() => {
    const prices = [...document.querySelectorAll(".card-price a")].map((a) => Number(a.firstChild.data.replace(/[$,]/g, "")));
    return prices.length === 24 && prices.every((p, i) => i === 0 || prices[i - 1] <= p);
  });
  const first = await page.locator(".card-price").first().innerText();

  await visitor.follow("More listings");
  await visitor.look("public-second-page");
  assert.notEqual(await page.locator(".card-price").first().innerText(), first);
  await page.goBack();
  await page.waitForFunction((text) => document.querySelector(".card-price").innerText === text, first);
  assert.equal(await page.getByLabel("Bedrooms", { exact: true }).inputValue(), "3");
  assert.equal(await page.getByLabel("House", { exact: true }).isChecked(), true);

  await page.locator(".card-price a").first().click();
  await page.waitForURL(/\/listings\//);
  const id = page.url().split("/").at(-1);
  const listing = (await gable.ask("GET", `/v1/properties/${id}`)).body;
  await visitor.reads(`$${Number(listing.price).toLocaleString("en")}`, page.locator(".listing-price"));
  await visitor.reads(listing.location, page.locator(".listing-place"));
  await visitor.reads(String(listing.bedrooms), page.locator(".facts"));
  await page.locator(".plan-subject").waitFor();
  await visitor.look("listing");

  await visitor.follow("← All listings");
  await page.waitForURL(/sort=price/);
  await visitor.follow("Without: up to 450,000");
  assert.equal(new URL(page.url()).searchParams.get("max_price"), null);
  assert.equal(new URL(page.url()).searchParams.get("location"), "Seattle");

  await visitor.openFilters();
  await visitor.fill("Search", "no listing has these words");
  await visitor.reads("No listing matches");
  await visitor.reads("no listings");
  await visitor.look("public-empty");
}
