// Signs in to a real daemon in a real browser: from the invitation to a case, its hold and its recall; with
// a passkey, with the company's account, with a break-glass code, and by a link from elsewhere.
import { execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { note } from "./noted.mjs";

const cache = process.env.CORDON_BROWSER_CACHE;
const shots = process.env.CORDON_BROWSER_SHOTS;
const program = process.env.CORDON_PROGRAM ?? "target/debug/cordon";
const require = createRequire(join(cache, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const wrong = [];
const expect = (holds, what) => {
  if (!holds) wrong.push(what);
  console.log(`${holds ? "ok   " : "WRONG"} ${what}`);
};

const folder = mkdtempSync(join(tmpdir(), "cordon-signin-"));
const config = join(folder, "cordon.toml");
/** A port that nothing listens on: the provider is told before the daemon starts where people come back to. */
const port = await new Promise((ready) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => ready(port));
  });
});
/** By its name: no browser makes passkeys for an address of numbers. */
const base = `http://localhost:${port}`;
const provider = spawn(process.execPath, [new URL("../contract/oidc-provider.mjs", import.meta.url).pathname, cache, `${base}/signin/idp/back`],
  { stdio: ["ignore", "pipe", "ignore"] });
const { value: providerPort } = await createInterface({ input: provider.stdout })[Symbol.asyncIterator]().next();
const issuer = `http://127.0.0.1:${providerPort}`;
const person = (name, role) =>
  `[[people]]\nname = "${name}"\nroles = [${role}]\nemails = ["${name.split(" ")[0].toLowerCase()}@corp.example"]\n`;
writeFileSync(config, `data = "data"\nzone = "Europe/Berlin"\n[serve]\nlisten = "127.0.0.1:${port}"\npublic_url = "${base}"\n`
  + `[signin.oidc]\nissuer = "${issuer}"\nclient_id = "public"\nmatch = "sub"\nsecond_factor = "totp"\nsubjects = { sam = "Sam Subject" }\n`
  + person("Kim Lead", '"incident_lead", "administrator"') + person("Sam Subject", '"legal"') + person("Bo Root", '"administrator"'));
const said = join(folder, "said");
const daemon = spawn(program, ["--config", config, "serve", "--json"],
  { stdio: ["ignore", openSync(said, "w"), openSync(join(folder, "log"), "w")] });
let url;
for (let tries = 0; !url && tries < 600; tries += 1) {
  await new Promise((done) => setTimeout(done, 100));
  const text = existsSync(said) ? readFileSync(said, "utf8") : "";
  try { url = JSON.parse(text).listen && base; } catch { /* not yet */ }
}
/** A command, carried out by the daemon. */
const cordon = (...args) => {
  const out = execFileSync(program, ["--config", config, "--json", ...args], { encoding: "utf8" });
  return JSON.parse(out);
};
/** The six digits of an authenticator app (RFC 6238). */
const totp = (secret, ahead = 0) => {
  const bits = [...secret.replace(/[^A-Z2-7]/g, "")]
    .map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + ahead));
  const mac = createHmac("sha1", key).update(step).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const windowOf = async (listens = true) => {
  // The policy of the daemon acts in every window; what it refuses, the console says.
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (listens && message.type() === "error" && !/status of (4|5)/.test(message.text())) {
      wrong.push(`console at ${page.url()}: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => wrong.push(`script at ${page.url()}: ${error}`));
  return page;
};
/** Wide and light, narrow and dark: nothing scrolls sideways, and axe finds nothing. */
const look = async (page, name) => {
  note(page);
  for (const [width, colorScheme] of [[360, "dark"], [1280, "light"]]) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    const [scroll, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    expect(scroll <= inner, `${name} ${width} ${colorScheme}: nothing to scroll sideways (${scroll} in ${inner})`);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    const found = violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.target.join(" ")).join("; ")}`);
    expect(found.length === 0, `${name} ${width} ${colorScheme}: axe finds nothing ${found.join(" | ")}`);
    await page.screenshot({ path: join(shots, `signin-${name}-${width}-${colorScheme}.png`), fullPage: true });
  }
};
const heading = (page) => page.locator("h1").innerText();
/** Enrols an invited person and leaves them signed in. */
const enrol = async (page, name, passphrase) => {
  const { link } = cordon("people", "invite", name);
  await page.goto(url + new URL(link).pathname);
  await look(page, `welcome-${name.split(" ")[0]}`);
  const secret = await page.locator("code").first().innerText();
  await page.fill("#passphrase", passphrase);
  await page.fill("#again", passphrase);
  await page.fill("#code", totp(secret));
  await page.click("main button");
  return secret;
};

