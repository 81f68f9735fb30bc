import { expect, it } from "vitest";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { restore, snapshotOf } from "./world-snapshot.ts";

const secret = (name: string) => ({
  apiVersion: "v1",
  kind: "Secret" as const,
  type: "Opaque",
  metadata: { namespace: "default", name },
});

it("lets nothing that is written after a restore take a version that a program may have read before", async () => {
  const [busy, fresh] = await Promise.all([startSandbox(), startSandbox()]);
  try {
    for (let index = 0; index < 20; index += 1) busy.addObject("sandbox", secret(`written-${index}`));
    restore(fresh, snapshotOf(busy));
    const read = Object.values(fresh.world.clusters[0]?.objects ?? {}).flat();
    const newest = Math.max(...read.map(({ metadata }) => Number(metadata.resourceVersion)));

    const { metadata } = fresh.addObject("sandbox", secret("written-after"));

    expect(Number(metadata.resourceVersion)).toBeGreaterThan(newest);
  } finally {
    await Promise.all([busy.close(), fresh.close()]);
  }
});
