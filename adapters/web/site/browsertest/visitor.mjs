// A visitor with a browser of its own, who notes faults of the pages: errors on the console, requests to other hosts,
// barriers for people who use assistive technology, pages wider than the screen.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The screens for the tests; together they cover both colour schemes. */
export const screens = {
  desktop: { viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "dark", isMobile: true, hasTouch: true },
};

const screenshots = path.join(import.meta.dirname, "screenshots");
const patience = 20_000;

/** The pages that visitors were shown, and those that they looked at, by screen, route and status. */
export const shown = new Set();
export const lookedAt = new Set();

export class Visitor {
  /** The page of the browser. */
  page;
  /** The faults found so far, in words. */
  faults = [];
  #browser;
  #gable;
  #options;
  #expected = new Set();
  #refused = new Map();
  #last;
  #copy;

  static async arrive(browser, gable, options) {
    const visitor = new Visitor();
    visitor.#browser = browser;
    visitor.#gable = gable;
    visitor.#options = options;
    const context = await browser.newContext({
      ...screens[options.screen], baseURL: gable.url, javaScriptEnabled: options.scripts ?? true, reducedMotion: "reduce", locale: "en-GB",
    });
    context.setDefaultTimeout(patience);
    context.on("request", (request) => visitor.#asked(request));
    context.on("response", (response) => visitor.#answered(response));
    visitor.page = await context.newPage();
    visitor.page.on("pageerror", (error) => visitor.faults.push(`error on ${visitor.page.url()}: ${error}`));
    visitor.page.on("console", (message) => visitor.#logged(message));
    visitor.page.on("dialog", (dialog) => {
      visitor.faults.push(`dialog: ${dialog.message()}`);
      return dialog.dismiss();
    });
    return visitor;
  }

  /** Another visitor with the same kind of screen, whose faults count as well. */
  async another() {
    const other = await Visitor.arrive(this.#browser, this.#gable, this.#options);
    other.faults = this.faults;
    return other;
  }

  get phone() { return this.#options.screen === "phone"; }
  get context() { return this.page.context(); }

  async leave() {
    await this.#copy?.context().close();
    await this.context.close();
  }

  /** From here on documents may be answered with these statuses of 400 and more. */
  expect(...statuses) { for (const status of statuses) this.#expected.add(status); }

  #asked(request) {
    const url = new URL(request.url());
    if (["http:", "https:", "ws:", "wss:"].includes(url.protocol) && !url.href.startsWith(this.#gable.url + "/")) {
      this.faults.push(`request to another site: ${url}`);
    }
  }

  #answered(response) {
    const request = response.request();
    const status = response.status();
    if (status >= 400) this.#refused.set(response.url(), status);
    if (status >= 400 && !this.#expected.has(status)) this.faults.push(`${request.method()} ${response.url()}: ${status}`);
    if (!request.isNavigationRequest() || status >= 300 && status < 400 || !(response.headers()["content-type"] ?? "").startsWith("text/html")) return;
    const route = new URL(response.url()).pathname.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "{id}");
    this.#last = `${this.#options.screen} ${request.method()} ${route} ${status}`;
    shown.add(this.#last);
  }

  // The console may show the browser's message about a refused document, and htmx's message about a search that a later one
  // has replaced.
  #logged(message) {
    if (message.type() !== "error" && message.type() !== "warning") return;
    if (/^htmx:(afterRequest|sendAbort), /.test(message.text())) return;
    const { url } = message.location();
    const [, status] = message.text().match(/^Failed to load resource: the server responded with a status of (\d+)/) ?? [];
    if (status && this.#refused.get(url) === Number(status) && this.#expected.has(Number(status))) return;
    this.faults.push(`console on ${this.page.url()}: ${message.text()} (${url})`);
  }

  /** Signs in without the page for it. */
  async signIn({ name, password } = this.#gable.administrator) {
    const answer = await this.context.request.post(this.#gable.url + "/admin/sign-in", {
      form: { sign_in_name: name, sign_in_password: password, next: "/admin" }, maxRedirects: 0,
    });
    assert.equal(answer.status(), 303, "signed in");
  }

  async go(address) { await this.page.goto(this.#gable.url + address); }

  /** The path of the page, below that of the program. */
  get path() { return new URL(this.page.url()).pathname.slice(this.#gable.base.length); }

  /** Presses the element with this name, and waits for the page that it leads to. */
  async press(name, role = "button", within = this.page) {
    await Promise.all([
      this.page.waitForEvent("framenavigated"),
      within.getByRole(role, { name, exact: true }).first().click(),
    ]);
    await this.page.waitForLoadState("load");
  }

  async follow(name, within) { await this.press(name, "link", within); }

  async fill(label, value) { await this.page.getByLabel(label, { exact: true }).fill(value); }

  async choose(label, option) { await this.page.getByLabel(label, { exact: true }).selectOption(option); }

  /** Waits until this text can be seen. */
  async reads(text, within = this.page) { await within.getByText(text).filter({ visible: true }).first().waitFor(); }

  /** The error note of a field, as the page shows it and assistive technology announces it. */
  async objection(label) {
    const field = this.page.getByLabel(label, { exact: true });
    await field.and(this.page.locator('[aria-invalid="true"]')).waitFor(); // marked just after the page has come
    const note = await field.getAttribute("aria-describedby");
    assert.ok(note, `${label} names its note`);
    return this.page.locator(`#${note.split(" ").at(-1)}`).innerText();
  }

  /** Opens the filters where the screen has them closed. */
  async openFilters() {
    const filters = this.page.locator("details.filters");
    if (await filters.getAttribute("open") === null) await filters.locator("summary").click();
  }

  /** Looks at the page as it is now: saves a screenshot, and checks the rules of accessibility. */
  async look(name) {
    lookedAt.add(this.#last);
    const wide = await this.page.evaluate((width) => document.documentElement.scrollWidth - width, screens[this.#options.screen].viewport.width);
    if (wide > 0) this.faults.push(`${name} is ${wide} pixels wider than the screen`);
    await this.page.screenshot({ path: path.join(screenshots, `${name}-${this.#options.screen}.png`), fullPage: true });
    const found = this.#options.scripts === false ? await this.#barriersWithoutScripts() : await barriers(this.page);
    for (const one of found) this.faults.push(`${name}: ${one}`);
  }

  // The checker is itself a script: it gets a copy of the page, without its scripts, in a context where scripts run.
  async #barriersWithoutScripts() {
    this.#copy ??= await (await this.#browser.newContext(screens[this.#options.screen])).newPage();
    const html = (await this.page.content()).replaceAll(/<script.*?<\/script>/g, "").replace("<head>", `<head><base href="${this.page.url()}">`);
    await this.#copy.setContent(html);
    return barriers(this.#copy);
  }
}

/** The barriers for people who use assistive technology, in words. */
function barriers(page) {
  return page.evaluate(async (source) => {
    if (!globalThis.axe) (0, eval)(source);
    const { violations } = await globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], resultTypes: ["violations"], preload: false });
    return violations.map((v) => `${v.impact}: ${v.id} (${v.help}) at ${v.nodes.slice(0, 3).map((n) => n.target.join(" ")).join(" | ")}`);
  }, axe);
}
