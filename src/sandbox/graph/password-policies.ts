import { v4 as uuid } from "uuid";
import { answer, context, graphRoute, noContent, sentBody, type GraphCall } from "./call.ts";
import { badRequest, denied, GraphRefusal, notFound, notImplemented } from "./errors.ts";
import { addIsoDuration } from "./iso-duration.ts";
import { listAnswer } from "./query.ts";
import { mayChangePolicies, requirePolicyRead } from "./rights.ts";
import { sameId } from "../directory-records.ts";
import type { Route, SandboxResponse } from "../service.ts";
import type { ApplicationRecord, ManagementPolicyRecord, PasswordRules, World } from "../world.ts";

/*
 * Which passwords a tenant allows its applications: by its default policy, and by policies of single applications.
 * https://learn.microsoft.com/graph/api/resources/applicationauthenticationmethodpolicy
 */

/** The id of the tenant's default policy in errors. */
const defaultPolicyId = "00000000-0000-0000-0000-000000000000";
/** Earlier than any application, so a rule without its own date applies to all of them. */
const longAgo = "2019-10-19T10:37:00Z";

/** Routes of the default policy, of applications' own policies, and of their assignment. */
export function passwordPolicyRoutes(world: World, one: string): Route[] {
  const folder = "/policies/appManagementPolicies";
  const collection = {
    name: "policies/appManagementPolicies",
    type: "AppManagementPolicy",
    filterable: ["id"],
  };
  return [
    graphRoute(world, "GET", "/policies/defaultAppManagementPolicy", getDefault),
    graphRoute(world, "GET", folder, (call) => {
      requirePolicyRead(world, call.caller);
      return listAnswer(call, collection, world.managementPolicies.map(policyResource));
    }),
    graphRoute(world, "POST", folder, createPolicy),
    graphRoute(world, "GET", `${one}/appManagementPolicies`, (call) => {
      requirePolicyRead(world, call.caller);
      const { managementPolicy } = findApplication(call);
      return listAnswer(call, collection, managementPolicy ? [policyResource(managementPolicy)] : []);
    }),
    graphRoute(world, "POST", `${one}/appManagementPolicies/(?:\\$|%24)ref`, assignPolicy),
  ];
}

/** https://learn.microsoft.com/graph/api/tenantappmanagementpolicy-get */
function getDefault(call: GraphCall): SandboxResponse {
  requirePolicyRead(call.world, call.caller);
  const passwordCredentials = restrictionsOf(call.world.policy);
  return answer(call, {
    ...context(call.world, "policies/defaultAppManagementPolicy/$entity"),
    id: defaultPolicyId,
    displayName: "Default app management tenant policy",
    description: "Default tenant policy that enforces app management restrictions.",
    isEnabled: passwordCredentials.length > 0,
    applicationRestrictions: { passwordCredentials, keyCredentials: [] },
    servicePrincipalRestrictions: { passwordCredentials, keyCredentials: [] },
  });
}

/** https://learn.microsoft.com/graph/api/appmanagementpolicy-post */
function createPolicy(call: GraphCall): SandboxResponse {
  const { world, caller } = call;
  if (!mayChangePolicies(caller)) throw denied();
  const { displayName, isEnabled = true, restrictions } = sentBody(call);
  if (typeof displayName !== "string" || typeof isEnabled !== "boolean") {
    throw badRequest("A value of the property 'displayName' is invalid.");
  }
  const policy = { id: uuid(), displayName, isEnabled, ...rulesOf(restrictions) };
  world.managementPolicies.push(policy);
  world.committed("policy created");
  return answer(
    call,
    { ...context(world, "policies/appManagementPolicies/$entity"), ...policyResource(policy) },
    201,
  );
}

/** https://learn.microsoft.com/graph/api/appmanagementpolicy-post-appliesto */
function assignPolicy(call: GraphCall): SandboxResponse {
  const { world, caller } = call;
  if (!mayChangePolicies(caller)) throw denied();
  const application = findApplication(call);
  const reference = sentBody(call)["@odata.id"];
  const id = typeof reference === "string" ? /\/([0-9a-f-]{36})$/i.exec(reference)?.[1] : undefined;
  const policy = world.managementPolicies.find((one) => sameId(one.id, id ?? ""));
  if (!policy) throw notFound(id ?? "");
  if (application.managementPolicy) throw badRequest("An application has one policy of its own at most.");
  application.managementPolicy = policy;
  world.committed("policy assigned");
  return noContent(call);
}

function findApplication({ world, view, parameters }: GraphCall): ApplicationRecord {
  const { id = "", appId = "" } = parameters;
  const found = world.applications.find(
    (one) => view.knows(one) && (sameId(one.id, id) || sameId(one.appId, appId)),
  );
  if (!found) throw notFound(id || appId);
  return found;
}

