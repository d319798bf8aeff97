import assert from "node:assert/strict";

export const title = "a session ends while somebody types";

export async function journey(visitor, gable) {
  const { page } = visitor;
  const listing = await gable.list({ title: "House of words", location: "Typington" });
  await visitor.signIn();
  await visitor.go(`/admin/listings/${listing.id}`);
  await visitor.fill("Title", "House of \"many\" words");
  await visitor.fill("Description", "First line.\nSecond <line>.\n\nLast line.");
  await visitor.context.clearCookies({ name: /gable_session$/ });

  visitor.expect(401);
  await visitor.press("Save");
  await visitor.reads(/Your session has ended/);
  await visitor.look("session-over");
  await visitor.fill("Name", gable.administrator.name);
  await visitor.fill("Password", "wrong at first");
  await visitor.press("Sign in");
  await visitor.fill("Password", gable.administrator.password);
  await visitor.press("Sign in");
  await visitor.reads("Nothing has been saved yet.");
  await visitor.look("resume");
  await visitor.press("Go on with it");
  await visitor.reads("“House of \"many\" words” has been saved.");
  const { body } = await gable.ask("GET", `/v1/properties/${listing.id}`);
  assert.equal(body.title, "House of \"many\" words");
  assert.equal(body.description, "First line.\nSecond <line>.\n\nLast line.");

  // A file cannot be repeated; the page asks for it again.
  await visitor.go("/admin/import");
  await visitor.context.clearCookies({ name: /gable_session$/ });
  await page.getByLabel("File", { exact: true }).setInputFiles({ name: "houses.csv", mimeType: "text/csv", buffer: Buffer.alloc(4 << 20, "title,price,location\n") });
  await visitor.press("Import");
  await visitor.reads(/choose the file again/);
  await visitor.look("session-over-file");
  await visitor.fill("Name", gable.administrator.name);
  await visitor.fill("Password", gable.administrator.password);
  await visitor.press("Sign in");
  await visitor.reads("Which columns it has");

  await visitor.press("Sign out");
  await visitor.go("/admin/cache");
  assert.equal(visitor.path, "/admin/sign-in");
}
