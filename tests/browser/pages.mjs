// What every visit shares: the pages on loopback, windows of people, and what a page may never do.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { note, tell } from "./noted.mjs";

const cache = process.env.CORDON_BROWSER_CACHE;
export const shots = process.env.CORDON_BROWSER_SHOTS;
const require = createRequire(join(cache, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
export const wrong = [];
export const expect = (holds, what) => {
  if (!holds) wrong.push(what);
  console.log(`${holds ? "ok   " : "WRONG"} ${what}`);
};

/** The pages, and how to end them. */
async function serve() {
  if (process.env.CORDON_BROWSER_SERVED) {
    return { ...JSON.parse(process.env.CORDON_BROWSER_SERVED), end: () => {} };
  }
  const args = ["test", "--test", "it", "--", "--exact", "web::served::for_a_browser", "--nocapture"];
  const child = spawn("cargo", args, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, CORDON_BROWSER: "1" } });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("SERVED ")) {
      return { ...JSON.parse(line.slice(7)), end: () => child.stdin.end() };
    }
  }
  throw new Error("the pages were not served");
}

const served = await serve();
export const { url, cases } = served;
tell(served.pages);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** A window of somebody. What the page's policy refuses, or a script throws, is wrong. */
export async function windowOf(name, { width = 1280, scheme = "light", scripts = true } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: scheme,
    javaScriptEnabled: scripts,
    extraHTTPHeaders: { "x-test-as": name },
  });
  // A busy machine is no fault of a page.
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of (4|5)/.test(message.text())) {
      wrong.push(`console at ${page.url()}: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => wrong.push(`script at ${page.url()}: ${error}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("data:")) wrong.push(`asked elsewhere: ${request.url()}`);
  });
  return page;
}

/** Nothing scrolls sideways, and axe finds nothing, with everything open that is folded away. */
export async function looked(page, name) {
  note(page);
  const { scroll, inner } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth, inner: document.documentElement.clientWidth,
  }));
  expect(scroll <= inner, `${name}: nothing to scroll sideways (${scroll} in ${inner})`);
  // Everything that is folded away is looked at too.
  await page.$$eval("details", (all) => all.forEach((one) => { one.open = true; }));
  await page.evaluate(axe);
  const result = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  const found = result.violations.map((one) =>
    `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.target.join(" ")).join("; ")}`);
  expect(found.length === 0, `${name}: axe finds nothing (${result.passes.length} rules pass) ${found.join(" | ")}`);
}

/** Ends what was started, and the program: not well, when anything was wrong. */
export async function done() {
  await browser.close();
  served.end();
  if (wrong.length > 0) {
    console.error(`\n${wrong.length} wrong:\n${wrong.join("\n")}`);
    process.exitCode = 1;
  }
}
