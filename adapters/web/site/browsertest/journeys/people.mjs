import assert from "node:assert/strict";

export const title = "an editor joins, and changes the password";

export async function journey(visitor, gable) {
  const { page } = visitor;
  const editor = { name: visitor.phone ? "edith" : "edward", password: "first words for somebody" };
  await visitor.signIn();
  await visitor.go("/admin");
  await visitor.follow("People");
  await visitor.look("people");
  visitor.expect(422);
  await visitor.fill("Name to sign in with", gable.administrator.name);
  await visitor.fill("First password", editor.password);
  await visitor.press("Add");
  assert.match(await visitor.objection("Name to sign in with"), /is already taken/);
  await visitor.look("people-mistake");
  await visitor.fill("Name to sign in with", editor.name);
  await visitor.fill("First password", editor.password);
  await visitor.press("Add");
  await visitor.reads(`${editor.name} can sign in now.`);
  await visitor.look("people-added");

  const here = await visitor.another();
  const elsewhere = await visitor.another();
  try {
    await Promise.all([here.signIn(editor), elsewhere.signIn(editor)]);
    await Promise.all([here.go("/admin"), elsewhere.go("/admin")]);
    const offered = await here.page.getByRole("navigation", { name: "Main" }).innerText();
    assert.doesNotMatch(offered, /API keys|People/);
    here.expect(403, 422);
    for (const address of ["/admin/keys", "/admin/people", "/admin/cache/purge"]) {
      await here.go(address);
      await here.reads("Only administrators may do this.");
      await here.look("not-allowed");
    }
    await here.follow("Back to the back office");
    assert.equal(here.path, "/admin");
    for (const address of ["/admin/keys", "/admin/people"]) {
      const answer = await here.context.request.post(gable.url + address, { form: { name: "x", scope: "admin", role: "administrator", password: "first words for somebody" } });
      assert.equal(answer.status(), 403);
    }

    await here.go("/admin");
    await here.follow(editor.name);
    await here.look("password");
    const change = async (current, next, again) => {
      await here.fill("Current password", current);
      await here.fill("New password", next);
      await here.fill("New password again", again);
      await here.press("Change password");
    };
    const next = "other words for somebody";
    await change(editor.password, next, "something else altogether");
    assert.match(await here.objection("New password again"), /not the same/);
    await here.look("password-mistake");
    await change("not the password", next, next);
    assert.match(await here.objection("Current password"), /wrong/);
    await change(editor.password, next, next);
    await here.reads("Your password has been changed. You have been signed out everywhere else.");
    await elsewhere.go("/admin");
    assert.equal(elsewhere.path, "/admin/sign-in");
    await elsewhere.signIn({ ...editor, password: next });

    const row = page.getByRole("row").filter({ hasText: editor.name });
    await row.getByText("Change", { exact: true }).click();
    await visitor.press(`Remove ${editor.name}`, "button", row);
    await visitor.reads(`${editor.name} cannot sign in any more.`);
    for (const gone of [here, elsewhere]) {
      await gone.go("/admin");
      assert.equal(gone.path, "/admin/sign-in");
    }
  } finally {
    await Promise.all([here.leave(), elsewhere.leave()]);
  }
}
