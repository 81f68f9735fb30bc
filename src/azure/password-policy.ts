import { parse, toSeconds } from "iso8601-duration";
import { unknownPasswordPolicy, type PasswordPolicy } from "../domain/password-policy.ts";
import { dateOf } from "./directory-objects.ts";
import { list, record, text, type JsonObject } from "./json-fields.ts";

/** The policies that apply to one application, as they were read. */
export interface ReadPolicies {
  /** The body of `/policies/defaultAppManagementPolicy`; undefined if it may not be read. */
  readonly tenant: JsonObject | undefined;
  /**
   * The policies assigned to the application itself: empty if it does not exist yet; undefined if they may not be
   * read.
   */
  readonly own: readonly JsonObject[] | undefined;
  /** When the application was made; undefined means now. */
  readonly createdAt: Date | undefined;
}

/**
 * What the policies say about new passwords. If an application's own policy names a restriction, that policy alone
 * decides about it: a restriction that is disabled there is an exemption. A restriction with a date applies only to
 * applications made after it.
 * Source: https://learn.microsoft.com/graph/api/resources/applicationauthenticationmethodpolicy
 */
export function readPasswordPolicy(policies: ReadPolicies): PasswordPolicy {
  const addition = ruling("passwordAddition", policies);
  const lifetime = ruling("passwordLifetime", policies);
  const caps = lifetime.restrictions.flatMap(({ maxLifetime }) => millisecondsOf(maxLifetime) ?? []);
  const [forbidding] = addition.restrictions;
  const answer = forbidding ? "forbidden" : "allowed";
  return {
    passwords: addition.isCertain ? answer : unknownPasswordPolicy.passwords,
    forbiddenToMadeAfter: dateOf(forbidding?.["restrictForAppsCreatedAfterDateTime"]),
    longestLifeMs: caps.length === 0 ? undefined : Math.min(...caps),
    isLimitCertain: caps.length > 0 && lifetime.isCertain,
  };
}

/** The restrictions of a type that apply to the application, and whether that is certain. */
function ruling(type: string, { tenant, own, createdAt }: ReadPolicies) {
  const isNamed = ({ restrictionType }: JsonObject) => restrictionType === type;
  const named = (own ?? [])
    .filter(isEnabled)
    .flatMap(({ restrictions }) => restrictionsIn(restrictions))
    .filter(isNamed);
  const deciding =
    named.length > 0
      ? named
      : tenant && isEnabled(tenant)
        ? restrictionsIn(tenant["applicationRestrictions"]).filter(isNamed)
        : [];
  const restrictions = deciding.filter((one) => isInForce(one, createdAt));
  // Some callers are exempted by attributes that hardly anybody may read.
  const exemptsSomeCallers = restrictions.some(
    ({ excludeActors }) => (excludeActors ?? undefined) !== undefined,
  );
  const isWhole = named.length > 0 || (tenant !== undefined && own !== undefined);
  return { restrictions, isCertain: isWhole && !exemptsSomeCallers };
}

function restrictionsIn(configuration: unknown): JsonObject[] {
  return list(record(configuration)["passwordCredentials"]).map(record);
}

function isEnabled(policy: JsonObject): boolean {
  return policy["isEnabled"] !== false;
}

function isInForce(restriction: JsonObject, createdAt: Date | undefined): boolean {
  if (restriction["state"] === "disabled") return false;
  const after = dateOf(text(restriction["restrictForAppsCreatedAfterDateTime"]));
  return !after || !createdAt || createdAt > after;
}

function millisecondsOf(duration: unknown): number | undefined {
  if (typeof duration !== "string") return undefined;
  try {
    return toSeconds(parse(duration)) * 1000;
  } catch {
    // A limit that cannot be parsed is treated like one that may not be read: the service will enforce it.
    return undefined;
  }
}
