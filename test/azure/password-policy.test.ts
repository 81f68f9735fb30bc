import { describe, expect, it, test } from "vitest";
import { readPasswordPolicy, type ReadPolicies } from "../../src/azure/application-passwords.ts";

const day = 86_400_000;
const createdAt = new Date("2026-06-01T00:00:00Z");

type Restriction = Record<string, unknown>;

function tenant(...passwordCredentials: Restriction[]) {
  return { isEnabled: true, applicationRestrictions: { passwordCredentials } };
}
function own(...passwordCredentials: Restriction[]) {
  return { isEnabled: true, restrictions: { passwordCredentials } };
}
const ninetyDays = { restrictionType: "passwordLifetime", state: "enabled", maxLifetime: "P90D" };
const forbidden = { restrictionType: "passwordAddition", state: "enabled" };
const madeAfter = (date: string) => ({ restrictForAppsCreatedAfterDateTime: `${date}T00:00:00Z` });
const off = { state: "disabled" };
const excludeActors = { customSecurityAttributes: [{ id: "a_b", operator: "equals", value: "c" }] };

function read(policies: Partial<ReadPolicies>) {
  return readPasswordPolicy({ tenant: tenant(), own: [], createdAt, ...policies });
}

describe("how long a password may live", () => {
  test.each<[string, Partial<ReadPolicies>, number | undefined, boolean]>([
    ["by the tenant", { tenant: tenant(ninetyDays) }, 90 * day, true],
    [
      "by the shorter of two",
      { tenant: tenant(ninetyDays, { ...ninetyDays, maxLifetime: "P4DT12H30M5S" }) },
      4.5 * day + 1_805_000,
      true,
    ],
    [
      "by a rule for later applications",
      { tenant: tenant({ ...ninetyDays, ...madeAfter("2026-05-31") }) },
      90 * day,
      true,
    ],
    [
      "by a rule for others",
      { tenant: tenant({ ...ninetyDays, ...madeAfter("2026-06-02") }) },
      undefined,
      false,
    ],
    ["by a rule that is off", { tenant: tenant({ ...ninetyDays, ...off }) }, undefined, false],
    ["by a policy that is off", { tenant: { ...tenant(ninetyDays), isEnabled: false } }, undefined, false],
    [
      "by a length that cannot be read",
      { tenant: tenant({ ...ninetyDays, maxLifetime: "for ever" }) },
      undefined,
      false,
    ],
    ["by nothing", { tenant: {} }, undefined, false],
    [
      "by its own policy",
      { tenant: tenant(ninetyDays), own: [own({ ...ninetyDays, maxLifetime: "P30D" })] },
      30 * day,
      true,
    ],
    [
      "by its own policy, which lets it off",
      { tenant: tenant(ninetyDays), own: [own({ ...ninetyDays, ...off })] },
      undefined,
      false,
    ],
    [
      "perhaps, for its own policies may not be read",
      { tenant: tenant(ninetyDays), own: undefined },
      90 * day,
      false,
    ],
    [
      "perhaps, for some callers are let off",
      { tenant: tenant({ ...ninetyDays, excludeActors }) },
      90 * day,
      false,
    ],
  ])("%s", (_what, policies, longestLifeMs, isLimitCertain) => {
    expect(read(policies)).toMatchObject({ longestLifeMs, isLimitCertain });
  });
});

describe("a new password", () => {
  test.each<["allowed" | "forbidden" | "unknown", string, Partial<ReadPolicies>]>([
    ["allowed", "where nothing is ruled", {}],
    ["forbidden", "where the tenant forbids them", { tenant: tenant(forbidden) }],
    ["allowed", "where that rule is off", { tenant: tenant({ ...forbidden, ...off }) }],
    ["allowed", "where the tenant's policy is off", { tenant: { ...tenant(forbidden), isEnabled: false } }],
    [
      "allowed",
      "where chosen passwords alone are forbidden",
      { tenant: tenant({ ...forbidden, restrictionType: "customPasswordAddition" }) },
    ],
    [
      "allowed",
      "to an application made before the date",
      { tenant: tenant({ ...forbidden, ...madeAfter("2026-06-02") }) },
    ],
    ["forbidden", "to one made after it", { tenant: tenant({ ...forbidden, ...madeAfter("2026-05-31") }) }],
    [
      "forbidden",
      "to one made nobody knows when",
      { tenant: tenant({ ...forbidden, ...madeAfter("2030-01-01") }), createdAt: undefined },
    ],
    ["unknown", "where some callers are let off", { tenant: tenant({ ...forbidden, excludeActors }) }],
    ["forbidden", "where nobody is", { tenant: tenant({ ...forbidden, excludeActors: null }) }],
    ["unknown", "where the tenant's policy may not be read", { tenant: undefined }],
    ["unknown", "where the application's own may not be read", { own: undefined }],
    ["unknown", "likewise, though the tenant forbids them", { own: undefined, tenant: tenant(forbidden) }],
    [
      "allowed",
      "to an application that is exempt",
      { tenant: tenant(forbidden), own: [own({ ...forbidden, ...off })] },
    ],
    [
      "allowed",
      "to one that is exempt, whatever the tenant's policy is",
      { tenant: undefined, own: [own({ ...forbidden, ...off })] },
    ],
    [
      "forbidden",
      "where an exemption is off",
      { tenant: tenant(forbidden), own: [{ ...own({ ...forbidden, ...off }), isEnabled: false }] },
    ],
    [
      "forbidden",
      "where an exemption is from something else",
      { tenant: tenant(forbidden), own: [own({ ...ninetyDays, ...off })] },
    ],
    [
      "forbidden",
      "by the application's own policy, where the tenant's is off",
      { tenant: { isEnabled: false }, own: [own(forbidden)] },
    ],
  ])("is %s %s", (expected, _where, policies) => {
    expect(read(policies).passwords).toBe(expected);
  });

  it("is forbidden with the date that it is about", () => {
    const policies = { tenant: tenant({ ...forbidden, ...madeAfter("2026-01-01") }) };
    expect(read(policies).forbiddenToMadeAfter).toEqual(new Date("2026-01-01T00:00:00Z"));
  });
});
