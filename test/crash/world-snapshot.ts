import { applicationUniqueName } from "../../src/domain/ownership.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { World } from "../../src/sandbox/world.ts";

const lists = ["applications", "servicePrincipals", "roleAssignments"] as const;

/** What a program can change in a sandbox, as it was at one moment. */
export interface Snapshot {
  /** JSON, docker configs decoded. */
  readonly text: string;
  /** Login servers of the registries: another sandbox has other ports. */
  readonly loginServers: readonly string[];
}

const configKey = ".dockerconfigjson";

/** Keeps what is in the sandbox now. */
export function snapshotOf({ world }: Sandbox): Snapshot {
  const { applications, servicePrincipals, roleAssignments } = world;
  const objects = world.clusters.map((cluster) => cluster.objects);
  const content = { applications, servicePrincipals, roleAssignments, objects };
  const text = JSON.stringify(content, (key, value: unknown) =>
    key === configKey ? Buffer.from(String(value), "base64").toString("utf8") : value,
  );
  return { text, loginServers: world.registries.map(({ loginServer }) => loginServer) };
}

/**
 * Brings a sandbox to what it, or another one that was started with the same options, once was: a fraction of what it
 * takes to start one and to run programs in it.
 */
export function restore({ world }: Sandbox, { text, loginServers }: Snapshot): void {
  let moved = text;
  for (const [index, before] of loginServers.entries()) {
    const after = world.registries[index]?.loginServer ?? "";
    moved = moved.replaceAll(before, after);
    for (const { objects } of world.clusters) {
      const id = objects["namespaces"]?.find(({ metadata }) => metadata.name === "kube-system")?.metadata.uid;
      if (id === undefined) continue;
      moved = moved.replaceAll(applicationUniqueName(before, id), applicationUniqueName(after, id));
    }
  }
  const content = JSON.parse(moved, (key, value: unknown) =>
    key === configKey ? Buffer.from(String(value), "utf8").toString("base64") : value,
  ) as Pick<World, (typeof lists)[number]> & { objects: Array<World["clusters"][number]["objects"]> };
  // What others asked before it is not of this world.
  world.certificateReads = { since: 0, count: 0 };
  for (const list of lists) world[list].splice(0, Infinity, ...(content[list] as never[]));
  for (const [index, cluster] of world.clusters.entries()) {
    for (const resource of Object.keys(cluster.objects)) delete cluster.objects[resource];
    Object.assign(cluster.objects, content.objects[index]);
    // A version that stands for another content than the one it was read with would let a stale write through.
    const versions = Object.values(cluster.objects).flatMap((objects) =>
      objects.map(({ metadata }) => Number(metadata.resourceVersion)),
    );
    cluster.resourceVersion = Math.max(cluster.resourceVersion, ...versions);
  }
}