/** What would run a script that somebody got into a page. */
const policyActs = async () => {
  const page = await windowOf(false);
  await page.goto(`${url}/signin`);
  const refused = await page.evaluate(() => new Promise((done) => {
    document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
    const script = document.createElement("script");
    script.textContent = "globalThis.ran = true";
    document.body.append(script);
    setTimeout(() => done(`nothing; it ran: ${globalThis.ran}`), 5000);
  }));
  expect(refused.startsWith("script-src"), `a script within a page is refused by ${refused}`);
  await page.context().close();
};

/** A link from elsewhere: the browser keeps the session back once, and a page of ours leads on. */
const fromElsewhere = async (page) => {
  const link = `data:text/html,<a href="${url}/account">the account</a>`;
  await page.goto(link);
  await page.click("a");
  await page.waitForFunction(() => document.querySelector("h1")?.innerText === "Your account");
  expect(page.url() === `${url}/account`, "a link from elsewhere leads to where it says");
  // Once more, and the way on is held up: what leads on is looked at too.
  let asked = 0;
  await page.route(`${url}/account`, (route) => {
    asked += 1;
    return asked === 1 ? route.continue() : route.fulfill({ status: 204 });
  });
  await page.goto(link);
  await page.click("a");
  await page.getByText("Go on").waitFor();
  await look(page, "onward");
  await page.unroute(`${url}/account`);
  await page.getByText("Go on").click();
  expect(await heading(page) === "Your account", "and its link leads on as well");
};

/** The company's account, and the code of an app beside it. */
const byProvider = async (page, secret) => {
  await fetch(`${issuer}/as/sam`);
  await page.goto(`${url}/signin`);
  await page.getByRole("link", { name: "Sign in with the company's account" }).click();
  await page.getByText("One step is left.").waitFor();
  await look(page, "signin-code");
  await page.fill("#code", totp(secret, 1));
  await page.click("main button");
  expect(await page.locator("header").getByText("Sam Subject").count() === 1, "the company's account and a code lead inside");
};

/** A passkey: made on the account page with a code, used with a name alone, refused to who is not verified. */
const byPasskey = async (page) => {
  const secret = await enrol(page, "Bo Root", "meadow copper window twelve");
  const device = await page.context().newCDPSession(page);
  await device.send("WebAuthn.enable");
  const { authenticatorId } = await device.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
  });
  const says = (pattern) => page.getByRole("status").filter({ hasText: pattern }).waitFor();
  await page.goto(`${url}/account`);
  await page.fill("#passkey-name", "the blue laptop");
  await page.fill("#passkey-code", "000000");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await says(/another code/);
  await page.fill("#passkey-code", totp(secret, 1));
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("button", { name: "Remove the passkey the blue laptop" }).waitFor();
  const { credentials } = await device.send("WebAuthn.getCredentials", { authenticatorId });
  expect(credentials.length === 1 && credentials[0].isResidentCredential, "a passkey is made on the account page, after a code");
  await look(page, "account-passkey");

  // What cannot be fetched is an error of the console: nobody listens to that window.
  const late = await windowOf(false);
  await late.context().addCookies(await page.context().cookies());
  await late.goto(`${url}/account`);
  await late.fill("#passkey-name", "too late");
  await late.fill("#passkey-code", "000000");
  await late.context().clearCookies();
  await late.getByRole("button", { name: "Add a passkey" }).click();
  await late.getByRole("status").filter({ hasText: /out of date/ }).waitFor();
  expect(true, "on a page whose session has run out, the script says to open it again");
  await late.context().close();

  await page.click("header button");
  await page.goto(`${url}/signin?next=/people`);
  await look(page, "signin-passkey");
  const use = page.getByRole("button", { name: "Use a passkey" });
  await use.click();
  expect(await page.evaluate(() => document.activeElement.id) === "name", "without a name, the name is asked for");
  await page.fill("#name", "Sam Subject");
  await use.click();
  await page.getByRole("alert").waitFor();
  expect(/You are not signed in/.test(await page.getByRole("alert").innerText()), "a passkey of somebody else is refused");
  await look(page, "signin-passkey-refused");
  await page.goto(`${url}/signin?next=/people`);
  await device.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await page.fill("#name", "Bo Root");
  await use.click();
  await says(/No passkey/);
  expect(new URL(page.url()).pathname === "/signin", "who is not verified by the device is not signed in");
  await device.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
  await use.click();
  await page.waitForURL(`${url}/people`);
  const bo = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "Bo Root" }) });
  expect(await bo.locator("[data-label=Passkeys]").innerText() === "1", "name and passkey lead inside, and the list counts it");

  await page.goto(`${url}/account`);
  await page.getByRole("button", { name: "Remove the passkey the blue laptop" }).click();
  expect(await page.getByText("the blue laptop").count() === 0, "it is removed");
  await page.click("header button");
  await page.goto(`${url}/signin`);
  await page.fill("#name", "Bo Root");
  await use.click();
  await page.getByRole("alert").waitFor();
  expect(true, "and signs nobody in any more");
};

