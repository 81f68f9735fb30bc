import { parse, toSeconds } from "iso8601-duration";

/**
 * The longest life that a tenant's policy allows a new password of an application, in milliseconds; undefined when
 * it sets no limit.
 * Source: https://learn.microsoft.com/graph/api/resources/tenantappmanagementpolicy
 * @param policy the body of `/policies/defaultAppManagementPolicy`
 */
export function lifetimeCap(policy: Readonly<Record<string, unknown>>, now: Date): number | undefined {
  if (policy["isEnabled"] === false) return undefined;
  const restrictions = record(policy["applicationRestrictions"])["passwordCredentials"];
  const caps = (Array.isArray(restrictions) ? restrictions : [])
    .map(record)
    .filter((restriction) => isInForce(restriction, now))
    .flatMap(({ maxLifetime }) => millisecondsOf(maxLifetime) ?? []);
  return caps.length === 0 ? undefined : Math.min(...caps);
}

/** Applications made by acr-pull are made now, so a rule for those made after a past date is for them. */
function isInForce(restriction: Readonly<Record<string, unknown>>, now: Date): boolean {
  const since = restriction["restrictForAppsCreatedAfterDateTime"];
  return (
    restriction["restrictionType"] === "passwordLifetime" &&
    restriction["state"] !== "disabled" &&
    !(typeof since === "string" && Date.parse(since) > now.getTime())
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

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