function policyResource(policy: ManagementPolicyRecord): Record<string, unknown> {
  const { id, displayName, isEnabled } = policy;
  const passwordCredentials = restrictionsOf(policy);
  return {
    id,
    displayName,
    description: null,
    isEnabled,
    restrictions: { passwordCredentials, keyCredentials: [] },
  };
}

function restrictionsOf(rules: PasswordRules): Array<Record<string, unknown>> {
  const { passwordsForbidden, maxPasswordLifetime, restrictsAppsCreatedAfter, excludedActors } = rules;
  const restriction = (restrictionType: string, applies: boolean, maxLifetime: string | null) => ({
    restrictionType,
    maxLifetime,
    restrictForAppsCreatedAfterDateTime: restrictsAppsCreatedAfter ?? longAgo,
    state: applies ? "enabled" : "disabled",
    // Custom attributes decide who is exempt, and hardly anybody may read them.
    ...(excludedActors && {
      excludeActors: {
        customSecurityAttributes: [
          {
            "@odata.type": "#microsoft.graph.customSecurityAttributeStringValueExemption",
            id: "PolicyExemptions_AppManagementExemption",
            operator: "equals",
            value: "Exempt",
          },
        ],
      },
    }),
  });
  return [
    ...(passwordsForbidden === undefined ? [] : [restriction("passwordAddition", passwordsForbidden, null)]),
    ...(maxPasswordLifetime === undefined
      ? []
      : [restriction("passwordLifetime", maxPasswordLifetime !== null, maxPasswordLifetime)]),
  ];
}

/** The rules in the restrictions that a client sent. Restrictions on anything but passwords are refused. */
function rulesOf(restrictions: unknown): PasswordRules {
  const { passwordCredentials, ...others } = (restrictions ?? {}) as Record<string, unknown>;
  if (!Array.isArray(passwordCredentials) || Object.keys(others).length > 0) {
    throw notImplemented("a policy on anything but passwords");
  }
  const rules: PasswordRules = {};
  for (const one of passwordCredentials as Array<Record<string, unknown>>) {
    const {
      restrictionType,
      state = "enabled",
      maxLifetime,
      restrictForAppsCreatedAfterDateTime: after,
    } = one;
    if (state !== "enabled" && state !== "disabled") {
      throw badRequest("A value of the property 'state' is invalid.");
    }
    if (typeof after === "string") rules.restrictsAppsCreatedAfter = after;
    if (restrictionType === "passwordAddition") rules.passwordsForbidden = state === "enabled";
    else if (
      restrictionType === "passwordLifetime" &&
      (state === "disabled" || typeof maxLifetime === "string")
    )
      rules.maxPasswordLifetime = state === "enabled" ? String(maxLifetime) : null;
    else throw notImplemented(`the restriction ${String(restrictionType)}`);
  }
  return rules;
}

/** The object that is given a password. */
export interface PasswordHolder {
  /** Null if it is unknown. */
  readonly createdDateTime: string | null;
  readonly managementPolicy?: ManagementPolicyRecord;
}

/**
 * Refuses a password that the tenant does not allow. A rule in an application's own policy replaces the tenant's.
 * @param start when the password becomes valid, in milliseconds since 1970
 */
export function requirePasswordAllowed(
  { world, caller }: GraphCall,
  holder: PasswordHolder,
  start: number,
  end: number,
): void {
  const own = holder.managementPolicy?.isEnabled === true ? holder.managementPolicy : undefined;
  const ruling = (rule: "passwordsForbidden" | "maxPasswordLifetime") => {
    const policy: PasswordRules & { readonly id?: string } = own?.[rule] === undefined ? world.policy : own;
    return concerns(policy, holder, caller.objectId, world) ? policy : undefined;
  };
  const addition = ruling("passwordsForbidden");
  if (addition?.passwordsForbidden === true) {
    throw new GraphRefusal(
      400,
      "CredentialTypeNotAllowedAsPerAppPolicy",
      `Credential type not allowed as per assigned policy '${addition.id ?? defaultPolicyId}'.`,
    );
  }
  const life = ruling("maxPasswordLifetime");
  const longest = life?.maxPasswordLifetime ?? undefined;
  if (longest !== undefined && end > addIsoDuration(start, longest)) {
    const message = `Credential lifetime exceeds the max value allowed as per assigned policy '${life?.id ?? defaultPolicyId}'.`;
    throw new GraphRefusal(400, "CredentialInvalidLifetimeAsPerAppPolicy", message, [
      { code: "InvalidKeyEndDate", message, target: "EndDate" },
    ]);
  }
}

function concerns(
  { restrictsAppsCreatedAfter = longAgo, excludedActors = [] }: PasswordRules,
  { createdDateTime }: PasswordHolder,
  callerId: string,
  { caller }: World,
): boolean {
  if (excludedActors.some((one) => sameId(one === "caller" ? caller.objectId : one, callerId))) return false;
  return createdDateTime === null || Date.parse(createdDateTime) > Date.parse(restrictsAppsCreatedAfter);
}
