import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

export const title = "an editor sets up a second factor, and ends a session";

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** What an authenticator app shows so many half minutes from now (RFC 6238). */
function code(secret, steps) {
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const sum = createHmac("sha1", key).update(counter).digest();
  return String((sum.readUInt32BE(sum[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

export async function journey(visitor) {
  const { page } = visitor;
  const editor = { name: visitor.phone ? "fiona" : "felix", password: "first words for somebody" };
  await visitor.signIn();
  await visitor.go("/admin/people");
  await visitor.fill("Name to sign in with", editor.name);
  await visitor.fill("First password", editor.password);
  await visitor.press("Add");

  const here = await visitor.another();
  const elsewhere = await visitor.another();
  try {
    await Promise.all([here.signIn(editor), elsewhere.signIn(editor)]);
    await here.go("/admin/password");
    await here.follow("Sessions");
    await here.reads("(this one)");
    await here.look("sessions");
    await here.press(/^End it/);
    await here.reads("The session has ended.");
    await elsewhere.go("/admin");
    assert.equal(elsewhere.path, "/admin/sign-in");

    here.expect(401, 422);
    await here.follow("Second factor");
    await here.look("factor-offered");
    const secret = (await here.page.locator("code.secret").innerText()).replaceAll(" ", "");
    const turnOn = async (password, typed) => {
      await here.fill("Password", password);
      await here.fill("Code that the app shows", typed);
      await here.press("Turn it on");
    };
    await turnOn(editor.password, "000000");
    assert.match(await here.objection("Code that the app shows"), /is wrong/);
    await here.look("factor-mistake");
    await turnOn(editor.password, code(secret, 0));
    await here.reads("Your second factor is on.");
    const [recovery] = await here.page.locator(".recovery code").allInnerTexts();
    await here.look("factor-recovery");
    await here.follow("I have copied them");

    await here.press("Sign out");
    const signIn = async () => {
      await here.go("/admin/sign-in");
      await here.fill("Name", editor.name);
      await here.fill("Password", editor.password);
      await here.press("Sign in");
      await here.reads("One more step");
    };
    await signIn();
    await here.look("code");
    await here.fill("Code", "000000");
    await here.press("Sign in");
    await here.reads(/The code is wrong or has been used/);
    await here.look("code-mistake");
    await here.fill("Code", code(secret, 1));
    await here.press("Sign in");
    assert.equal(here.path, "/admin");
    await here.press("Sign out");
    await signIn();
    await here.fill("Code", recovery);
    await here.press("Sign in");
    await here.go("/admin/second-factor");
    await here.reads("Turn it off");
    await here.look("factor-on");

    await visitor.go("/admin/people");
    const row = page.getByRole("row").filter({ hasText: editor.name });
    await row.getByText("Change", { exact: true }).click();
    await visitor.press(`Take ${editor.name}’s second factor off`, "button", row);
    await visitor.reads(/has no second factor now/);
    await here.go("/admin");
    assert.equal(here.path, "/admin/sign-in");
  } finally {
    await Promise.all([here.leave(), elsewhere.leave()]);
  }
}
