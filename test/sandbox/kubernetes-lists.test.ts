import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { humanDuration } from "../../src/sandbox/kubernetes/table.ts";
import {
  inProcessKubernetes,
  patchTypes,
  pullSecret,
  secretsPath,
  type InProcessKubernetes,
} from "./in-process-kubernetes.ts";

const table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/** A cluster that holds secrets with these names. */
async function holding(names: readonly string[], options = {}): Promise<InProcessKubernetes> {
  const kubernetes = inProcessKubernetes({}, options);
  for (const name of names) {
    const metadata = { name, labels: { app: name, tier: name < "c" ? "front" : "back" } };
    await kubernetes.ask("POST", secretsPath, pullSecret(name, { metadata }));
  }
  return kubernetes;
}

/** The names and page sizes of a list that is read to its end. */
async function readAll({ ask }: InProcessKubernetes, query: string): Promise<[string[], number[]]> {
  const names: string[] = [];
  const pages: number[] = [];
  let token = "";
  do {
    const { body } = await ask("GET", `${secretsPath}?${query}&continue=${token}`);
    names.push(...body.items.map((item: { metadata: { name: string } }) => item.metadata.name));
    pages.push(body.items.length);
    token = body.metadata.continue ?? "";
  } while (token);
  return [names, pages];
}

describe("a list", () => {
  test("is in the order of names, its items without a type of their own", async () => {
    const { ask, cluster } = await holding(["b", "a"]);
    const { body } = await ask("GET", secretsPath);
    expect(body).toMatchObject({
      kind: "SecretList",
      metadata: { resourceVersion: String(cluster.resourceVersion) },
    });
    expect(body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(["a", "b"]);
    expect(body.items[0]).not.toHaveProperty("kind");
    expect(body.metadata).not.toHaveProperty("continue");
  });

  test("comes in pages that hold everything once, whatever the limit", async () => {
    const names = ["a", "b", "c", "d", "e", "f", "g"];
    const kubernetes = await holding(names);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), async (limit) => {
        const [read, pages] = await readAll(kubernetes, `limit=${limit}`);
        expect(read).toEqual(names);
        expect(pages.every((size) => size <= limit)).toBe(true);
      }),
    );
  });

  test("has smaller pages than asked for where the world has, and one page where none was asked for", async () => {
    const kubernetes = await holding(["a", "b", "c"], { pageSize: 2 });
    expect((await readAll(kubernetes, "limit=500"))[1]).toEqual([2, 1]);
    expect((await readAll(kubernetes, ""))[1]).toEqual([3]);
    const { body } = await kubernetes.ask("GET", `${secretsPath}?limit=500`);
    expect(body.metadata.remainingItemCount).toBe(1);
  });

  test("goes on as it was when it began, whatever is written meanwhile", async () => {
    const { ask } = await holding(["a", "b", "c"]);
    const first = await ask("GET", `${secretsPath}?limit=1`);
    await ask("DELETE", `${secretsPath}/b`);
    await ask("POST", secretsPath, pullSecret("bb"));
    await ask(
      "PATCH",
      `${secretsPath}/c`,
      { metadata: { labels: { app: "new" } } },
      { type: patchTypes.merge },
    );
    const { body } = await ask("GET", `${secretsPath}?continue=${first.body.metadata.continue}`);
    const shown = body.items.map(({ metadata }: { metadata: { name: string; labels: object } }) => metadata);
    expect(shown).toMatchObject([
      { name: "b", labels: { app: "b" } },
      { name: "c", labels: { app: "c" } },
    ]);
    expect(body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });

  test("whose beginning is forgotten is 410, with a token to go on with what there is now", async () => {
    const { ask } = await holding(["a", "b"]);
    const first = await ask("GET", `${secretsPath}?limit=1`);
    const type = patchTypes.merge;
    for (let count = 0; count <= 1000; count += 1) {
      await ask("PATCH", `${secretsPath}/b`, { metadata: { labels: { count: String(count) } } }, { type });
    }
    const { status, body } = await ask("GET", `${secretsPath}?continue=${first.body.metadata.continue}`);
    expect([status, body.reason]).toEqual([410, "Expired"]);
    expect(body.message).toMatch(
      /^The provided continue parameter is too old to display a consistent list result/,
    );
    const rest = await ask("GET", `${secretsPath}?continue=${body.metadata.continue}`);
    expect(rest.body.items).toMatchObject([{ metadata: { name: "b", labels: { count: "1000" } } }]);
  });

  test.each(["limit=x", "continue=nonsense", "labelSelector=a%20b", "fieldSelector=data.x%3Dy"])(
    "cannot be asked for with %s",
    async (query) => {
      const { ask } = inProcessKubernetes();
      const { status, body } = await ask("GET", `${secretsPath}?${query}`);
      expect([status, body.reason]).toEqual([400, "BadRequest"]);
    },
  );

  test.each([
    ["labelSelector", "app=a", ["a"]],
    ["labelSelector", "app==a", ["a"]],
    ["labelSelector", "app!=a", ["b", "c"]],
    ["labelSelector", "app in (a, c)", ["a", "c"]],
    ["labelSelector", "app notin (a,c),tier=front", ["b"]],
    ["labelSelector", "tier,app!=b", ["a", "c"]],
    ["labelSelector", "!tier", []],
    ["labelSelector", "none!=x", ["a", "b", "c"]],
    ["fieldSelector", "metadata.name=b", ["b"]],
    ["fieldSelector", "metadata.name!=b", ["a", "c"]],
    ["fieldSelector", "type=kubernetes.io/dockerconfigjson,metadata.namespace=awesomeapps", ["a", "b", "c"]],
    ["fieldSelector", "type=Opaque", []],
    ["fieldSelector", "type!=Opaque", ["a", "b", "c"]],
  ])("selects by %s %s", async (parameter, selector, expected) => {
    const kubernetes = await holding(["a", "b", "c"]);
    const [names] = await readAll(kubernetes, `${parameter}=${encodeURIComponent(selector)}`);
    expect(names).toEqual(expected);
  });
});

