import { createDecipheriv, createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAll } from "js-yaml";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";

const key = "a key of the controller";

/** The value of `--seal-with` that seals documents for the reconciler of the tests. */
export const sealWith = `${process.execPath} ${fileURLToPath(new URL("sealer.mjs", import.meta.url))} '${key}'`;

// oxlint-disable-next-line typescript/no-explicit-any
type Manifest = any;

/** The documents of a manifest: of one file, or of all files in a folder. */
export function documentsIn(path: string): Manifest[] {
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => name.endsWith(".yaml"))
        .toSorted()
        .map((name) => join(path, name))
    : [path];
  return files.flatMap((file) => loadAll(readFileSync(file, "utf8")));
}

/** The Secret that a sealed-secrets controller makes from a document. Any other document stays as it is. */
export function unsealed(document: Manifest): Manifest {
  if (document.kind !== "SealedSecret") return document;
  const { encryptedData, template } = document.spec;
  const data = Object.fromEntries(
    Object.entries(encryptedData).map(([field, value]) => [field, opened(value as string)]),
  );
  return { apiVersion: "v1", kind: "Secret", metadata: template.metadata, type: template.type, data };
}

function opened(text: string): string {
  const bytes = Buffer.from(text, "base64");
  const decipher = createDecipheriv(
    "aes-256-gcm",
    createHash("sha256").update(key).digest(),
    bytes.subarray(0, 12),
  );
  decipher.setAuthTag(bytes.subarray(-16));
  return decipher.update(bytes.subarray(12, -16), undefined, "utf8") + decipher.final("utf8");
}

const paths: Readonly<Record<string, string>> = { Secret: "secrets", ServiceAccount: "serviceaccounts" };

/** Applies a manifest to a cluster of the sandbox as Argo CD does, server-side. */
export async function sync(sandbox: Sandbox, path: string, context = "sandbox"): Promise<void> {
  for (const document of documentsIn(path).map(unsealed)) {
    const { namespace, name } = document.metadata;
    const target =
      document.kind === "Namespace"
        ? `/api/v1/namespaces/${name}`
        : `/api/v1/namespaces/${namespace}/${paths[document.kind]}/${name}`;
    await apply(sandbox, `${target}?fieldManager=argocd-controller&force=true`, document, context);
  }
}

async function apply(sandbox: Sandbox, target: string, document: Manifest, context: string): Promise<void> {
  const cluster = sandbox.world.clusters.find((one) => one.context === context);
  const token = cluster?.users[0]?.token;
  const ca = readFileSync(sandbox.environment["NODE_EXTRA_CA_CERTS"] ?? "", "utf8");
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/apply-patch+yaml" };
  await new Promise<void>((resolve, reject) => {
    const sent = request(`${cluster?.server}${target}`, { method: "PATCH", headers, ca }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      answer.on("end", () =>
        (answer.statusCode ?? 500) < 300
          ? resolve()
          : reject(new Error(`${target}: ${answer.statusCode} ${text}`)),
      );
    });
    sent.on("error", reject);
    sent.end(JSON.stringify(document));
  });
}
