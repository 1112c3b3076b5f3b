// A lawyer who has never seen the product reviews a notice: from the list of cases to the receipt.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cases, done, expect, looked, shots, url, windowOf, wrong } from "./pages.mjs";

const COUNSEL = "Morgan Hale";
const LEAD = "Dana Whitlock";
const FIRST = "Each heading is a field of the form, in the order of the form.";
const OTHER = "Each heading names a field of the form, in the order of the form.";
const notices = `/cases/${cases.ended}`;

/** The page as it stands, wide and light, narrow and dark. Leads back to where the window was. */
async function look(page, name, address = page.url()) {
  for (const [width, scheme] of [[1280, "light"], [360, "dark"]]) {
    const other = await windowOf(COUNSEL, { width, scheme });
    await other.goto(address);
    await other.screenshot({ path: join(shots, `review-${name}-${width}-${scheme}.png`), fullPage: true });
    await looked(other, `${name} ${width} ${scheme}`);
    await other.context().close();
  }
}

const block = (page, words) => page.locator(".block").filter({ hasText: words }).first();

/** Opens the forms of the paragraph that says `words`. */
async function forms(page, words) {
  await block(page, words).locator("a.work").click();
  return page.locator(".block .panel");
}

/** Changes the paragraph that says `words`, at once. */
async function change(page, words, to, why) {
  const panel = await forms(page, words);
  await panel.getByLabel("Other words for it").fill(to);
  await panel.getByLabel("Why", { exact: true }).fill(why);
  await panel.getByRole("button", { name: "Change the text now" }).click();
}

async function approve(page, why) {
  await page.locator("#decide + form").getByLabel("Why").fill(why);
  await page.getByRole("button", { name: "Approve exactly this" }).click();
}

const stands = (page) => page.locator("section[aria-labelledby=stands]").innerText();

async function reads(page) {
  await page.goto(url);
  await page.locator(`main a[href="${notices}"]`).first().click();
  await page.locator("#part-notices a").filter({ hasText: "IC3" }).click();
  expect(/IC3/.test(await page.locator("h1").innerText()), "the notice opens from its case");
  await look(page, "notice");
  await page.locator("a.said").first().click();
  const source = page.locator("#sources + .sources li:target");
  const said = await source.innerText();
  expect(/sha256 [0-9a-f]{64}/.test(said) && /collected by \w+/.test(said) && await source.locator("time").count() === 1,
    `a sentence leads to its source: ${said.replaceAll("\n", " ").slice(0, 120)}`);
  expect(await source.isVisible(), "and the source is seen");
  await page.screenshot({ path: join(shots, "review-source.png") });
}

async function works(page) {
  let panel = await forms(page, FIRST);
  await look(page, "forms");
  await panel.getByLabel("Comment on paragraph").fill("Is this the order of today's form?");
  await panel.getByRole("button", { name: "Comment" }).click();
  expect(await block(page, FIRST).getByText("Is this the order of today's form?").isVisible(), "a comment stands at its paragraph");
  panel = await forms(page, FIRST);
  await panel.getByLabel("Other words for it").fill(OTHER);
  await panel.getByLabel("Why", { exact: true }).fill("plainer");
  await panel.getByRole("button", { name: "Suggest" }).click();
  const suggested = block(page, FIRST).locator(".redline");
  expect(await suggested.locator("ins").count() > 0 && await suggested.locator("del").count() > 0, "a suggestion shows what it changes");
  await look(page, "suggested");
  await page.getByRole("button", { name: "Take suggestion 1" }).click();
  expect(await block(page, OTHER).isVisible(), "a suggestion that is taken is the text");
  await page.getByRole("link", { name: "what changed since" }).last().click();
  expect(await page.getByText("1 paragraph changed.").isVisible() && await page.locator("ins").count() > 1, "the redline shows the changed words");
  await look(page, "redline");
  await page.getByRole("link", { name: "Back to the notice" }).click();
}

async function isStopped(page) {
  await change(page, OTHER, "The account holder is a North Korean agent.", "as heard");
  expect(/Has to be changed, line \d+: “.*North Korea/i.test(await page.locator("#wording").innerText()), "words that accuse are found where they stand");
  await look(page, "wording");
  await approve(page, "Read.");
  const refused = await page.locator("main").innerText();
  expect(/The wording stands in the way of an approval: line \d+/.test(refused), `the approval is refused: ${refused.replaceAll("\n", " ").slice(0, 200)}`);
  await look(page, "facts", `${url}${notices}/facts`);
  await page.screenshot({ path: join(shots, "review-refused.png"), fullPage: true });
  await page.goBack();
  await page.reload();
  await change(page, "North Korean agent", OTHER, "nobody is accused");
  expect(await page.getByText("Has to be changed").count() === 0, "without them the wording stands in nobody's way");
}

