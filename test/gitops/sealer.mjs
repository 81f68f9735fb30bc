#!/usr/bin/env node
/*
 * Stands for `kubeseal --format yaml`: reads a Secret and prints a SealedSecret. Nobody can read its data without the
 * key, and its bytes differ each time. Arguments and environment are written to the file that SEALER_LOG names.
 */
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { dump, load } from "js-yaml";

const [, , key = ""] = process.argv;
const log = process.env["SEALER_LOG"];
if (log) appendFileSync(log, `${JSON.stringify([process.argv, process.env])}\n`);

function sealed(text) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", createHash("sha256").update(key).digest(), nonce);
  return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString(
    "base64",
  );
}

const { metadata, type, data } = load(readFileSync(0, "utf8"));
const { name, namespace, labels, annotations } = metadata;
const encryptedData = Object.fromEntries(
  Object.entries(data).map(([field, value]) => [field, sealed(value)]),
);
const template = { metadata: { annotations, labels, name, namespace }, type };
process.stdout.write(
  `---\n${dump({ apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", metadata: { name, namespace }, spec: { encryptedData, template } })}`,
);
