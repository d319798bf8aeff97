import assert from "node:assert/strict";

export const title = "many listings are changed at once";

export async function journey(visitor, gable) {
  const { page } = visitor;
  const place = `Bulkham ${visitor.phone ? "West" : "East"}`;
  for (const [name, price] of [["First", "100000"], ["Second", "200000"], ["Third", "300000"], ["Fourth", "400050"]]) {
    await gable.list({ title: `${name} house`, location: place, price });
  }
  const here = `location=${encodeURIComponent(place)}`;
  const listings = async () => (await gable.ask("GET", `/v1/properties?${here}&sort=price`)).body.properties;
  const prices = async () => (await listings()).map((p) => p.price);
  await visitor.signIn();

  await visitor.go(`/admin?${here}`);
  await page.getByLabel("All that match the search (4 listings)").check();
  await visitor.choose("What to do", "Change the price by percent");
  await visitor.fill("By how much, or new price", "two");
  visitor.expect(422, 409);
  await visitor.press("Look at what would change");
  await visitor.reads(/Say by how much/);
  await visitor.look("bulk-mistake");
  await visitor.fill("By how much, or new price", "2");
  await visitor.press("Look again");
  await visitor.look("bulk");
  const row = await page.getByRole("row").filter({ hasText: "Second house" }).innerText();
  assert.match(row, /\$200,000\s+\$204,000/);
  assert.deepEqual(await prices(), ["100000.00", "200000.00", "300000.00", "400050.00"], "nothing yet");
  await visitor.press("Change 4 listings");
  await visitor.reads("Changed 4 listings");
  await visitor.look("bulk-done");
  const raised = ["102000.00", "204000.00", "306000.00", "408051.00"];
  assert.deepEqual(await prices(), raised);

  await page.reload(); // sends the form once more
  await visitor.reads(/This change has been made already/);
  await visitor.look("bulk-again");
  assert.deepEqual(await prices(), raised);

  await visitor.go(`/admin?${here}`);
  await page.getByLabel("Tick First house", { exact: true }).check();
  await page.getByLabel("Tick Third house", { exact: true }).check();
  await visitor.choose("What to do", "Set the status");
  await visitor.choose("New status", "Pending");
  await visitor.press("Look at what would change");
  await visitor.press("Change 2 listings");
  await visitor.reads("Changed 2 listings");
  assert.deepEqual((await listings()).map((p) => p.status), ["pending", "active", "pending", "active"]);

  await visitor.follow("Back to the listings");
  assert.equal(new URL(page.url()).searchParams.get("location"), place);
  await page.getByLabel("Tick all on this page").check();
  for (const name of ["Second", "Fourth"]) await page.getByLabel(`Tick ${name} house`, { exact: true }).uncheck();
  await visitor.choose("What to do", "Remove them");
  await visitor.press("Look at what would change");
  await visitor.look("bulk-remove");
  await visitor.press("Remove 2 listings");
  await visitor.reads("Removed 2 listings");
  assert.deepEqual((await listings()).map((p) => p.title), ["Second house", "Fourth house"]);
}
