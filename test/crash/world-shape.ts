import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { KubernetesObject, World } from "../../src/sandbox/world.ts";

/*
 * Two runs of a program leave different ids, passwords and times behind, but must otherwise leave the same world. The
 * shape of a world is what it holds apart from those: what refers to what, which key is in which secret, what is over
 * and what is to come.
 */

const guid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
const time = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** Fields that a write sets by itself, or that repeat something else. */
const unsaid = new Set([
  "resourceVersion",
  "managedFields",
  "createdAt",
  "creationTimestamp",
  // Follows from the registry's port.
  "uniqueName",
  "hint",
  "holder",
  "auth",
]);

/** Everything that exists in a sandbox, apart from chance. What was removed is left out. */
export function shapeOf({ world }: Sandbox): string {
  const now = Date.now();
  const text = JSON.stringify(
    standing(world),
    (key, value: unknown) => {
      if (unsaid.has(key)) return undefined;
      if (key === "acr-pull/entries") return JSON.parse(String(value)) as unknown;
      if (key === ".dockerconfigjson")
        return JSON.parse(Buffer.from(String(value), "base64").toString("utf8")) as unknown;
      return value;
    },
    1,
  ).replaceAll(time, (moment) => (Date.parse(moment) > now ? "to come" : "over"));
  const numbers = new Map<string, string>();
  return withNames(text, world).replaceAll(guid, (id) => {
    const number = numbers.get(id) ?? `id ${numbers.size + 1}`;
    numbers.set(id, number);
    return number;
  });
}

function standing({ applications, servicePrincipals, roleAssignments, clusters }: World) {
  const stands = ({ removedAt }: { readonly removedAt?: number }) => removedAt === undefined;
  return {
    applications: applications.filter(stands).map((application) => ({
      ...application,
      passwords: application.passwords.filter(stands),
    })),
    // Not deleted permanently, so it keeps its unique name.
    deleted: applications.filter(({ softDeleted }) => softDeleted).length,
    servicePrincipals: servicePrincipals.filter(stands),
    roleAssignments: roleAssignments.filter(stands),
    clusters: clusters.map(({ context, objects }) => ({
      context,
      objects: Object.values(objects).map((list) => list.toSorted(byPlace)),
    })),
  };
}

function byPlace(one: KubernetesObject, other: KubernetesObject): number {
  const place = ({ metadata }: KubernetesObject) => `${metadata.namespace ?? ""}/${metadata.name}`;
  return place(one) < place(other) ? -1 : 1;
}

/** Replaces registries by name, clusters by context, and passwords by their key's place among the existing keys. */
function withNames(text: string, { applications, registries, clusters }: World): string {
  let named = text;
  for (const { context, objects } of clusters) {
    const uid = objects["namespaces"]?.find(({ metadata }) => metadata.name === "kube-system")?.metadata.uid;
    // The end of an application's name.
    if (uid !== undefined) named = named.replaceAll(`-${uid.slice(0, 8)}"`, `-${context}"`);
  }
  for (const { loginServer, name } of registries) named = named.replaceAll(loginServer, name);
  for (const { passwords } of applications) {
    const left = passwords.filter(({ removedAt }) => removedAt === undefined);
    for (const key of passwords) {
      const place = left.indexOf(key);
      named = named.replaceAll(key.secretText, place < 0 ? "of a removed key" : `of key ${place + 1}`);
    }
  }
  return named;
}
