import { MalformedConditionError, parseCondition } from "./abac-condition.ts";
import type { ArmCall } from "./call.ts";
import { armError } from "./errors.ts";
import { roleDefinition } from "./role-definitions.ts";
import { jsonBody, type SandboxResponse } from "../service.ts";

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
// https://learn.microsoft.com/azure/role-based-access-control/conditions-format
const longestCondition = 8192;

/**
 * The first api-version that knows conditions: https://learn.microsoft.com/azure/role-based-access-control/conditions-faq
 */
export const versionOfConditions = "2020-03-01-preview";

/** A well-formed request to assign a role. */
export interface DesiredAssignment {
  readonly roleDefinitionId: string;
  readonly principalId: string;
  readonly principalType: string | undefined;
  readonly condition: string | null;
  readonly conditionVersion: string | null;
  readonly description: string | null;
}

/** Reads what a request asks for, or returns the refusal if it is not well formed. */
export function readDesired(call: ArmCall, scope: string): DesiredAssignment | SandboxResponse {
  const name = call.parameters["name"] ?? "";
  if (!guid.test(name)) {
    return armError(400, "InvalidRoleAssignmentId", `The role assignment ID '${name}' is not valid.`);
  }
  const properties = jsonBody(call.request)?.["properties"];
  if (typeof properties !== "object" || properties === null) {
    return armError(400, "InvalidRequestContent", "The request content was invalid: properties are missing.");
  }
  // An older version ignores properties that it does not know.
  const isKnown = (key: string) =>
    call.apiVersion >= versionOfConditions || !["condition", "conditionVersion", "description"].includes(key);
  const text = (key: string) => {
    if (!isKnown(key)) return undefined;
    const value = (properties as Record<string, unknown>)[key];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const principalId = text("principalId") ?? "";
  if (!guid.test(principalId)) {
    return armError(400, "InvalidPrincipalId", "A valid principal ID must be provided for role assignment.");
  }
  const roleDefinitionId = text("roleDefinitionId") ?? "";
  const roleForm =
    /^(?:\/subscriptions\/[^/]+)?\/providers\/Microsoft\.Authorization\/roleDefinitions\/[^/]+$/i;
  if (!roleForm.test(roleDefinitionId) || !guid.test(roleDefinitionId.split("/").at(-1) ?? "")) {
    return armError(
      400,
      "InvalidRoleDefinitionId",
      `The role definition ID '${roleDefinitionId}' is not valid.`,
    );
  }
  if (!roleDefinition(roleDefinitionId)) {
    return armError(
      400,
      "RoleDefinitionDoesNotExist",
      `The specified role definition with ID '${plain(roleDefinitionId.split("/").at(-1) ?? "")}' does not exist.`,
    );
  }
  const condition = text("condition") ?? null;
  const conditionVersion = text("conditionVersion") ?? null;
  if (condition !== null && !isValid(condition, conditionVersion)) {
    return armError(400, "InvalidCondition", "The given role assignment condition is invalid.");
  }
  return {
    roleDefinitionId: /^\/subscriptions\//i.test(roleDefinitionId)
      ? roleDefinitionId
      : `${scope.split("/").slice(0, 3).join("/")}${roleDefinitionId}`,
    principalId,
    principalType: text("principalType"),
    condition,
    conditionVersion: condition === null ? null : conditionVersion,
    description: text("description") ?? null,
  };
}

/** A version other than 2.0 is refused in the same words; see MicrosoftDocs/azure-docs#119449. */
function isValid(condition: string, version: string | null): boolean {
  if (version !== "2.0" || condition.length > longestCondition) return false;
  try {
    parseCondition(condition);
    return true;
  } catch (error) {
    if (error instanceof MalformedConditionError) return false;
    throw error;
  }
}

/** Ids as these errors write them: 32 digits, no dashes. */
export function plain(id: string): string {
  return id.replaceAll("-", "");
}
