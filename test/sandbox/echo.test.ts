import { describe, expect, it } from "vitest";
import { echoSchema, withEcho } from "../../src/sandbox/echo.ts";
import type { SandboxRequest } from "../../src/sandbox/service.ts";

const request: SandboxRequest = {
  method: "POST",
  path: "/a",
  query: new URLSearchParams(),
  headers: { authorization: "Bearer tok", host: "h" },
  body: Buffer.from("a=b c"),
  remoteAddress: "127.0.0.1",
  closed: new AbortController().signal,
};
const refusal = {
  status: 400,
  body: { kind: "Status", message: "No.", code: 400, error: { code: "Bad", details: [{ message: "Why." }] } },
};
const echo = (fields: object) => withEcho(refusal, request, echoSchema.parse(fields));

describe("an echo", () => {
  it.each([
    [{ of: "authorization" }, "Bearer tok"],
    [{ of: "headers" }, "authorization: Bearer tok; host: h"],
    [{ of: "body" }, "a=b c"],
    [{}, "POST /a authorization: Bearer tok; host: h a=b c"],
    [{ of: "body", as: "json" }, '"a=b c"'],
    [{ of: "body", as: "url" }, "a%3Db%20c"],
    [{ of: "body", as: "hex" }, "613d622063"],
    [{ of: "body", as: "base64" }, "YT1iIGM="],
    [{ of: "body", as: "base64", from: 1, length: 3 }, "T1i"],
  ])("as %j says repeats %j in each message", (fields, text) => {
    expect(echo(fields).body).toEqual({
      kind: "Status",
      message: `No. You sent: ${text}`,
      code: 400,
      error: { code: "Bad", details: [{ message: `Why. You sent: ${text}` }] },
    });
  });

  it("in a code stands for it, and leaves the form of the answer as it is", () => {
    expect(echo({ in: "code", of: "body" }).body).toEqual({
      ...refusal.body,
      error: { ...refusal.body.error, code: "a=b c" },
    });
  });

  it("in a header stands in every id, the challenge and the warning", () => {
    const { body, headers } = echo({ in: "header", of: "authorization" });
    expect(body).toEqual(refusal.body);
    expect(headers).toMatchObject({
      "x-ms-request-id": "Bearer tok",
      "audit-id": "Bearer tok",
      warning: '299 - "Bearer tok"',
    });
    expect(headers?.["www-authenticate"]).toContain('error="Bearer tok"');
  });

  it("everywhere is in all of them", () => {
    const { body, headers } = echo({ in: "everywhere", of: "body" });
    expect(body).toMatchObject({ message: "No. You sent: a=b c", error: { code: "a=b c" } });
    expect(headers).toHaveProperty("request-id", "a=b c");
  });
});
