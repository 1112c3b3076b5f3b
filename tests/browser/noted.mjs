// Which pages there are, and which were looked at, by all the visits of one round.
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const file = (name) => join(process.env.CORDON_BROWSER_SHOTS, name);

/** The program has these pages. */
export const tell = (pages) => writeFileSync(file("pages.json"), JSON.stringify(pages));

/** A page was looked at. */
export const note = (page) => appendFileSync(file("looked-at.txt"), `${new URL(page.url()).pathname}\n`);

/** Every page by its route, and the paths that were looked at. */
export const noted = () => [
  JSON.parse(readFileSync(file("pages.json"), "utf8")),
  [...new Set(readFileSync(file("looked-at.txt"), "utf8").trim().split("\n"))],
];
