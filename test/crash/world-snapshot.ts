import { applicationUniqueName } from "../../src/domain/ownership.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { World } from "../../src/sandbox/world.ts";

const lists = ["applications", "servicePrincipals", "roleAssignments"] as const;

/** What a program can change in a sandbox, as it is at one moment. */
export interface Snapshot {
  /** JSON, with docker configs decoded. */
  readonly text: string;
  /** Login servers of the registries. In another sandbox their ports differ. */
  readonly loginServers: readonly string[];
}

const configKey = ".dockerconfigjson";

/** Takes a snapshot of the sandbox. */
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
 * Brings a sandbox back to a snapshot of it, or of another sandbox that was started with the same options. This takes
 * a fraction of the time that it takes to start a sandbox and run programs in it.
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
  // Reads before the restore do not count in this world.
  world.certificateReads = { since: 0, count: 0 };
  for (const list of lists) world[list].splice(0, Infinity, ...(content[list] as never[]));
  for (const [index, cluster] of world.clusters.entries()) {
    for (const resource of Object.keys(cluster.objects)) delete cluster.objects[resource];
    Object.assign(cluster.objects, content.objects[index]);
    // If a version stood for other content than when it was read, a stale write would be accepted.
    const versions = Object.values(cluster.objects).flatMap((objects) =>
      objects.map(({ metadata }) => Number(metadata.resourceVersion)),
    );
    cluster.resourceVersion = Math.max(cluster.resourceVersion, ...versions);
  }
}
