import assert from "node:assert/strict";

export const title = "the keyboard is enough";

export async function journey(visitor, gable) {
  const { page } = visitor;
  const place = `Keyborough ${visitor.phone ? "West" : "East"}`;
  const listing = await gable.list({ title: "House without a mouse", location: place, price: "210000" });

  await visitor.go("/");
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Skip to the content");
  await visitor.look("skip-link");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");

  if (visitor.phone) {
    await reach(page, "Search and filters");
    await page.keyboard.press("Enter");
  }
  await reach(page, "Place");
  await page.keyboard.type(place);
  await page.waitForURL(/location=Keyborough/);
  assert.equal(await focused(page), "Place", "the focus stays in the field");
  await visitor.reads("1 listing");
  await reach(page, "Bedrooms");
  await page.keyboard.press("3");
  await page.waitForURL(/min_bedrooms=3/);
  await reach(page, /House without a mouse/);
  await visitor.look("card-in-focus");
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/listings/${listing.id}`);

  await visitor.go(`/admin/listings/${listing.id}`);
  assert.equal(await focused(page), "Name");
  await page.keyboard.type(gable.administrator.name);
  await reach(page, "Password");
  await page.keyboard.type(gable.administrator.password);
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/admin/listings/${listing.id}`);
  await reach(page, "Price");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("205,000");
  await reach(page, "Save");
  await page.keyboard.press("Enter");
  await visitor.reads("“House without a mouse” has been saved.");
  assert.equal((await gable.ask("GET", `/v1/properties/${listing.id}`)).body.price, "205000.00");
}

/** The name of the focused element, which must show that it has the focus. */
function focused(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    const outlined = [undefined, "::after"].some((part) => getComputedStyle(element, part).outlineStyle !== "none");
    const { width, height, right, bottom } = element.getBoundingClientRect();
    if (!outlined || width === 0 || height === 0 || right <= 0 || bottom <= 0) throw new Error(`the focus cannot be seen on ${element.outerHTML}`);
    return (element.labels?.[0] ?? element).innerText.trim();
  });
}

/** Presses Tab until the named element has the focus. */
async function reach(page, name) {
  const passed = [];
  while (passed.length < 80) {
    await page.keyboard.press("Tab");
    passed.push(await focused(page));
    if (typeof name === "string" ? passed.at(-1) === name : name.test(passed.at(-1))) return;
  }
  assert.fail(`${name} is not reached, but ${passed.join(", ")}`);
}
