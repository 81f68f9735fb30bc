// Removes the groups of calls that our source never uses from the clients of Azure Resource Manager. A client creates
// all of its groups when it is created, so a bundler cannot see which are used.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const source = "src/azure/resource-manager.ts";

/** A plugin of the bundler. It fails if our source names a group that the client does not have. */
export function azureCallsInUse(root) {
  const inUse = groupsInUse(root);
  // Each caller that awaits it reports its failure.
  inUse.catch(() => {});
  return {
    name: "azure-calls-in-use",
    async transform(code, id) {
      if (!id.includes("/@azure/arm-")) return null;
      const client = (await inUse).find(({ name }) => code.includes(`class ${name} `));
      return client ? withGroups(code, client) : null;
    },
  };
}

/** The clients that our source picks groups from, with the names of those groups. */
async function groupsInUse(root) {
  const text = await readFile(join(root, source), "utf8");
  const picks = [...text.matchAll(/\bPick<\s*(\w+Client),([^>]+)>/g)];
  return picks.map(([, name, groups]) => ({
    name,
    groups: [...groups.matchAll(/"(\w+)"/g)].map(([, one]) => one),
  }));
}

/** A line that creates a group, as it is printed in the clients. */
const making = /^ *this\.(\w+) = (?:new \w+Impl\(this\)|_get\w+Operations\(this\._client\));\n/gm;

function withGroups(code, { name, groups }) {
  const made = new Set([...code.matchAll(making)].map(([, group]) => group));
  const missing = groups.filter((group) => !made.has(group));
  if (missing.length > 0) throw new Error(`${name} makes no ${missing.join(", ")}`);
  return code.replaceAll(making, (line, group) => (groups.includes(group) ? line : ""));
}
