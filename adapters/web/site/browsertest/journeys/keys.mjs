import assert from "node:assert/strict";

export const title = "a key is made and revoked";

export async function journey(visitor, gable) {
  const { page } = visitor;
  const name = `Window of ${visitor.phone ? "West" : "East"}`;
  await visitor.signIn();
  await visitor.go("/admin");
  await visitor.follow("API keys");
  await visitor.look("keys");
  await visitor.fill("Name: who or what uses it", name);
  await visitor.press("Make a key");
  const secret = await page.locator("[data-secret]").innerText();
  assert.match(secret, /^gable_/);
  await visitor.look("key-made");
  visitor.expect(422);
  await visitor.follow("API keys");
  assert.ok(!(await page.content()).includes(secret), "shown once");
  await visitor.fill("Name: who or what uses it", name);
  await visitor.press("Make a key");
  await visitor.reads(/A key of that name exists/);
  assert.equal(await page.getByLabel("Name: who or what uses it").inputValue(), name);
  await visitor.look("key-refused");

  const listing = { title: "House of a program", price: "1", location: "Keyton" };
  const made = await gable.ask("POST", "/v1/properties", listing, secret);
  assert.equal(made.status, 201);
  await visitor.go(`/admin/listings/${made.body.id}/history`);
  await visitor.reads(name);

  await visitor.follow("API keys");
  const row = page.getByRole("row").filter({ hasText: name });
  await row.getByText("Revoke", { exact: true }).click();
  await visitor.press("Revoke it for good", "button", row);
  await visitor.reads(`The key “${name}” has been revoked. Requests with it are refused from now on.`);
  await visitor.look("key-revoked");
  assert.equal((await gable.ask("POST", "/v1/properties", listing, secret)).status, 401);
}
