import { answerOf, isAnswer } from "./service-failure.ts";

/** The APIs of Resource Manager, which have versions of their own. */
export type Api = keyof typeof apis;

/** Which versions of an API are used. */
interface ApiVersions {
  /** The version to ask for first. */
  readonly usual: string;
  /** Whether a version has everything that acr-pull needs. Others are used only if there is no such version. */
  readonly suffices: (version: string) => boolean;
}

const apis = {
  managedClusters: { usual: "2026-06-02-preview", suffices: hasServiceAccountPull },
  permissions: { usual: "2022-04-01", suffices: () => true },
  registries: { usual: "2025-11-01", suffices: hasMode },
  roleAssignments: { usual: "2022-04-01", suffices: hasConditions },
  roleDefinitions: { usual: "2022-04-01", suffices: () => true },
  subscriptions: { usual: "2022-12-01", suffices: () => true },
} as const satisfies Record<string, ApiVersions>;

/** The version of an API to ask for first. Newer clouds have it; older ones say which versions they have. */
export function usualVersion(api: Api): string {
  return apis[api].usual;
}

/**
 * Whether this version returns a registry's role assignment mode. The stable version that followed the first preview
 * with it does not: https://learn.microsoft.com/rest/api/containerregistry
 */
export function hasMode(version: string): boolean {
  return version >= "2025-03-01-preview" && version !== "2025-04-01";
}

/**
 * Whether role assignments have conditions in this version:
 * https://learn.microsoft.com/azure/role-based-access-control/conditions-faq
 */
export function hasConditions(version: string): boolean {
  return version >= "2020-03-01-preview";
}

/**
 * Whether a managed cluster's pulls by service account are shown in this version. AKS removes each preview after a
 * year, and what else acr-pull reads of a cluster is in all versions since 2020.
 * Sources: https://github.com/Azure/azure-rest-api-specs/pull/40533 and
 * https://learn.microsoft.com/azure/aks/concepts-preview-api-life-cycle
 */
function hasServiceAccountPull(version: string): boolean {
  return version >= "2026-01-02-preview" && version.endsWith("-preview");
}

/** Locations of one cloud may differ, so a few versions are tried. acr-pull gives up if each refusal offers others. */
const mostTried = 3;

/**
 * The version to use instead, if a cloud refuses a version and names those that it has. Undefined if the refusal is
 * about something else, such as a location.
 * @param tried versions that were asked for and refused
 */
export function alternativeVersion(error: unknown, api: Api, tried: ReadonlySet<string>): string | undefined {
  const offered = offeredVersions(error);
  if (!offered || tried.size > mostTried || offered.some((version) => tried.has(version))) return undefined;
  const { suffices } = apis[api];
  const rank = (version: string) =>
    `${suffices(version) ? 1 : 0}${version.endsWith("-preview") ? 0 : 1}${version}`;
  return offered.toSorted((left, right) => (rank(left) < rank(right) ? 1 : -1))[0];
}

/** Whether the object does not exist. A 404 about the API version says nothing about the object. */
export function isMissing(error: unknown): boolean {
  return isAnswer(error, 404) && !isVersionRefused(error);
}

function isVersionRefused(error: unknown): boolean {
  return answerOf(error)?.codes.some((code) => refusals.has(code)) ?? false;
}

const refusals: ReadonlySet<string> = new Set([
  "InvalidApiVersionParameter",
  "InvalidResourceType",
  "NoRegisteredProviderFound",
]);

/** Both forms are in use: `supported api-versions are '…, …'` and `supported versions are '…,…'`. */
function offeredVersions(error: unknown): string[] | undefined {
  if (!isVersionRefused(error)) return undefined;
  const listed = /\bsupported (?:api-)?versions are '(?<list>[^']*)'/i.exec(answerOf(error)?.whole ?? "");
  return listed?.groups?.["list"]
    ?.split(",")
    .map((version) => version.trim())
    .filter((version) => /^\d{4}-\d{2}-\d{2}(?:-preview)?$/.test(version));
}
