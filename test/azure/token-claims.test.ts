import { UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import { callerOf, mayChangeAll, mayRegister, readClaims } from "../../src/azure/token-claims.ts";

function token(claims: Record<string, unknown>): string {
  return new UnsecuredJWT(claims).encode();
}

const member = { oid: "o", tid: "t", scp: "Directory.AccessAsUser.All", upn: "ada@example.com" };
const app = { oid: "o", tid: "t", idtyp: "app", appid: "a" };
const role = {
  globalAdministrator: "62e90394-69f5-4237-9190-012177145e10",
  applicationAdministrator: "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
  cloudApplicationAdministrator: "158c047a-c907-4556-b7ef-446551a6b5f7",
  applicationDeveloper: "cf1c38e5-3621-4004-a7cb-879624dced7c",
  everyMember: "b79fbf4d-3ef9-4689-8143-76b194e85509",
};

describe("who holds a token", () => {
  test.each([
    [member, { kind: "user", name: "ada@example.com" }],
    [
      { oid: "o", tid: "t", idtyp: "user", preferred_username: "ada" },
      { kind: "user", name: "ada" },
    ],
    [app, { kind: "service-principal", name: "a" }],
    [
      { oid: "o", tid: "t", azp: "a" },
      { kind: "service-principal", name: "a" },
    ],
  ])("%j", (claims, expected) => {
    expect(callerOf(readClaims(token(claims)))).toEqual({ objectId: "o", tenantId: "t", ...expected });
  });

  test.each(["", "opaque", "a.b.c"])("is not said by %j", (text) => {
    expect(() => readClaims(text)).toThrow(expect.objectContaining({ code: "azure.not-signed-in" }));
  });

  test("without a tenant is nobody", () => {
    expect(() => callerOf(readClaims(token({ oid: "o" })))).toThrow(
      expect.objectContaining({ code: "azure.not-signed-in" }),
    );
  });
});

test.each([
  [{ ...app, roles: ["Application.ReadWrite.All"] }, "yes", "yes"],
  [{ ...app, roles: ["Application.ReadWrite.OwnedBy"] }, "yes", "no"],
  [{ ...app, roles: ["Application.Read.All"] }, "no", "no"],
  [app, "no", "no"],
  [{ ...app, wids: [role.applicationAdministrator] }, "yes", "yes"],
  [{ ...member, wids: [role.globalAdministrator] }, "yes", "yes"],
  [{ ...member, wids: [role.cloudApplicationAdministrator] }, "yes", "yes"],
  [{ ...member, wids: [role.applicationDeveloper] }, "yes", "no"],
  [{ ...member, wids: [role.everyMember] }, "unknown", "no"],
  [member, "unknown", "unknown"],
])("%j may register applications: %s, change them all: %s", (claims, registers, changesAll) => {
  const read = readClaims(token(claims));
  expect([mayRegister(read), mayChangeAll(read)]).toEqual([registers, changesAll]);
});
