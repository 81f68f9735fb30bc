import { answerOf, isAnswer } from "./service-failure.ts";

/** What Resource Manager has versions of, each for itself. */
export type Api = keyof typeof apis;

/** How one of them is spoken. */
interface Speech {
  /** The version that is asked for first. */
  readonly usual: string;
  /** Whether a version holds what acr-pull needs; without it less can be done. */
  readonly suffices: (version: string) => boolean;
}

const apis = {
  permissions: { usual: "2022-04-01", suffices: () => true },
  registries: { usual: "2025-11-01", suffices: tellsMode },
  roleAssignments: { usual: "2022-04-01", suffices: knowsConditions },
  roleDefinitions: { usual: "2022-04-01", suffices: () => true },
  subscriptions: { usual: "2022-12-01", suffices: () => true },
} as const satisfies Record<string, Speech>;

/** The version of an API that is asked for first: later clouds have it, earlier ones say what they have. */
export function usualVersion(api: Api): string {
  return apis[api].usual;
}

/**
 * Whether answers of this version tell a registry's role assignment mode. The stable version after the first preview
 * that did does not: https://learn.microsoft.com/rest/api/containerregistry
 */
export function tellsMode(version: string): boolean {
  return version >= "2025-03-01-preview" && version !== "2025-04-01";
}

/** Whether role assignments of this version have conditions: https://learn.microsoft.com/azure/role-based-access-control/conditions-faq */
export function knowsConditions(version: string): boolean {
  return version >= "2020-03-01-preview";
}

/** Places of one cloud may differ; one that names others each time it is asked is left alone. */
const mostTried = 3;

/**
 * The version to speak instead where a cloud refuses the one that was asked for and names those that it has; undefined
 * where the refusal is about something else, such as a location.
 * @param tried versions that were asked for and refused
 */
export function versionInstead(error: unknown, api: Api, tried: ReadonlySet<string>): string | undefined {
  const offered = offeredVersions(error);
  if (!offered || tried.size > mostTried || offered.some((version) => tried.has(version))) return undefined;
  const { suffices } = apis[api];
  const rank = (version: string) =>
    `${suffices(version) ? 1 : 0}${version.endsWith("-preview") ? 0 : 1}${version}`;
  return offered.toSorted((left, right) => (rank(left) < rank(right) ? 1 : -1))[0];
}

/** Whether there is no such thing: a 404 that is about the version that it was asked in says nothing of it. */
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
