// The browser for the tests, and how to launch it.
import { accessSync, constants } from "node:fs";
import path from "node:path";

const quiet = [
  "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

function installed() {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    for (const folder of folders) {
      try {
        accessSync(path.join(folder, name), constants.X_OK);
        return path.join(folder, name);
      } catch { /* not there */ }
    }
  }
  throw new Error("no Chromium on the path: install one, or name it in GABLE_TEST_BROWSER");
}

/** Options to launch the browser that GABLE_TEST_BROWSER names, by default the installed one. */
export const launchOptions = () => ({ executablePath: process.env.GABLE_TEST_BROWSER ?? installed(), args: quiet });
