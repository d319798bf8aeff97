// The program under test: built, started on free ports with its sample listings, and stopped.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const root = path.resolve(import.meta.dirname, "../../../..");

/** A running demo. Make one with Gable.start, and stop it. */
export class Gable {
  /** Where it serves, without a slash at the end. */
  url;
  /** The path below which it serves, from GABLE_HTTP_BASE_PATH; "" for the whole host. */
  get base() { return new URL(this.url).pathname.replace(/\/$/, ""); }
  /** The API key with every right. */
  key;
  /** The account with every right on the pages: {name, password}. */
  administrator;
  #process;
  #folder;

  /** Starts a program; builds it first unless its path is set. */
  static async start(program) {
    const gable = new Gable();
    gable.#folder = await mkdtemp(path.join(tmpdir(), "gable-pages-"));
    if (!program) {
      program = path.join(gable.#folder, "gable");
      await promisify(execFile)("go", ["build", "-o", program, "./app"], { cwd: root });
    }
    await gable.#run(program);
    return gable;
  }

  #run(program) {
    const child = spawn(program, ["demo", "--http-address", "127.0.0.1:0", "--ops-address", "127.0.0.1:0", "--log-format", "json"]);
    this.#process = child;
    let printed = "", logged = "";
    child.stderr.on("data", (text) => { logged = (logged + text).slice(-4000); });
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`gable ended with ${code}:\n${logged}`)));
      child.stdout.on("data", (text) => {
        printed += text;
        const [, url] = printed.match(/(http:\S+)\/docs/) ?? [];
        const [, key] = printed.match(/API key +(\S+)/) ?? [];
        const [, name, password] = printed.match(/sign in as (\S+), with the password (\S+)\)/) ?? [];
        if (url && key && password) {
          Object.assign(this, { url, key, administrator: { name, password } });
          resolve();
        }
      });
    });
  }

  /** Stops the program and removes its files. */
  async stop() {
    if (this.#process && this.#process.exitCode === null) {
      const ended = new Promise((resolve) => this.#process.on("exit", resolve));
      this.#process.kill("SIGTERM");
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Sends a request to the API with a key; returns {status, body}. */
  async ask(method, address, body, key = this.key) {
    const response = await fetch(this.url + address, {
      method, body: body && JSON.stringify(body),
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", "Consistency": "linearizable" },
    });
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text) };
  }

  /** Stores a listing and returns it. */
  async list(details) {
    const { status, body } = await this.ask("POST", "/v1/properties", { price: "100000", kind: "house", bedrooms: 3, ...details });
    if (status !== 201) throw new Error(`listing refused: ${status} ${JSON.stringify(body)}`);
    return body;
  }
}
