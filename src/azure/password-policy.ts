import { parse, toSeconds } from "iso8601-duration";
import { list, record, type JsonObject } from "./json-fields.ts";

/** What a tenant's policy says of new passwords of applications. */
export interface PasswordPolicy {
  readonly allowed: boolean;
  /** The longest life of one, in milliseconds; undefined when there is no limit. */
  readonly longestLifeMs: number | undefined;
}

/**
 * Reads a tenant's policy.
 * Source: https://learn.microsoft.com/graph/api/resources/tenantappmanagementpolicy
 * @param policy the body of `/policies/defaultAppManagementPolicy`
 */
export function readPasswordPolicy(policy: JsonObject, now: Date): PasswordPolicy {
  if (policy["isEnabled"] === false) return { allowed: true, longestLifeMs: undefined };
  const { passwordCredentials } = record(policy["applicationRestrictions"]);
  const restrictions = list(passwordCredentials)
    .map(record)
    .filter((restriction) => isInForce(restriction, now));
  const caps = restrictions
    .filter(({ restrictionType }) => restrictionType === "passwordLifetime")
    .flatMap(({ maxLifetime }) => millisecondsOf(maxLifetime) ?? []);
  return {
    allowed: !restrictions.some(({ restrictionType }) => restrictionType === "passwordAddition"),
    longestLifeMs: caps.length === 0 ? undefined : Math.min(...caps),
  };
}

/** Applications made by acr-pull are made now, so a rule for those made after a past date is for them. */
function isInForce(restriction: JsonObject, now: Date): boolean {
  const since = restriction["restrictForAppsCreatedAfterDateTime"];
  return (
    restriction["state"] !== "disabled" && !(typeof since === "string" && Date.parse(since) > now.getTime())
  );
}

function millisecondsOf(duration: unknown): number | undefined {
  if (typeof duration !== "string") return undefined;
  try {
    return toSeconds(parse(duration)) * 1000;
  } catch {
    // A cap that cannot be read is as good as one that may not be read: the service will say so itself.
    return undefined;
  }
}
