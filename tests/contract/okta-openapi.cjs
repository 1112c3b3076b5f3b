// Makes Okta's own description loadable by Prism: node okta-openapi.cjs DESCRIPTION.yaml OUT.json
//
// The published file refers to examples that it does not hold, which Prism refuses. Examples and
// webhooks say nothing about which calls and answers are legal, so they are taken out.
//
// One thing is said in another way: a `oneOf` with a discriminator (a role is standard or custom, by
// its `type`). Prism knows no discriminators and finds that every role is both, so each alternative
// is given the values of `type` that the vendor's own mapping names for it. Everything else stays as
// the vendor wrote it. Run with NODE_PATH naming the node_modules that hold js-yaml.
"use strict";

const fs = require("node:fs");
const yaml = require("js-yaml");

const [input, output] = process.argv.slice(2);
if (!input || !output) {
  console.error("usage: node okta-openapi.cjs DESCRIPTION.yaml OUT.json");
  process.exit(2);
}

// Names below these keys are chosen by the description's author: `example` there is a property.
const NAMED = new Set(["properties", "schemas", "parameters", "responses", "paths", "mapping"]);

function strip(node, named) {
  if (Array.isArray(node)) {
    return node.map((item) => strip(item, false));
  }
  if (node === null || typeof node !== "object") {
    return node;
  }
  const kept = {};
  for (const [key, value] of Object.entries(node)) {
    if (!named && (key === "example" || key === "examples")) {
      continue;
    }
    kept[key] = strip(value, !named && NAMED.has(key));
  }
  told(kept);
  return kept;
}

// The alternatives of a `oneOf`, each with the discriminator's values that lead to it.
function told(node) {
  const { propertyName, mapping } = node.discriminator ?? {};
  if (!Array.isArray(node.oneOf) || !mapping) {
    return;
  }
  node.oneOf = node.oneOf.map((alternative) => {
    const values = Object.keys(mapping).filter((value) => mapping[value] === alternative.$ref);
    const only = { type: "object", properties: { [propertyName]: { type: "string", enum: values } } };
    return values.length > 0 ? { allOf: [{ ...only, required: [propertyName] }, alternative] } : alternative;
  });
  delete node.discriminator;
}

const description = yaml.load(fs.readFileSync(input, "utf8"), { schema: yaml.CORE_SCHEMA });
delete description["x-webhooks"];
delete description.components.examples;
fs.writeFileSync(output, JSON.stringify(strip(description, false)));
