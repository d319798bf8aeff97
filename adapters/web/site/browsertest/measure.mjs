// The cost of the first view of the public listings with an empty browser cache: requests, bytes on the wire, and the time of
// the largest paint. It is measured on this machine, and as on an average phone with a slow mobile connection.
import { chromium } from "playwright-core";
import { Gable } from "./gable.mjs";
import { launchOptions } from "./launch.mjs";

const slowLine = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 };
const slowProcessor = 4; // times slower

async function firstView(browser, url, slow) {
  const context = await browser.newContext({ viewport: slow ? { width: 390, height: 844 } : { width: 1280, height: 900 } });
  const page = await context.newPage();
  const wire = await context.newCDPSession(page);
  let requests = 0, bytes = 0;
  wire.on("Network.requestWillBeSent", () => requests++);
  wire.on("Network.loadingFinished", (event) => { bytes += event.encodedDataLength; });
  await wire.send("Network.enable");
  if (slow) {
    await wire.send("Network.emulateNetworkConditions", slowLine);
    await wire.send("Emulation.setCPUThrottlingRate", { rate: slowProcessor });
  }
  await page.goto(url, { waitUntil: "networkidle" });
  const paint = await page.evaluate(() => new Promise((resolve) => {
    new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime)).observe({ type: "largest-contentful-paint", buffered: true });
  }));
  const shift = await page.evaluate(() => new Promise((resolve) => {
    let sum = 0;
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; }).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => resolve(sum), 100);
  }));
  await context.close();
  return { requests, bytes, paint, shift };
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

const gable = await Gable.start(process.env.GABLE_TEST_PROGRAM);
const browser = await chromium.launch(launchOptions());
try {
  for (const slow of [false, true]) {
    const views = [];
    for (let i = 0; i < 5; i++) views.push(await firstView(browser, `${gable.url}/`, slow));
    console.log(`${slow ? "slow phone" : "desktop"}: ${views[0].requests} requests, ${(median(views.map((v) => v.bytes)) / 1024).toFixed(0)} KiB, ` +
      `largest paint after ${median(views.map((v) => v.paint)).toFixed(0)} ms, layout shift ${median(views.map((v) => v.shift)).toFixed(3)}`);
  }
} finally {
  await browser.close();
  await gable.stop();
}
