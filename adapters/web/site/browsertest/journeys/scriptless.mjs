import assert from "node:assert/strict";

export const title = "everything works without scripts";
export const options = { scripts: false };

export async function journey(visitor, gable) {
  const { page } = visitor;
  const place = `Plainfield ${visitor.phone ? "West" : "East"}`;
  const listing = await gable.list({ title: "Plain house", location: place, price: "150000" });

  await visitor.go("/");
  await visitor.fill("Place", "Kent");
  await visitor.choose("Bedrooms", "3");
  await visitor.fill("Price up to", "500k");
  await visitor.press("Search");
  await visitor.reads(/listings found/);
  assert.equal(await page.getByLabel("Price up to", { exact: true }).inputValue(), "500,000");
  await visitor.look("scriptless-public");
  await visitor.follow("More listings");
  await visitor.follow("Back to the first page");
  await page.locator(".card-price a").first().click();
  await page.waitForURL(/\/listings\//);
  await visitor.look("scriptless-listing");
  await visitor.follow("← All listings");

  await visitor.go(`/admin/listings/${listing.id}`);
  await visitor.fill("Name", gable.administrator.name);
  await visitor.fill("Password", gable.administrator.password);
  await visitor.press("Sign in");
  await visitor.fill("Price", "155000");
  await visitor.press("Save");
  await visitor.reads("“Plain house” has been saved.");
  await visitor.look("scriptless-edit");

  await visitor.go(`/admin?location=${encodeURIComponent(place)}`);
  await visitor.look("scriptless-listings");
  await page.getByLabel("Tick Plain house", { exact: true }).check();
  await visitor.choose("What to do", "Change the price by percent");
  await visitor.fill("By how much, or new price", "-10");
  await visitor.press("Look at what would change");
  await visitor.reads("$139,500");
  await visitor.look("scriptless-bulk");
  await visitor.press("Change 1 listing");
  await visitor.reads("Changed 1 listing");
  assert.equal((await gable.ask("GET", `/v1/properties/${listing.id}`)).body.price, "139500.00");

  const file = { name: "plain.csv", mimeType: "text/csv", buffer: Buffer.from(`reference,title,price,location\n${place},Plain barn,99000,${place}\n`) };
  await visitor.go("/admin/import");
  await page.getByLabel("File", { exact: true }).setInputFiles(file);
  await visitor.press("Look at the first rows");
  await visitor.reads("Plain barn");
  await visitor.look("scriptless-preview");
  await page.getByLabel("File", { exact: true }).setInputFiles(file);
  await visitor.press("Import");
  await visitor.reads(/^Done in/);
  await visitor.look("scriptless-imported");
  assert.equal((await gable.ask("GET", `/v1/properties?location=${encodeURIComponent(place)}`)).body.properties.length, 2);
}
