import { expect, test } from "vitest";
import { readPasswordPolicy } from "../../src/azure/password-policy.ts";

const now = new Date("2026-06-01T00:00:00Z");
const day = 86_400_000;

function policy(...passwordCredentials: unknown[]) {
  return { isEnabled: true, applicationRestrictions: { passwordCredentials } };
}
const ninetyDays = { restrictionType: "passwordLifetime", state: "enabled", maxLifetime: "P90D" };

test.each([
  [policy(ninetyDays), 90 * day],
  [policy(ninetyDays, { ...ninetyDays, maxLifetime: "P4DT12H30M5S" }), 4.5 * day + 1_805_000],
  [policy({ ...ninetyDays, restrictForAppsCreatedAfterDateTime: "2019-10-19T10:37:00Z" }), 90 * day],
  [policy({ ...ninetyDays, restrictForAppsCreatedAfterDateTime: "2030-01-01T00:00:00Z" }), undefined],
  [policy({ ...ninetyDays, state: "disabled" }), undefined],
  [policy({ ...ninetyDays, maxLifetime: "for ever" }), undefined],
  [{ ...policy(ninetyDays), isEnabled: false }, undefined],
  [policy(), undefined],
  [{}, undefined],
])("%j allows a password %s milliseconds", (given, expected) => {
  expect(readPasswordPolicy(given, now)).toEqual({ allowed: true, longestLifeMs: expected });
});

test.each([
  ["enabled", "2019-10-19T10:37:00Z", false],
  ["enabled", "2030-01-01T00:00:00Z", true],
  ["disabled", "2019-10-19T10:37:00Z", true],
])("passwords forbidden by a rule that is %s and in force since %s", (state, since, allowed) => {
  const restrictForAppsCreatedAfterDateTime = since;
  const addition = { restrictionType: "passwordAddition", state, restrictForAppsCreatedAfterDateTime };
  expect(readPasswordPolicy(policy(addition), now).allowed).toBe(allowed);
});
