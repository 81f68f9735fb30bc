import { v4 as uuid } from "uuid";
import { badRequest, notImplemented } from "./errors.ts";
import type { ApplicationRecord } from "../world.ts";

/** The properties that a client may set on an application. A property is absent if the client does not send it. */
export interface ApplicationChange {
  displayName?: string;
  uniqueName?: string | null;
  tags?: string[];
  notes?: string | null;
  serviceManagementReference?: string | null;
  signInAudience?: string;
  keyCredentials?: Array<ApplicationRecord["keyCredentials"][number]>;
}

const audiences = [
  "AzureADMyOrg",
  "AzureADMultipleOrgs",
  "AzureADandPersonalMicrosoftAccount",
  "PersonalMicrosoftAccount",
];

/**
 * Reads the body of a request that creates or changes an application. A property that real Graph would store and the
 * sandbox would not is refused, unless its value is empty.
 * @throws GraphRefusal
 */
export function readApplicationChange(body: Readonly<Record<string, unknown>>): ApplicationChange {
  const change: ApplicationChange = {};
  for (const [property, value] of Object.entries(body)) {
    switch (property) {
      case "displayName":
        if (typeof value !== "string" || value === "" || value.length > 256) throw invalid(property);
        change.displayName = value;
        break;
      case "uniqueName":
      case "notes":
      case "serviceManagementReference":
        if (value !== null && (typeof value !== "string" || value === "")) throw invalid(property);
        change[property] = value;
        break;
      case "signInAudience":
        if (typeof value !== "string" || !audiences.includes(value)) throw invalid(property);
        change.signInAudience = value;
        break;
      case "tags":
        if (!Array.isArray(value) || !value.every((tag) => typeof tag === "string")) throw invalid(property);
        change.tags = [...new Set(value)];
        break;
      case "keyCredentials":
        change.keyCredentials = readKeys(value);
        break;
      case "passwordCredentials":
        if (isEmpty(value)) break;
        throw badRequest("New password credentials must be generated with service actions.");
      default:
        if (!isEmpty(value)) throw notImplemented(`the application's property ${property}`);
    }
  }
  return change;
}

function readKeys(value: unknown): Array<ApplicationRecord["keyCredentials"][number]> {
  if (!Array.isArray(value)) throw invalid("keyCredentials");
  return value.map((key: unknown) => {
    const { keyId, displayName } = (key ?? {}) as { keyId?: unknown; displayName?: unknown };
    return {
      keyId: typeof keyId === "string" ? keyId : uuid(),
      displayName: typeof displayName === "string" ? displayName : "",
    };
  });
}

function isEmpty(value: unknown): boolean {
  return (
    value === null || value === false || (typeof value === "object" && Object.values(value).every(isEmpty))
  );
}

function invalid(property: string): Error {
  return badRequest(`Invalid value specified for property '${property}' of resource 'Application'.`);
}
