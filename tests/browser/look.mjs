// Starts the pages on loopback, visits each of them, and fails on anything that a person would trip over.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const cache = process.env.CORDON_BROWSER_CACHE;
const shots = process.env.CORDON_BROWSER_SHOTS;
const require = createRequire(join(cache, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const wrong = [];
const expect = (holds, what) => {
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

const LEAD = "Dana Whitlock";
const { url, cases, end } = await serve();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** A window of somebody. What the page's policy refuses, or a script throws, is wrong. */
async function windowOf(name, { width = 1280, scheme = "light", scripts = true } = {}) {
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

async function hrefs(page, selector) {
  return page.$$eval(selector, (links) => links.map((link) => link.getAttribute("href")));
}

/** The paths to look at, each with who looks. */
async function paths() {
  const lead = await windowOf(LEAD);
  const ended = `/cases/${cases.ended}`;
  const gated = `/cases/${cases.gated}`;
  await lead.goto(url + gated);
  const [gate] = await hrefs(lead, ".card-mine a");
  await lead.goto(url + ended);
  const [clock] = await hrefs(lead, ".clock a");
  const drafts = await hrefs(lead, "#part-notices a");
  const [notice] = drafts;
  let fields;
  for (const draft of drafts) {
    await lead.goto(url + draft);
    fields ??= (await hrefs(lead, 'a[href$="/fields"]'))[0];
  }
  await lead.goto(`${url}${ended}/evidence`);
  const [item] = await hrefs(lead, ".rows a");
  await lead.context().close();
  return [
    ["cases", LEAD, "/"], ["case", LEAD, ended], ["case-gated", LEAD, gated], ["gate", LEAD, gate],
    ["clocks", LEAD, `${ended}/clocks`], ["clock", LEAD, clock], ["notice", LEAD, notice], ["notices", LEAD, `${ended}/notices`],
    ["notices-reader", "Avery Stone", `${ended}/notices`], ["fields", LEAD, fields], ["contacts", LEAD, `${ended}/contacts`],
    ["evidence", LEAD, `${ended}/evidence`], ["item", LEAD, item], ["log", LEAD, `${ended}/log`],
    ["trail", LEAD, `${ended}/log?kind=trail`], ["hostile", LEAD, `/cases/${cases.hostile}`],
    ["plan", LEAD, `${gated}/plan`], ["plan-ended", "Robin Vale", `${ended}/plan`],
    ["hr", "Harper Lind", ended], ["executive", "Eli Marsh", ended], ["administrator", "Ada Root", "/"],
    ["fault", LEAD, "/cases/none"],
  ];
}

async function looked(page, name) {
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

async function everyPage() {
  for (const [name, who, path] of await paths()) {
    for (const scheme of ["light", "dark"]) {
      for (const width of [1280, 360]) {
        const page = await windowOf(who, { width, scheme });
        const response = await page.goto(url + path);
        expect(response.status() === (name === "fault" ? 404 : 200), `${name}: ${response.status()}`);
        await page.screenshot({ path: join(shots, `${name}-${width}-${scheme}.png`), fullPage: true });
        await looked(page, `${name} ${width} ${scheme}`);
        await page.context().close();
      }
    }
    const plain = await windowOf(who, { scripts: false });
    await plain.goto(url + path);
    const heading = await plain.locator("h1").count();
    expect(heading === 1, `${name}: one heading, without scripts too`);
    await plain.context().close();
  }
}

async function keyboard() {
  const page = await windowOf(LEAD);
  await page.goto(`${url}/cases/${cases.ended}`);
  await page.keyboard.press("Tab");
  const skip = await page.evaluate(() => document.activeElement.className);
  expect(skip === "skip", "the first stop of the keyboard skips to the content");
  await page.keyboard.press("Enter");
  expect(page.url().endsWith("#main"), "and it does");
  await page.emulateMedia({ media: "print" });
  await page.pdf({ path: join(shots, "case.pdf") });
  await page.screenshot({ path: join(shots, "case-print.png"), fullPage: true });
  await page.context().close();
}

/** Two people approve; a third window sees the run go on without asking. */
async function decide() {
  const watching = await windowOf("Avery Stone");
  await watching.goto(`${url}/cases/${cases.gated}`);
  await watching.waitForTimeout(1500);
  for (const who of [LEAD, "Morgan Hale"]) {
    const page = await windowOf(who, { scripts: who === LEAD });
    await page.goto(url);
    await page.locator(".ask a").first().click();
    await page.getByLabel("Why").fill("Read, and agreed.");
    await page.getByRole("button", { name: "Approve" }).click();
    expect(await page.getByText("Your decision stands in the log.").isVisible(), `${who} approves`);
    await page.screenshot({ path: join(shots, `decided-${who === LEAD ? 1 : 2}.png`), fullPage: true });
    await page.context().close();
  }
  await watching.getByText("Enough people approved.").waitFor({ timeout: 10_000 });
  const before = await watching.locator("#part-run").innerText();
  await watching.request.post(`${url}/test/run/${cases.gated}`);
  await watching.waitForFunction(
    (text) => document.getElementById("part-run").innerText !== text, before, { timeout: 20_000 });
  expect(true, "the run is followed live");
  await watching.waitForFunction(() => document.getElementById("live-status").textContent !== "", null, { timeout: 20_000 });
  expect(true, `and announced: ${await watching.locator("#live-status").textContent()}`);
  await watching.context().close();
}

try {
  await everyPage();
  await keyboard();
  await decide();
} finally {
  await browser.close();
  end();
}
if (wrong.length > 0) {
  console.error(`\n${wrong.length} wrong:\n${wrong.join("\n")}`);
  process.exit(1);
}
