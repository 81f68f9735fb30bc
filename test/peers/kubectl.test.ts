import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { Clients } from "./clients.ts";
import { lacks } from "./peer.ts";

const manifest = (value: string, more = ""): string => `apiVersion: v1
kind: Secret
metadata: {name: app, labels: {app: web}}
type: Opaque
data: {first: ${Buffer.from(value).toString("base64")}, second: Mg==}
${more}`;

/** Every test has a namespace of its own. */
describe.skipIf(lacks("kubectl"))("kubectl against the sandbox's clusters", () => {
  let sandbox: Sandbox;
  let clients: Clients;
  let count = 0;

  beforeAll(async () => {
    sandbox = await startSandbox({
      pageSize: 2,
      clusters: [
        {
          context: "sandbox",
          users: [
            {
              context: "guest",
              rules: [{ verbs: ["get", "list"], resources: ["secrets"], namespaces: ["awesomeapps"] }],
            },
          ],
        },
        { context: "sandbox-staging" },
      ],
    });
    clients = await Clients.of(sandbox);
  });
  afterAll(async () => {
    await sandbox.close();
  });

  /** A fresh namespace, and kubectl in it. */
  async function fresh(): Promise<{
    namespace: string;
    kubectl: (words: string) => Promise<string>;
    fails: (words: string) => Promise<string>;
  }> {
    count += 1;
    const namespace = `test-${count}`;
    await clients.kubectl(`create namespace ${namespace}`);
    return {
      namespace,
      kubectl: (words) => clients.kubectl(`-n ${namespace} ${words}`),
      fails: async (words) => {
        const { code, stdout, stderr } = await clients.tryKubectl(`-n ${namespace} ${words}`);
        expect(code, stdout).toBe(1);
        return stderr;
      },
    };
  }

  test("finds the server's version and resources", async () => {
    expect(await clients.kubectl("version")).toContain("Server Version: v1.34.2");
    const resources = await clients.kubectl("api-resources -o name");
    for (const resource of ["namespaces", "secrets", "serviceaccounts", "pods", "events"]) {
      expect(resources.split("\n")).toContain(resource);
    }
  });

  test("lists service accounts page by page, and none in a namespace that is not there", async () => {
    const { kubectl } = await fresh();
    await kubectl("create serviceaccount builder");
    await kubectl("create serviceaccount runner");
    expect((await kubectl("get serviceaccounts -o name")).split("\n")).toEqual([
      "serviceaccount/builder",
      "serviceaccount/default",
      "serviceaccount/runner",
    ]);
    expect(await clients.kubectl("-n nowhere get serviceaccounts -o name")).toBe("");
  });

  test("makes a quota, shows it, and is refused the secret that is too many", async () => {
    const { namespace, kubectl, fails } = await fresh();
    await kubectl("create quota few --hard=secrets=1");
    await kubectl("wait quota/few --for=jsonpath={.status.used.secrets}=0 --timeout=5s");
    await kubectl("create secret generic one --from-literal=a=b");
    expect(await kubectl("get quota")).toMatch(/^NAME\s+REQUEST\s+LIMIT\s+AGE\nfew\s+secrets: 1\/1\s+\d+s$/);
    expect(await fails("create secret generic two --from-literal=a=b")).toContain(
      "exceeded quota: few, requested: secrets=1, used: secrets=1, limited: secrets=1",
    );
    expect(await kubectl(`describe namespace ${namespace}`)).toMatch(/Resource Quotas[^]*secrets\s+1\s+1/);
  });

  test("creates a pull secret, and shows it as a table, wide, by name, as JSON and described", async () => {
    const { kubectl } = await fresh();
    await kubectl(
      "create secret docker-registry acr-secret --docker-server=r.test --docker-username=u --docker-password=p",
    );
    const columns = /^NAME\s+TYPE\s+DATA\s+AGE\nacr-secret\s+kubernetes\.io\/dockerconfigjson\s+1\s+\d+s$/;
    expect(await kubectl("get secrets")).toMatch(columns);
    expect(await kubectl("get secrets -o wide")).toMatch(columns);
    expect(await kubectl("get secrets -o name")).toBe("secret/acr-secret");
    const secret = JSON.parse(await kubectl("get secret acr-secret -o json"));
    const config = Buffer.from(secret.data[".dockerconfigjson"], "base64").toString();
    expect(JSON.parse(config)).toEqual({
      auths: { "r.test": { username: "u", password: "p", auth: "dTpw" } },
    });
    expect(await kubectl("describe secret acr-secret")).toContain(".dockerconfigjson:  ");
  });

  test("creates secrets, config maps and service accounts in protobuf, once each", async () => {
    const { kubectl, fails } = await fresh();
    await kubectl("create secret generic values --from-literal=a=b --from-literal=empty=");
    await kubectl("create configmap values --from-literal=a=b");
    await kubectl("create serviceaccount robot");
    expect(await kubectl("get secret values -o jsonpath={.data}")).toBe('{"a":"Yg==","empty":""}');
    expect(await kubectl("get configmap values -o jsonpath={.data}")).toBe('{"a":"b"}');
    expect(await fails("create serviceaccount robot")).toContain('serviceaccounts "robot" already exists');
    expect(
      await fails("create secret generic x --type=kubernetes.io/dockerconfigjson --from-literal=a=b"),
    ).toContain('Secret "x" is invalid: data[.dockerconfigjson]: Required value');
  });

  test("lists all namespaces in pages, by label and by field", async () => {
    const { kubectl, namespace } = await fresh();
    for (const name of ["one", "two", "three"]) {
      await kubectl(`create secret generic ${name}`);
    }
    await kubectl("label secret one two tier=front");
    expect(await kubectl("get secrets -o name")).toBe("secret/one\nsecret/three\nsecret/two");
    const everywhere = await clients.kubectl("get secrets -A --no-headers");
    expect(everywhere.match(new RegExp(`^${namespace} `, "gm"))).toHaveLength(3);
    expect(await kubectl("get secrets -l tier=front -o name")).toBe("secret/one\nsecret/two");
    expect(await kubectl("get secrets -l !tier -o name")).toBe("secret/three");
    const selector = "--field-selector type=Opaque,metadata.name=two";
    expect(await kubectl(`get secrets ${selector} -o name`)).toBe("secret/two");
  });

  test("lists the pull secrets of all namespaces, and no others, page by page", async () => {
    const first = await fresh();
    const second = await fresh();
    const login = "--docker-server=r.test --docker-username=u --docker-password=p";
    for (const { kubectl } of [first, second]) {
      await kubectl(`create secret docker-registry pull ${login}`);
      await kubectl(`create secret docker-registry pull-too ${login}`);
      await kubectl("create secret generic other --from-literal=a=b");
    }
    const selector = "--field-selector type=kubernetes.io/dockerconfigjson";
    const everywhere = await clients.kubectl(`get secrets -A ${selector} --no-headers`);
    for (const { namespace } of [first, second]) {
      const names = everywhere.matchAll(new RegExp(`^${namespace} +(\\S+)`, "gm"));
      expect(Array.from(names, ([, name]) => name)).toEqual(["pull", "pull-too"]);
    }
    expect(everywhere).not.toMatch(/ Opaque /);
  });

  test("applies a manifest from the client: created, configured, unchanged", async () => {
    const { kubectl } = await fresh();
    const [first, second] = [
      await clients.file("a.yaml", manifest("1")),
      await clients.file("b.yaml", manifest("2")),
    ];
    expect(await kubectl(`apply -f ${first}`)).toBe("secret/app created");
    expect(await kubectl(`apply -f ${second}`)).toBe("secret/app configured");
    expect(await kubectl(`apply -f ${second}`)).toBe("secret/app unchanged");
    expect(await kubectl("get secret app -o jsonpath={.data}")).toBe('{"first":"Mg==","second":"Mg=="}');
    const shorter = await clients.file("c.yaml", manifest("2").replace(", second: Mg==", ""));
    await kubectl(`apply -f ${shorter}`);
    expect(await kubectl("get secret app -o jsonpath={.data}")).toBe('{"first":"Mg=="}');
  });

  test("applies a manifest on the server, and meets the owner of a field", async () => {
    const { kubectl, fails } = await fresh();
    const mine = await clients.file("a.yaml", manifest("1"));
    const theirs = await clients.file("b.yaml", manifest("2"));
    expect(await kubectl(`apply --server-side --field-manager=flux -f ${mine}`)).toContain(
      "serverside-applied",
    );
    expect(await fails(`apply --server-side -f ${theirs}`)).toContain(
      'Apply failed with 1 conflict: conflict with "flux": .data.first',
    );
    await kubectl(`apply --server-side --force-conflicts -f ${theirs}`);
    expect(await kubectl("get secret app -o jsonpath={.data.first}")).toBe("Mg==");
  });

  test("is told of an unknown field before anything is stored", async () => {
    const { fails } = await fresh();
    const file = await clients.file("a.yaml", manifest("1", "datas: {}"));
    const error = 'strict decoding error: unknown field "datas"';
    expect(await fails(`create -f ${file}`)).toContain(error);
    expect(await fails(`apply -f ${file}`)).toContain(error);
    expect(await fails("get secret app")).toContain('secrets "app" not found');
  });

  test("patches a service account in three ways, each replacing the list of pull secrets", async () => {
    const { kubectl, fails } = await fresh();
    await kubectl("create serviceaccount robot");
    const patch = (type: string, text: string): Promise<string> =>
      kubectl(`patch serviceaccount robot --type=${type} -p ${text}`);
    const secrets = (): Promise<string> => kubectl("get sa robot -o jsonpath={.imagePullSecrets[*].name}");
    for (const type of ["strategic", "merge"]) {
      await patch(type, `{"imagePullSecrets":[{"name":"${type}"}]}`);
      expect(await secrets()).toBe(type);
    }
    await patch("json", '[{"op":"add","path":"/imagePullSecrets/-","value":{"name":"json"}}]');
    expect(await secrets()).toBe("merge json");
    expect(
      await fails('patch sa robot --type=json -p [{"op":"test","path":"/metadata/name","value":"x"}]'),
    ).toContain("the server rejected our request due to an error in our request");
  });

  test("labels, annotates, edits and replaces, and meets a newer version", async () => {
    const { kubectl, fails, namespace } = await fresh();
    await kubectl("create secret generic app --from-literal=a=b");
    await kubectl("label secret app tier=front");
    await kubectl("annotate secret app note=old");
    await clients.shell(`kubectl -n ${namespace} edit secret app`, { EDITOR: "sed -i s/old/new/" });
    const json = await kubectl("get secret app -o json");
    expect(JSON.parse(json).metadata).toMatchObject({
      labels: { tier: "front" },
      annotations: { note: "new" },
    });
    const stale = await clients.file("stale.json", json);
    await kubectl("label secret app tier-");
    expect(await fails(`replace -f ${stale}`)).toContain("the object has been modified");
    await kubectl(`replace --force -f ${stale}`);
    expect(await kubectl("get secret app -o jsonpath={.metadata.labels.tier}")).toBe("front");
  });

  test("keeps nothing of a dry run on the server", async () => {
    const { kubectl } = await fresh();
    await kubectl("create secret generic app --from-literal=a=b");
    const before = await kubectl("get secrets -o json");
    const file = await clients.file("a.yaml", manifest("1"));
    await kubectl("create secret generic other --dry-run=server");
    await kubectl(`apply --server-side --force-conflicts --dry-run=server -f ${file}`);
    await kubectl("label secret app a=b --dry-run=server");
    await kubectl("delete secret app --dry-run=server");
    expect(await kubectl("get secrets -o json")).toBe(before);
  });

  test("deletes and waits, objects and namespaces with all they hold", async () => {
    const { kubectl, fails, namespace } = await fresh();
    await kubectl("create secret generic one");
    await kubectl("create secret generic two");
    expect(await kubectl("delete secret one")).toMatch(/^secret "one" deleted/);
    expect(await fails("delete secret one")).toContain('secrets "one" not found');
    await kubectl("wait --for=jsonpath={.type}=Opaque secret/two --timeout=10s");
    await kubectl("delete secret --all");
    await clients.kubectl(`delete namespace ${namespace}`);
    expect(await fails("create secret generic three")).toContain(`namespaces "${namespace}" not found`);
  });

  test("watches until what it waits for has happened", async () => {
    const { kubectl, namespace } = await fresh();
    await kubectl("create secret generic app");
    const seen = await clients.shell(
      `kubectl -n ${namespace} get secret app -w -o name > seen & watch=$!
       while ! grep -q app seen; do sleep 0.1; done
       kubectl -n ${namespace} label secret app a=b > /dev/null
       while [ "$(grep -c app seen)" -lt 2 ]; do sleep 0.1; done
       kill $watch; cat seen`.replaceAll("seen", await clients.newPath()),
    );
    expect(seen).toBe("secret/app\nsecret/app");
  });

  test("runs a pod that is given its account's pull secrets and waits, its logs being none", async () => {
    const { kubectl, fails } = await fresh();
    await kubectl("wait --for=create serviceaccount/default --timeout=10s");
    await kubectl('patch sa default -p {"imagePullSecrets":[{"name":"acr-secret"}]}');
    await kubectl("run web --image=r.test/app:v1");
    expect(await kubectl("get pod web -o jsonpath={.spec.imagePullSecrets}")).toBe('[{"name":"acr-secret"}]');
    expect(await kubectl("get pods")).toMatch(/^web\s+0\/1\s+Pending\s+0\s+\d+s$/m);
    expect(await kubectl("describe pod web")).toContain("r.test/app:v1");
    expect(await fails("logs web")).toContain("(NotImplemented)");
  });

  test("is shown the events of a namespace", async () => {
    const { kubectl, namespace } = await fresh();
    sandbox.addObject("sandbox", {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "web.1", namespace },
      involvedObject: { kind: "Pod", name: "web", namespace },
      reason: "Failed",
      message: "ErrImagePull",
      type: "Warning",
    });
    expect(await kubectl("get events")).toMatch(/Warning\s+Failed\s+pod\/web\s+ErrImagePull/);
    expect(await kubectl("get events --field-selector type=Normal")).toBe("");
  });

  test("asks what it may do, and is refused what it may not", async () => {
    const guest = (words: string) => clients.tryKubectl(`--context guest -n awesomeapps ${words}`);
    expect((await guest("auth can-i list secrets")).stdout.trim()).toBe("yes");
    expect(await guest("auth can-i create secrets")).toMatchObject({ code: 1, stdout: "no\n" });
    expect((await guest("auth can-i --list")).stdout).toMatch(/^secrets\s+\[\]\s+\[\]\s+\[get list\]$/m);
    expect((await guest("auth whoami -o jsonpath={.status.userInfo.username}")).stdout).toBe("guest-user");
    expect((await guest("create secret generic x")).stderr).toContain(
      'secrets is forbidden: User "guest-user" cannot create resource "secrets" in API group "" in the namespace ' +
        '"awesomeapps"',
    );
    expect((await guest("get secrets -A")).stderr).toContain(
      'secrets is forbidden: User "guest-user" cannot list resource "secrets" in API group "" at the cluster scope',
    );
  });

  test("reaches the other cluster by its own context", async () => {
    const { namespace } = await fresh();
    const { code, stderr } = await clients.tryKubectl(`--context sandbox-staging get ns ${namespace}`);
    expect([code, stderr]).toEqual([
      1,
      `Error from server (NotFound): namespaces "${namespace}" not found\n`,
    ]);
  });
});