describe("a table", () => {
  test("has the columns that kubectl prints, and each object's metadata", async () => {
    const { ask } = await holding(["a"]);
    const { body } = await ask("GET", secretsPath, undefined, { accept: table });
    expect(body.kind).toBe("Table");
    expect(body.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
      "Name",
      "Type",
      "Data",
      "Age",
    ]);
    expect(body.rows[0]).toMatchObject({
      cells: ["a", "kubernetes.io/dockerconfigjson", 1, expect.stringMatching(/^\ds$/)],
      object: { kind: "PartialObjectMetadata", metadata: { name: "a" } },
    });
    expect(body.rows[0].object).not.toHaveProperty("data");
  });

  test("is passed over for the next form where it is asked for in a version that is not served", async () => {
    const { ask } = await holding(["a"]);
    const accept = "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
    expect((await ask("GET", secretsPath, undefined, { accept })).body.kind).toBe("SecretList");
    const { status } = await ask("GET", secretsPath, undefined, {
      accept: "application/vnd.kubernetes.protobuf",
    });
    expect(status).toBe(406);
  });

  test.each([
    [0, "0s"],
    [119, "119s"],
    [120, "2m"],
    [121, "2m1s"],
    [600, "10m"],
    [10_799, "179m"],
    [10_800, "3h"],
    [10_860, "3h1m"],
    [28_800, "8h"],
    [172_800, "2d"],
    [176_400, "2d1h"],
    [691_200, "8d"],
    [63_072_000, "2y"],
    [64_800_000, "2y20d"],
    [252_288_000, "8y"],
  ])("shows %i seconds as %s", (seconds, shown) => {
    expect(humanDuration(seconds * 1000)).toBe(shown);
  });
});

/** Reads this many events of a watch, then ends it. */
async function watched(
  { ask }: InProcessKubernetes,
  query: string,
  count: number,
  meanwhile: () => Promise<unknown>,
  // oxlint-disable-next-line typescript/no-explicit-any
): Promise<any[]> {
  const closing = new AbortController();
  const { stream } = await ask("GET", `${secretsPath}?watch=true&${query}`, undefined, {
    closed: closing.signal,
  });
  const events: unknown[] = [];
  const reading = (async () => {
    for await (const line of stream ?? []) {
      events.push(JSON.parse(String(line)));
      if (events.length === count) {
        closing.abort();
      }
    }
  })();
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  await meanwhile();
  await reading;
  return events;
}

describe("a watch", () => {
  test("shows what is there, then every change of what is selected, entering and leaving", async () => {
    const kubernetes = await holding(["a"]);
    const { ask } = kubernetes;
    const relabel = (app: string): Promise<unknown> =>
      ask("PATCH", `${secretsPath}/a`, { metadata: { labels: { app } } }, { type: patchTypes.merge });
    const events = await watched(kubernetes, "labelSelector=app%3Da", 4, async () => {
      await ask("POST", secretsPath, pullSecret("other"));
      await relabel("b");
      await relabel("a");
      await ask("DELETE", `${secretsPath}/a`);
    });
    expect(events.map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ["ADDED", "a"],
      ["DELETED", "a"],
      ["ADDED", "a"],
      ["DELETED", "a"],
    ]);
  });

  test("goes on from a version without missing a change", async () => {
    const kubernetes = await holding(["a"]);
    const { ask, cluster } = kubernetes;
    const from = cluster.resourceVersion;
    await ask("POST", secretsPath, pullSecret("b"));
    await ask("DELETE", `${secretsPath}/b`);
    const events = await watched(kubernetes, `resourceVersion=${from}`, 3, () =>
      ask("POST", secretsPath, pullSecret("c")),
    );
    expect(events.map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ["ADDED", "b"],
      ["DELETED", "b"],
      ["ADDED", "c"],
    ]);
    expect(Number(events[1].object.metadata.resourceVersion)).toBeGreaterThan(from + 1);
  });

  test("from a forgotten version is told so in its stream", async () => {
    const kubernetes = await holding(["a"]);
    const events = await watched(kubernetes, "resourceVersion=1", 1, () => Promise.resolve());
    expect(events).toMatchObject([{ type: "ERROR", object: { code: 410, reason: "Expired" } }]);
  });

  test("ends by itself after the time that was asked for", async () => {
    const { ask } = await holding(["a"]);
    const { stream } = await ask("GET", `${secretsPath}?watch=true&timeoutSeconds=1`);
    const lines: unknown[] = [];
    for await (const line of stream ?? []) {
      lines.push(line);
    }
    expect(lines).toHaveLength(1);
  });
});
