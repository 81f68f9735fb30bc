#!/usr/bin/env node
// Stands for `sops encrypt --encrypted-regex '^(data|stringData)$'`, but nobody can decrypt what it prints.
import { readFileSync } from "node:fs";
import { dump, load } from "js-yaml";

const { data, ...secret } = load(readFileSync(0, "utf8"));
const encrypted = Object.fromEntries(
  Object.keys(data).map((key) => [key, "ENC[AES256_GCM,data:x,type:str]"]),
);
process.stdout.write(dump({ ...secret, data: encrypted, sops: { mac: "ENC[AES256_GCM,data:x,type:str]" } }));