async function approves(page) {
  await approve(page, "Read in full, and agreed.");
  expect((await stands(page)).includes(`Approved by ${COUNSEL}`), "counsel approves");
  await change(page, OTHER, OTHER.replace("names", "is"), "one word");
  expect((await stands(page)).includes(`Void: the approval of ${COUNSEL}`), "one changed word makes the approval void");
  await look(page, "void");
  await approve(page, "Read again.");
  expect(await page.locator("#out").count() === 0, "one of two is not enough");
  const second = await windowOf(LEAD);
  await second.goto(page.url());
  await approve(second, "Agreed.");
  expect(await second.locator("#out").isVisible(), "a second person approves, and it may go out");
  await second.context().close();
  await page.reload();
}

/** The file that was downloaded, as a reviewer sends it back: two words changed without tracking. */
const REVIEWER = `
import sys, zipfile, docx
source, target = sys.argv[1:]
with zipfile.ZipFile(source) as packed:
    assert packed.testzip() is None and "word/document.xml" in packed.namelist()
document = docx.Document(source)
said = next(p for p in document.paragraphs if p.text.startswith("Each heading"))
said.runs[0].text = said.runs[0].text.replace("in the order of the form", "in the same order")
document.add_comment(said.runs, text="Shorter.", author="Grace Reviewer", initials="GR")
document.save(target)
`;

async function inWord(page) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Word", exact: true }).click()]);
  const [mine, theirs] = [join(shots, "review.docx"), join(shots, "reviewed.docx")];
  await download.saveAs(mine);
  expect(readFileSync(mine).subarray(0, 2).toString() === "PK", `the Word file is packed: ${download.suggestedFilename()}`);
  execFileSync("python3", ["-c", REVIEWER, mine, theirs], { stdio: "inherit" });
  await page.getByLabel("Bring a reviewed Word file").setInputFiles(theirs);
  await page.getByRole("button", { name: "Read the Word file" }).click();
  const at = block(page, OTHER.split(",")[0].replace("names", "is"));
  const suggestion = at.locator(".remark").filter({ hasText: "suggests" });
  expect((await suggestion.locator("ins").allInnerTexts()).join(" ").includes("same"), "what was changed in Word is a suggestion here");
  expect(await at.getByText("Shorter.").isVisible(), "and its comment a comment");
  expect(await page.locator("#out").isVisible(), "neither touches the approvals");
  await look(page, "word");
  await page.getByLabel("Why not suggestion").fill("the form is named once more below");
  await page.getByRole("button", { name: "Decline suggestion" }).click();
}

async function goesOut(page) {
  const out = page.locator("form[action$='/do/dispatch']");
  await out.getByLabel("How").selectOption("portal");
  await out.getByLabel("To whom, or into which form").fill("the complaint form");
  await out.getByLabel("although facts are missing").check();
  await out.getByRole("button", { name: "Record it" }).click();
  expect(/Went out by portal .*the complaint form/.test((await stands(page)).replaceAll("\n", " ")), "the dispatch into a portal is recorded");
  await page.getByLabel("Reference").fill("I-2027-0042");
  const shown = join(shots, "receipt.txt");
  writeFileSync(shown, "Received. Reference I-2027-0042.\n");
  await page.getByLabel("Files that show it").setInputFiles(shown);
  await page.getByRole("button", { name: "Record the receipt" }).click();
  expect(/I-2027-0042.*receipt\.txt sha256/.test((await stands(page)).replaceAll("\n", " ")), "and the receipt with its file");
  expect(await page.getByRole("button", { name: "Approve exactly this" }).count() === 0, "what went out is not approved again");
  await look(page, "out");
  await look(page, "clocks", `${url}${notices}/clocks`);
}

try {
  const page = await windowOf(COUNSEL);
  for (const part of [reads, works, isStopped, approves, inWord, goesOut]) {
    await part(page);
  }
} catch (error) {
  wrong.push(String(error));
} finally {
  await done();
}
