import type {
  Application,
  ApplicationSummary,
  Owner,
  PasswordCredential,
  ServicePrincipal,
} from "../domain/identity.ts";
import { urlPart } from "../domain/url-part.ts";
import { list, record, text, texts, type JsonObject } from "./json-fields.ts";

/*
 * Turns Graph's objects into those of acr-pull, and names the fields to ask for.
 */

/** The fields of an application; Graph sends the unique name only if it is listed. */
export const applicationFields = "id,appId,displayName,uniqueName,tags,createdDateTime,passwordCredentials";
export const summaryFields = "id,appId,displayName";
export const servicePrincipalFields = "id,appId,displayName,accountEnabled,passwordCredentials";
/** A tenant may read certificates at most 150 times a minute: https://learn.microsoft.com/graph/api/application-list */
const certificates = "keyCredentials";
export const certificateFields = `id,${certificates}`;
export const certifiedApplicationFields = `${applicationFields},${certificates}`;
export const certifiedPrincipalFields = `${servicePrincipalFields},${certificates}`;

/** An application as Graph shows it. */
export function parseApplication(item: JsonObject): Application {
  return {
    ...parseSummary(item),
    uniqueName: text(item["uniqueName"]),
    tags: texts(item["tags"]),
    passwords: list(item["passwordCredentials"]).map(record).map(passwordOf),
    createdAt: dateOf(item["createdDateTime"]),
  };
}

/** How many certificates an application or a principal has, if they were asked for. */
export function certificatesOf(item: JsonObject): number {
  return list(item[certificates]).length;
}

/** The names of an application, or of a service principal. */
export function parseSummary(item: JsonObject): ApplicationSummary {
  return {
    objectId: text(item["id"]) ?? "",
    appId: text(item["appId"]) ?? "",
    displayName: text(item["displayName"]) ?? "",
  };
}

/** A service principal as Graph shows it. */
export function servicePrincipalOf(item: JsonObject): ServicePrincipal {
  return {
    ...parseSummary(item),
    passwords: list(item["passwordCredentials"]).map(record).map(passwordOf),
    enabled: item["accountEnabled"] !== false,
  };
}

export const ownerFields = "id,displayName,userPrincipalName";

/** https://learn.microsoft.com/graph/paging */
export const largestPage = 999;

/** An owner as Graph shows it. Fields that the caller may not read are null. */
export function ownerOf(item: JsonObject): Owner {
  return {
    objectId: text(item["id"]) ?? "",
    kind: ownerKinds[text(item["@odata.type"]) ?? ""] ?? "unknown",
    displayName: text(item["userPrincipalName"]) ?? text(item["displayName"]),
  };
}

const ownerKinds: Readonly<Record<string, Owner["kind"]>> = {
  "#microsoft.graph.user": "user",
  "#microsoft.graph.servicePrincipal": "service-principal",
};

function passwordOf(item: JsonObject): PasswordCredential {
  return {
    keyId: text(item["keyId"]) ?? "",
    displayName: text(item["displayName"]),
    startDateTime: dateOf(item["startDateTime"]),
    endDateTime: dateOf(item["endDateTime"]),
    hint: text(item["hint"]),
  };
}

/** A time in Graph's format; undefined for anything else. */
export function dateOf(value: unknown): Date | undefined {
  const date = new Date(text(value) ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** An OData string literal, encoded for a URL. A quote inside it is doubled. */
export function literal(value: string): string {
  return urlPart(`'${value.replaceAll("'", "''")}'`);
}
