import assert from "node:assert/strict";

export const title = "a listing with a hostile title is made and removed";

export async function journey(visitor) {
  const { page } = visitor;
  const hostile = `<script>alert(1)</script>`;
  const place = `Scripton "${visitor.phone ? "West" : "East"}" <b>&amp;`;
  const named = async (locator) => assert.ok((await locator.innerText()).includes(hostile));
  await visitor.signIn();
  await visitor.go("/admin");
  await visitor.look("listings-all");

  await visitor.follow("New listing");
  await visitor.look("new");
  await visitor.fill("Title", hostile);
  await visitor.fill("Price", "125000");
  await visitor.fill("Currency", "USD");
  await visitor.fill("Place, as people write it", place);
  await visitor.choose("Kind", "Townhouse");
  await visitor.fill("Latitude, degrees", "47.6");
  await visitor.fill("Longitude, degrees", "-122.3");
  await visitor.fill("Description", `"><img src=x onerror=alert(2)>`);
  await visitor.press("Add the listing");
  await visitor.reads(`“${hostile}” has been added.`);
  await named(page.locator("h1"));
  await visitor.look("added");

  await visitor.follow("See its public page");
  await named(page.locator("h1"));
  await visitor.reads(`"><img src=x onerror=alert(2)>`);
  assert.ok((await page.title()).includes(hostile));
  await visitor.look("listing-hostile");

  await visitor.go(`/?location=${encodeURIComponent(place)}`);
  await named(page.locator(".card"));
  await visitor.reads(`in ${place}`, page.locator(".chips"));
  await visitor.go(`/admin?location=${encodeURIComponent(place)}`);
  await named(page.locator("td.row-title"));
  await visitor.follow(`History of ${hostile}`);
  await named(page.locator("h1"));

  await visitor.follow("← The listing");
  await visitor.follow("Remove");
  await named(page.locator("main"));
  await visitor.look("remove");
  await visitor.follow("Keep it");
  await visitor.follow("Remove");
  await visitor.press("Remove it");
  await visitor.reads("The listing has been removed.");
  await visitor.go(`/?location=${encodeURIComponent(place)}`);
  await visitor.reads("No listing matches");
}
