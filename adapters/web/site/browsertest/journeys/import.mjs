import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

export const title = "a file is brought in and taken out";

const rows = 600;

/** A file of so many rows, of which the third has no price and the seventh too many bathrooms. */
function file(place) {
  const lines = ["reference,title,price,location,kind,bedrooms,bathrooms"];
  for (let i = 1; i <= rows; i++) {
    lines.push(`${place}-${i},House ${i},${i === 3 ? "" : 100000 + i},${place},house,3,${i === 7 ? "2000" : "1.5"}`);
  }
  return { name: "houses.csv", mimeType: "text/csv", buffer: Buffer.from(lines.join("\n") + "\n") };
}

export async function journey(visitor, gable) {
  const { page } = visitor;
  const place = `Fileham-${visitor.phone ? "West" : "East"}`;
  await visitor.signIn();
  await visitor.go("/admin/import");
  await visitor.look("import");

  visitor.expect(422);
  await page.getByLabel("File", { exact: true }).setInputFiles({ name: "picture.csv", mimeType: "text/csv", buffer: Buffer.from([0xff, 0xd8, 0, 1, 2]) });
  await page.getByRole("button", { name: "Look at the first rows" }).click();
  await page.locator("#preview .banner-bad").waitFor();
  await visitor.look("import-broken");

  await page.getByLabel("File", { exact: true }).setInputFiles(file(place));
  await page.getByRole("button", { name: "Look at the first rows" }).click();
  await visitor.reads("The first rows of houses.csv, as they would be stored");
  assert.equal(await page.locator("#preview tbody tr").count(), 10);
  assert.match(await page.getByRole("row").filter({ hasText: `${place}-1` }).first().innerText(), /House 1\s+\$100,001/);
  assert.match(await page.locator("#preview tbody tr").nth(2).innerText(), /Would be rejected: price/);
  assert.equal(await page.locator("#file").evaluate((input) => input.files[0].name), "houses.csv", "the file stays chosen");
  assert.equal((await gable.ask("GET", `/v1/properties?location=${place}`)).body.properties.length, 0, "nothing is stored yet");
  await visitor.look("import-preview");

  await visitor.press("Import");
  await visitor.reads(/^Done in/);
  assert.match(await page.locator(".progress p").last().textContent(), /rows read, [\d.]+ % of the file/);
  const figures = Object.fromEntries(await page.locator(".figure").evaluateAll((all) => all.map((one) => [one.querySelector("dt").textContent, one.querySelector("dd").textContent])));
  assert.deepEqual([figures["Rows read"], figures["New listings"], figures.Rejected], [String(rows), String(rows - 2), "2"]);
  await visitor.reads(/Line 4, .*: price/);
  await visitor.reads(/Line 8, .*: bathrooms/);
  await visitor.look("imported");
  const rejects = await download(visitor, "Download the rejected rows");
  assert.match(rejects.name, /\.rejects\.csv$/);
  assert.match(rejects.text, new RegExp(`${place}-3,.*price`));
  assert.match(rejects.text, new RegExp(`${place}-7,.*bathrooms`));
  assert.equal(rejects.text.trim().split("\n").length, 3);

  await visitor.go(`/admin?location=${place}`);
  const { name, text } = await download(visitor, "CSV");
  assert.match(name, /\.csv$/);
  assert.equal(text.trim().split("\n").length, rows - 2 + 1);
}

async function download(visitor, link) {
  const [file] = await Promise.all([visitor.page.waitForEvent("download"), visitor.page.getByRole("link", { name: link, exact: true }).click()]);
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
}