/** Without scripts there is a form of passphrase and code, and no button that does nothing. */
const withoutScripts = async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${url}/signin`);
  expect(!await page.getByText("Use a passkey").isVisible() && await page.locator("#passphrase").isVisible(),
    "without scripts no passkey is offered, and the sign-in is there");
  await context.close();
};

/** A break-glass code: everybody sees that it was used, until an administrator has said so. */
const breakGlass = async (page, others) => {
  const { codes } = cordon("people", "break-glass", "Bo Root", "--reason", "the yearly renewal");
  await page.goto(`${url}/signin/break-glass`);
  await page.fill("[name=name]", "Bo Root");
  await page.fill("[name=code]", codes[0]);
  await page.fill("[name=reason]", "nothing else lets anybody in");
  await page.click("main form button");
  expect(await page.locator("header").getByText("Bo Root").count() === 1, "a break-glass code leads inside");
  const rings = (seen) => seen.getByText("Break-glass sign-in").first();
  for (const [name, seen] of others) {
    await seen.goto(`${url}/account`);
    expect(await rings(seen).isVisible(), `${name} sees that it was used`);
  }
  const [[, first]] = others;
  await look(first, "bells");
  await first.goto(`${url}/people`);
  await look(first, "people-bells");
};

try {
  const kim = await windowOf();
  await kim.goto(`${url}/cases`);
  await kim.goto(url);
  expect(new URL(kim.url()).pathname === "/signin", "who is not signed in comes to the sign-in");
  await look(kim, "signin");
  await kim.goto(`${url}/signin/break-glass`);
  await look(kim, "break-glass");
  const passphrase = "lantern orchard quiet seven";
  const secret = await enrol(kim, "Kim Lead", passphrase);
  await kim.goto(url);
  expect(await kim.locator("header").getByText("Kim Lead").count() === 1, "the invitation leads inside");
  await look(kim, "no-cases");
  await kim.click("header button");
  await kim.goto(url);
  expect(new URL(kim.url()).pathname === "/signin", "signing out ends the session");

  const { case: id } = cordon("case", "open", "--email", "sam@corp.example", "--worker-id", "W-7");
  const enter = async (page, name, words, code) => {
    await page.goto(`${url}/signin?next=/cases/${id}`);
    await page.fill("[name=name]", name);
    await page.fill("[name=passphrase]", words);
    await page.fill("[name=code]", code);
    await page.getByRole("button", { name: "Sign in" }).click();
  };
  await enter(kim, "Kim Lead", "not the passphrase at all", totp(secret, 1));
  expect(new URL(kim.url()).pathname !== `/cases/${id}`, "a wrong passphrase is refused");
  await enter(kim, "kim@corp.example", passphrase, totp(secret));
  expect(new URL(kim.url()).pathname !== `/cases/${id}`, "a code works once");
  await enter(kim, "kim@corp.example", passphrase, totp(secret, 1));
  expect(new URL(kim.url()).pathname === `/cases/${id}`, "the sign-in leads to where it was asked for");
  await look(kim, "case");
  await kim.goto(`${url}/account`);
  await look(kim, "account");
  await kim.goto(`${url}/people`);
  await look(kim, "people");
  await policyActs();
  await fromElsewhere(kim);

  const sam = await windowOf();
  const samSecret = await enrol(sam, "Sam Subject", "harbour pencil velvet nine");
  await sam.goto(`${url}/cases/${id}`);
  const hidden = await sam.locator("main").innerText();
  await sam.goto(`${url}/cases/case_00000000000000000000000000`);
  expect(hidden === await sam.locator("main").innerText(), "the account holder sees no more than of no case");

  await byPasskey(await windowOf());
  await withoutScripts();
  await byProvider(await windowOf(), samSecret);
  await breakGlass(await windowOf(), [["an administrator", kim], ["everybody", sam]]);

  const { link } = cordon("case", "recall-link", id);
  const hr = await windowOf();
  await hr.goto(url + new URL(link).pathname);
  await look(hr, "recall");
  await hr.fill("#reason", "the departure was entered for the wrong person");
  await hr.click("main form button");
  await look(hr, "recalled");
  expect(cordon("status", id).summary.phase === "held", "the link holds the case");
  await hr.goto(url + new URL(link).pathname);
  expect(/cannot be used/.test(await hr.locator("main").innerText()), "the link works once");
  await kim.goto(`${url}/cases/${id}`);
  expect(/held/i.test(await kim.locator("main").innerText()), `the page says so: ${await heading(kim)}`);
} catch (error) {
  wrong.push(String(error));
} finally {
  await browser.close();
  provider.kill();
  daemon.kill("SIGTERM");
  const code = await new Promise((done) => daemon.on("exit", done));
  expect(code === 0, "the daemon ends when it is told to");
  rmSync(folder, { recursive: true, force: true });
}
if (wrong.length > 0) {
  console.error(`\n${wrong.length} wrong:\n${wrong.join("\n")}`);
  process.exit(1);
}
