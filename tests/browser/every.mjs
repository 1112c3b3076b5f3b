// After the visits: every page that the program has was looked at in one of them, or it is said why not.
import { noted } from "./noted.mjs";

const DOWNLOAD = "is a file";
/** What no visit looks at, and why. */
const APART = {
  "/assets/{name}": "is loaded by every page",
  "/cases/{id}/fragment": "is a part of the page of the case",
  "/cases/{id}/live": "is a stream",
  "/cases/{id}/clocks.ics": DOWNLOAD,
  "/cases/{id}/evidence/{item}/bytes": DOWNLOAD,
  "/cases/{id}/notices/{notice}/as/{form}": DOWNLOAD,
  "/cases/{id}/notices/{notice}/file/{file}": DOWNLOAD,
  "/signin/idp": "leads to the company's sign-in",
};

/** Whether a path is one of a route: part by part, where a route may name any. */
const isOf = (path, route) => {
  const [parts, names] = [path.split("/"), route.split("/")];
  return parts.length === names.length && names.every((name, at) => name === parts[at] || name.startsWith("{"));
};

const [pages, paths] = noted();
const wrong = Object.keys(APART).filter((route) => !pages.includes(route)).map((route) => `${route} is no page, and stands apart`);
for (const route of pages) {
  const [seen, why] = [paths.some((path) => isOf(path, route)), APART[route]];
  if (!seen && !why) wrong.push(`${route} was not looked at`);
  if (seen && why) wrong.push(`${route} was looked at, though it ${why}`);
}
if (pages.length < 30) wrong.push(`the program names ${pages.length} pages`);
console.log(`${pages.length} pages, ${wrong.length} wrong`);
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exitCode = 1;
}
