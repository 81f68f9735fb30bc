import { expect, it, vi } from "vitest";
import { inProcessKubernetes } from "./in-process-kubernetes.ts";

const namespace = "/api/v1/namespaces/awesomeapps";

it("says of a new pod, in an event, that nothing runs it", async () => {
  const { ask } = inProcessKubernetes();
  const spec = { containers: [{ name: "app", image: "nginx" }] };
  const { body: pod } = await ask("POST", `${namespace}/pods`, { metadata: { name: "app" }, spec });
  expect(pod.status.phase).toBe("Pending");
  const ofPod = `${namespace}/events?fieldSelector=involvedObject.uid%3D${pod.metadata.uid}`;
  await vi.waitFor(async () => {
    const { body } = await ask("GET", ofPod);
    expect(body.items).toMatchObject([{ type: "Normal", message: expect.stringContaining("no kubelet") }]);
  });
});
