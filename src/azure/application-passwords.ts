import { parse, toSeconds } from "iso8601-duration";
import type { Passwords } from "../core/ports.ts";
import { ActionableError, OutcomeUnknownError } from "../domain/errors.ts";
import { ExchangeError } from "../domain/http-exchange.ts";
import type { NewPassword } from "../domain/identity.ts";
import { Once } from "../domain/once.ts";
import { unknownPasswordPolicy, type PasswordPolicy } from "../domain/password-policy.ts";
import { SecretText } from "../domain/secret-text.ts";
import { applicationFields, dateOf, parseApplication } from "./directory-objects.ts";
import type { Graph } from "./graph-client.ts";
import { list, record, text, type JsonObject } from "./json-fields.ts";
import { removeEverywhere } from "./lagging-replicas.ts";
import { isRefusal, ServiceFailure } from "./service-failure.ts";

/** Adds and removes passwords of applications one at a time: writing the whole list would overwrite those of others. */
export function applicationPasswords(graph: Graph): Passwords {
  const policies = new Once();
  /** The tenant's own policy, and those of one application; undefined if they may not be read. */
  const tenantPolicy = (signal: AbortSignal) =>
    policies.do("tenant", null, () => {
      const call = { method: "get", at: graph.api("/policies/defaultAppManagementPolicy") } as const;
      return unlessRefused(graph.ask("read the tenant's policy on passwords", call, signal), signal);
    });
  const ownPolicies = (objectId: string, signal: AbortSignal) =>
    policies.do("application", objectId, () => {
      const at = graph.api(`/applications/${objectId}/appManagementPolicies`);
      return unlessRefused(graph.list("read the application's policies", at, signal), signal);
    });

  return {
    async passwordPolicy(application, signal) {
      const tenant = await tenantPolicy(signal);
      // A caller that may not read this policy may not read the others either.
      if (!tenant) return unknownPasswordPolicy;
      const own = application ? await ownPolicies(application.objectId, signal) : [];
      return readPasswordPolicy({ tenant, own, createdAt: application?.createdAt });
    },

    addPassword: (objectId, { displayName, endDateTime }, signal) =>
      graph.perform("add a password to the application", signal, async () => {
        const call = {
          method: "post",
          at: graph.api(`/applications/${objectId}/addPassword`),
          body: { passwordCredential: { displayName, endDateTime: endDateTime.toISOString() } },
        } as const;
        let added: JsonObject | undefined;
        try {
          added = await graph.send(call, signal);
        } catch (error) {
          throw mayHaveBeenDone(error) ? unknownOutcome(error) : error;
        }
        const made = newPasswordOf(added ?? {}, endDateTime);
        if (!made) throw unknownOutcome(undefined);
        return made;
      }),

    removePassword: (objectId, keyId, signal) =>
      graph.perform("remove a password of the application", signal, () => {
        const call = {
          method: "post",
          at: graph.api(`/applications/${objectId}/removePassword`),
          body: { keyId },
          repeatable: true,
        } as const;
        return removeEverywhere(
          {
            name: `The key ${keyId}`,
            remove: async () => {
              await graph.send(call, signal);
            },
            saysNone: (error) => isRefusal(error, 400) || isRefusal(error, 404),
            isShown: async () => {
              const at = graph.api(`/applications/${objectId}`).select(applicationFields);
              const application = await graph.find("read the application", at, parseApplication, signal);
              return application?.passwords.some((password) => password.keyId === keyId) === true;
            },
          },
          signal,
        );
      }),
  };
}

/** What a request brings; undefined if it is refused or not answered: acr-pull can do without. */
async function unlessRefused<T>(request: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ActionableError) return undefined;
    throw error;
  }
}

function newPasswordOf(body: JsonObject, asked: Date): NewPassword | undefined {
  const keyId = text(body["keyId"]);
  const secret = text(body["secretText"]);
  if (keyId === undefined || secret === undefined) return undefined;
  return { keyId, secret: new SecretText(secret), endDateTime: dateOf(body["endDateTime"]) ?? asked };
}

/** Whether a request may have taken effect although it failed. */
function mayHaveBeenDone(error: unknown): boolean {
  if (error instanceof ServiceFailure) return error.status === 408 || error.status >= 500;
  return (
    error instanceof ExchangeError &&
    error.failure !== "no-connection" &&
    error.failure !== "untrusted-certificate" &&
    error.code !== "ECONNREFUSED"
  );
}

function unknownOutcome(error: unknown): OutcomeUnknownError {
  const why = error instanceof Error ? error.message : "the answer contains no password";
  const { requestId, status } = error instanceof ServiceFailure ? error : {};
  return new OutcomeUnknownError(
    `Could not find out whether a password was added to the application: ${why}`,
    {
      code: "directory.outcome-unknown",
      hint: "Run the same command again: it finds out and cleans up.",
      retryable: true,
      requestId,
      status,
    },
    { cause: error },
  );
}

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
