// Visits every page, and fails on anything that a person would trip over.
import { join } from "node:path";
import { cases, done, expect, looked, shots, url, windowOf, wrong } from "./pages.mjs";

const LEAD = "Dana Whitlock";
/** Whom the cases are about; works here too, as an incident lead. */
const SUBJECT = "Sorrel Quint";

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
    ["notices-reader", "Avery Stone", `${ended}/notices`], ["fields", LEAD, fields],
    ["redline", LEAD, `${notice}/redline`], ["facts", LEAD, `${ended}/facts`],
    ["leads", LEAD, `${ended}/leads`], ["leads-reader", "Robin Vale", `${ended}/leads`], ["contacts", LEAD, `${ended}/contacts`],
    ["evidence", LEAD, `${ended}/evidence`], ["item", LEAD, item], ["log", LEAD, `${ended}/log`],
    ["trail", LEAD, `${ended}/log?kind=trail`], ["hostile", LEAD, `/cases/${cases.hostile}`],
    ["plan", LEAD, `${gated}/plan`], ["plan-ended", "Robin Vale", `${ended}/plan`],
    ["accounts", LEAD, `${ended}/accounts`], ["links", "Harper Lind", `${gated}/recall-links`],
    ["sanctions", LEAD, `${ended}/sanctions`], ["undo", "Robin Vale", `${ended}/undo`], ["message", "Harper Lind", `/messages/${cases.message}`],
    ["hr", "Harper Lind", ended], ["executive", "Eli Marsh", ended], ["administrator", "Ada Root", "/"],
    ["fault", LEAD, "/cases/none"],
  ];
}

const WINDOWS = ["light", "dark"].flatMap((scheme) => [1280, 360].map((width) => ({ width, scheme })));

async function onePage(name, who, path) {
  const seen = async ({ width, scheme }) => {
    const page = await windowOf(who, { width, scheme });
    const response = await page.goto(url + path);
    expect(response.status() === (name === "fault" ? 404 : 200), `${name}: ${response.status()}`);
    await page.screenshot({ path: join(shots, `${name}-${width}-${scheme}.png`), fullPage: true });
    await looked(page, `${name} ${width} ${scheme}`);
    await page.context().close();
  };
  const plain = async () => {
    const page = await windowOf(who, { scripts: false });
    await page.goto(url + path);
    const heading = await page.locator("h1").count();
    expect(heading === 1, `${name}: one heading, without scripts too`);
    await page.context().close();
  };
  // The windows of one page beside each other: a browser that waits for a picture does nothing else.
  await Promise.all([...WINDOWS.map(seen), plain()]);
}

async function everyPage() {
  for (const [name, who, path] of await paths()) {
    await onePage(name, who, path);
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

/** What the form of a gate sends, beside what a person fills in. */
async function sent(page) {
  const value = (name) => page.locator(`main form input[name=${name}]`).getAttribute("value");
  return { csrf: await value("csrf"), plan: await value("plan"), decision: "approve" };
}

/** Whoever decided is not asked again, and a form that they send once more adds nothing. */
async function decidesOnce(page, who, gate, form) {
  await page.goto(gate);
  expect(await page.getByText("You do not decide here: you decided before").isVisible(), `${who} decided before, and is told so`);
  expect(await page.getByRole("button", { name: "Approve" }).count() === 0, "and has nothing to approve with");
  const again = await page.request.post(gate, { headers: { "x-test-as": who }, form: { ...form, reason: "Once more." } });
  expect(again.status() < 500, `the same form sent again is answered with what stands: ${again.status()}`);
  await page.goto(gate);
  expect(await page.locator(".decisions li").count() === 1, "the gate has one decision as before");
  expect(await page.getByText("1 of 2 people still have to approve").isVisible(), "and waits for another person");
}

/** For the account holder there is no such case, whatever role they have. */
async function decidesNotOfThemself(who, gate, form) {
  const page = await windowOf(who);
  await page.goto(url);
  expect(!(await page.content()).includes(cases.gated), "the account holder's list has no case about them");
  const shown = await page.goto(gate);
  expect(shown.status() === 404, `nor do they find its gate: ${shown.status()}`);
  expect(await page.getByRole("button", { name: "Approve" }).count() === 0, "nor anything to approve with");
  const own = await page.request.post(gate, { headers: { "x-test-as": who }, form: { ...form, reason: "It is fine." } });
  expect(own.status() === 404, `nor is a form of theirs taken: ${own.status()}`);
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
    const [gate, form] = [page.url(), await sent(page)];
    if (who === LEAD) await decidesNotOfThemself(SUBJECT, gate, form);
    await page.getByLabel("Why").fill("Read, and agreed.");
    await page.getByRole("button", { name: "Approve" }).click();
    expect(await page.getByText("Your decision stands in the log.").isVisible(), `${who} approves`);
    await page.screenshot({ path: join(shots, `decided-${who === LEAD ? 1 : 2}.png`), fullPage: true });
    if (who === LEAD) await decidesOnce(page, who, gate, form);
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
} catch (error) {
  wrong.push(String(error));
} finally {
  await done();
}
