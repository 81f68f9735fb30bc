import { rm, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Loads the function that starts a sandbox in this process, so that its requests can be inspected. */
export async function loadSandbox() {
  const folder = await mkdtemp(join(tmpdir(), "acr-pull-bench-"));
  const { output } = await build({
    input: join(root, "src/sandbox/sandbox.ts"),
    platform: "node",
    output: { dir: folder, format: "esm", entryFileNames: "[name].mjs", chunkFileNames: "[name]-[hash].mjs" },
  });
  const { startSandbox } = await import(pathToFileURL(join(folder, basename(output[0].fileName))).href);
  await rm(folder, { recursive: true });
  return startSandbox;
}

/** A world whose cluster has this many more namespaces, each labelled `bench=yes`. */
export function worldOf(namespaces) {
  const names = Array.from({ length: namespaces }, (_, index) => `bench-${index}`);
  return {
    clusters: [
      {
        context: "sandbox",
        namespaces: ["default", "awesomeapps", "kube-system"],
        objects: names.map((name) => ({
          apiVersion: "v1",
          kind: "Namespace",
          metadata: { name, labels: { bench: "yes" } },
        })),
      },
      { context: "sandbox-staging" },
    ],
  };
}

/** The length of the longest chain of requests in which each was sent only after the one before was answered. */
export function longestChain(requests) {
  const depths = new Map();
  for (const request of requests) {
    const before = requests.filter(({ endedAt }) => endedAt !== undefined && endedAt <= request.startedAt);
    depths.set(request, 1 + Math.max(0, ...before.map((one) => depths.get(one))));
  }
  return Math.max(0, ...depths.values());
}
