import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { beforeEach, describe, expect, test } from "vitest";
import { forgetSecrets, holdsSecret } from "../../src/domain/known-secrets.ts";
import { learnFromRequest, withoutEchoes } from "../../src/domain/secrets-in-transit.ts";
import { recordings } from "../contract/azure-recordings.ts";

const appId = "3a9fcad3-52af-4f0a-b3bb-b0a77fdd2a11";
const tenant = "9c5b94b1-35ad-49bb-b118-8e8fc24abf80";
const password = "Qx8Q~Lw9_Zr5-Tb3Vn8Pm.k7Hs2Jd4Gf6Ya1Uc0";
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const claims = { aud: "https://management.azure.com", appid: appId, tid: tenant, nbf: 1604106651 };
const token = `${encode({ typ: "JWT", alg: "RS256" })}.${encode(claims)}.${"aB3_dE6-gH9".repeat(20)}`;

const refusal = (status: number, body: unknown, headers = {}) =>
  withoutEchoes({ status, headers, body: Buffer.from(JSON.stringify(body)) });

beforeEach(forgetSecrets);

describe("of a request is secret", () => {
  const basic = Buffer.from(`${appId}:${password}`).toString("base64");
  const dockerConfig = Buffer.from(
    JSON.stringify({ auths: { "r.example": { username: appId, password, auth: basic } } }),
  ).toString("base64");
  const secret = { kind: "Secret", data: { ".dockerconfigjson": dockerConfig } };
  const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
  test.each<[string, Record<string, string>, string | undefined, string[]]>([
    ["its token", { Authorization: `Bearer ${token}` }, undefined, [token]],
    [
      "its password, and the pair of that and the user name",
      { authorization: `Basic ${basic}` },
      undefined,
      [basic, password],
    ],
    ["a header of the machine's identity", { "X-IDENTITY-HEADER": password }, undefined, [password]],
    ["the password of a form", {}, form({ client_id: appId, client_secret: password }), [password]],
    ["the assertion of a form", {}, form({ client_assertion: token }), [token]],
    ["what a pull secret holds", {}, JSON.stringify(secret), [password, basic, dockerConfig]],
    [
      "what a pull secret holds that stands in a text",
      {},
      JSON.stringify({ a: JSON.stringify(secret) }),
      [password],
    ],
  ])("%s, and never who signs in", (_what, headers, body, secrets) => {
    learnFromRequest(headers, body);
    expect(secrets.filter((one) => !holdsSecret(one))).toEqual([]);
    expect(holdsSecret(`${appId} ${tenant} r.example client_secret`)).toBe(false);
  });
});

test.each(["access_token", "refresh_token", "secretText", "token"])("of a success %s is secret", (field) => {
  const body = Buffer.from(JSON.stringify({ token_type: "Bearer", [field]: token }));
  expect(withoutEchoes({ status: 200, headers: {}, body }).body).toBe(body);
  expect(holdsSecret(token.slice(-8))).toBe(true);
});

describe("a refusal", () => {
  beforeEach(() => learnFromRequest({ Authorization: `Bearer ${token}` }, `client_secret=${password}`));

  test("loses the rest of each text from where it repeats a secret, and its codes stay", () => {
    const error = {
      code: "InvalidAuthenticationToken",
      message: `Bad token: ${token.slice(40, 60)} sent`,
      date: 1,
    };
    expect(String(refusal(401, { error }).body)).toBe(
      JSON.stringify({ error: { ...error, message: "Bad token: (omitted: it repeats a secret)" } }),
    );
  });

  test("that is no JSON loses it too", () => {
    const body = Buffer.from(`<html>proxy: ${token}</html>`);
    expect(String(withoutEchoes({ status: 502, headers: {}, body }).body)).toBe(
      "<html>proxy: (omitted: it repeats a secret)",
    );
  });

  test("that is too deep to be looked through loses it too", () => {
    const body = Buffer.from(`${'{"a":'.repeat(20_000)}"${password}"${"}".repeat(20_000)}`);
    expect(String(withoutEchoes({ status: 500, headers: {}, body }).body)).not.toContain(
      password.slice(0, 8),
    );
  });

  test("that is longer than any is taken as empty", () => {
    expect(refusal(500, { message: "x".repeat(300_000) }).body).toHaveLength(0);
  });

  test("loses headers that repeat a secret, as a success does", () => {
    const headers = {
      "x-ms-request-id": `id-${password}`,
      date: "Thu, 26 Nov 2026 08:00:00 GMT",
      warning: `299 - "${token}"`,
    };
    for (const status of [200, 403])
      expect(refusal(status, {}, headers).headers).toEqual({ date: headers.date });
  });

  test("loses a demand for another token that repeats a piece of a secret", () => {
    const piece = password.slice(0, 8);
    for (const value of [
      `Bearer error="${piece}", claims="e30="`,
      `Bearer claims="${Buffer.from(`{"a":"${piece}"}`).toString("base64")}"`,
      `Bearer claims="${token.slice(60, 90)}"`,
    ]) {
      expect(refusal(401, {}, { "www-authenticate": value }).headers).toEqual({});
    }
  });

  test("keeps a demand for another token, whatever words it shares with the token", () => {
    const demand = encode({ access_token: { nbf: { essential: true, value: "1604106651" } } });
    for (const pad of ["", " ", "  "]) {
      const value = `Bearer error="insufficient_claims", claims="${Buffer.from(pad + demand).toString("base64")}"`;
      expect(refusal(401, {}, { "www-authenticate": value }).headers).toEqual({ "www-authenticate": value });
    }
  });

  test.each([
    `AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${appId}'. Trace ID: 0f8e2d3c-1111-2222-3333-444455556666`,
    `AADSTS700016: Application with identifier '${appId}' was not found in the directory '${tenant}'.`,
    `The client '${appId}' with object id '${appId}' does not have authorization to perform action 'Microsoft.Authorization/roleAssignments/write' over scope '/subscriptions/${tenant}'.`,
    `User "system:serviceaccount:default:acr-pull" cannot get resource "secrets" in API group "" in the namespace "awesomeapps"`,
  ])("that repeats none stays as it is: %s", (message) => {
    const body = { error: { code: "c", message }, message, error_description: message };
    expect(String(refusal(400, body).body)).toBe(JSON.stringify(body));
  });

  test("as Azure was recorded to give it stays as it is", () => {
    for (const [name, { response }] of recordings) {
      if (response.status < 300) continue;
      expect(String(refusal(response.status, response.body).body), name).toBe(JSON.stringify(response.body));
    }
  });

  test("as a real API server was recorded to give it stays as it is, unless it quotes what it was sent", () => {
    const cases = gunzipSync(readFileSync(new URL("../contract/kubernetes-cases.jsonl.gz", import.meta.url)));
    const [same, quoting]: string[][] = [[], []];
    for (const line of cases.toString().trim().split("\n")) {
      const { steps, real } = JSON.parse(line) as {
        readonly steps: ReadonlyArray<{ readonly b?: unknown }>;
        readonly real: ReadonlyArray<{ readonly status: number; readonly body?: unknown } | null>;
      };
      for (const { b } of steps) if (b !== undefined) learnFromRequest({}, JSON.stringify(b));
      for (const answer of real) {
        if (answer === null || answer.status < 300 || answer.body === undefined) continue;
        const { status, body } = answer;
        const text = JSON.stringify(body);
        (String(refusal(status, body).body) === text ? same : quoting)?.push(text);
      }
    }
    expect([same?.length, quoting?.length]).toEqual([3550, 20]);
    expect(quoting?.filter((text) => !text.includes("patch: Invalid value: "))).toEqual([]);
  });
});
