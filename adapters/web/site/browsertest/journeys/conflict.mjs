import assert from "node:assert/strict";

export const title = "two people edit the same listing";

export async function journey(visitor, gable) {
  const listing = await gable.list({ title: "House on a corner", location: "Twotown", price: "500000" });
  const address = `/admin/listings/${listing.id}`;
  const other = await visitor.another();
  try {
    await Promise.all([visitor.signIn(), other.signIn()]);
    await Promise.all([visitor.go(address), other.go(address)]);

    await visitor.fill("Price", "510000");
    await visitor.press("Save");
    await visitor.reads("“House on a corner” has been saved.");

    other.expect(409);
    await other.fill("Price", "490000");
    await other.fill("Bedrooms", "4");
    await other.press("Save");
    await other.reads("Another person has changed this listing");
    const row = (field) => other.page.getByRole("row").filter({ has: other.page.getByRole("rowheader", { name: field, exact: true }) });
    assert.match(await row("Price").innerText(), /510,000\.00\s+490,000\.00/);
    assert.match(await row("Bedrooms").innerText(), /3\s+4/);
    await other.look("conflict");
    assert.equal((await gable.ask("GET", `/v1/properties/${listing.id}`)).body.price, "510000.00");
    await other.press("Save mine over theirs");
    await other.reads("“House on a corner” has been saved.");
    assert.equal((await gable.ask("GET", `/v1/properties/${listing.id}`)).body.price, "490000.00");

    visitor.expect(409);
    await visitor.fill("Price", "520000");
    await visitor.press("Save");
    await visitor.follow("Keep theirs");
    assert.equal(await visitor.page.getByLabel("Price", { exact: true }).inputValue(), "490000.00");

    await visitor.follow("Remove");
    await gable.ask("PATCH", `/v1/properties/${listing.id}`, { price: "480000" });
    await visitor.press("Remove it");
    await visitor.reads("The listing has changed since you opened this page. These are its values now:");
    await visitor.look("remove-changed");
    await visitor.press("Remove it");
    await visitor.reads("The listing has been removed.");

    await other.fill("Price", "470000");
    await other.press("Save");
    await other.reads(/Another person has removed this listing/);
    assert.equal(await other.page.getByLabel("Price", { exact: true }).inputValue(), "470000");
    await other.look("removed-meanwhile");
  } finally {
    await other.leave();
  }
}
