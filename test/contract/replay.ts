import { Agent, request } from "node:https";
import type { Socket } from "node:net";
import { createCertificateAuthority } from "../../src/sandbox/certificate-authority.ts";
import { FaultInjector } from "../../src/sandbox/faults.ts";
import { listen } from "../../src/sandbox/https-server.ts";
import { createKubernetesApi } from "../../src/sandbox/kubernetes/kubernetes-api.ts";
import { newCluster } from "../../src/sandbox/new-cluster.ts";
import { createIdSource } from "../../src/sandbox/new-id.ts";
import { newWorld } from "../../src/sandbox/new-world.ts";
import { RequestLog } from "../../src/sandbox/request-log.ts";
import type { Service } from "../../src/sandbox/service.ts";
import type { ClusterRecord } from "../../src/sandbox/world.ts";
import { readSandboxOptions } from "../../src/sandbox/world-options.ts";
import { Comparing, type RawAnswer } from "./comparable-answer.ts";
import type { ComparableAnswer, Conversation, RequestStep, Step } from "./conversation.ts";
import { differences } from "./differences.ts";

/** The users that the conversations name. The first may do everything. */
const clusterOptions = {
  context: "admin",
  namespaces: ["default", "kube-system", "kube-public", "kube-node-lease"],
  nodes: [],
  users: [
    { context: "norights", rules: [] },
    { context: "getter", rules: [{ verbs: ["get"], resources: ["secrets"] }] },
    { context: "lister", rules: [{ verbs: ["list"], resources: ["secrets"] }] },
    { context: "creator", rules: [{ verbs: ["create"], resources: ["secrets"] }] },
    { context: "patcher", rules: [{ verbs: ["get", "patch"], resources: ["secrets", "serviceaccounts"] }] },
    {
      context: "updater",
      rules: [{ verbs: ["get", "update"], resources: ["secrets", "serviceaccounts", "events"] }],
    },
    { context: "deleter", rules: [{ verbs: ["delete"], resources: ["secrets"] }] },
    {
      context: "named",
      rules: [
        {
          verbs: ["get", "patch", "delete", "list", "watch", "create"],
          resources: ["secrets"],
          resourceNames: ["only"],
        },
      ],
    },
    {
      context: "innamespace",
      rules: [
        { verbs: ["get", "list", "create"], resources: ["secrets"], namespaces: ["default"] },
        { verbs: ["get"], resources: ["namespaces"], namespaces: ["default"] },
      ],
    },
  ],
};

const namespace = "r730730-0";
/** Large enough that no other number in an answer looks like a resource version. */
const firstVersion = 730_000_000;
/** Names the conversation whose cluster a request is for. All clusters share one port. */
const clusterHeader = "x-conversation";
const atOnce = 16;

/** How one conversation went: the answers, and the steps before which the controllers had something to do. */
interface Held {
  readonly answers: ReadonlyArray<ComparableAnswer | null>;
  readonly pending: ReadonlySet<number>;
}

/**
 * Holds the conversations with the sandbox's API server over the wire, each with a cluster of its own. Real
 * controllers act when they choose. Here they act when a conversation waits for them, and when the recorded answer
 * shows that they had acted.
 * @returns the answers of each conversation, null for steps that only wait
 */
export async function replay(
  conversations: readonly Conversation[],
): Promise<Array<ReadonlyArray<ComparableAnswer | null>>> {
  const settings = readSandboxOptions({ clusters: [clusterOptions] }, "the contract's cluster");
  const { world } = newWorld(settings);
  const services: Service[] = [];
  const authority = await createCertificateAuthority();
  const listener = await listen(router(services), {
    identity: await authority.issue(),
    log: new RequestLog(),
    faults: new FaultInjector([]),
  });
  const agent = new Agent({ ca: authority.certificate, keepAlive: true, maxSockets: atOnce });

  const hold = (conversation: Conversation, acting: ReadonlySet<number>): Promise<Held> => {
    const { cluster } = newCluster(settings.clusters[0]!, createIdSource(undefined));
    cluster.resourceVersion = firstVersion;
    cluster.server = "https://localhost:16443";
    const due: Array<() => void> = [];
    const index = services.push(createKubernetesApi(world, cluster, (act) => void due.push(act))) - 1;
    return new Replay({ agent, port: listener.port, index }, cluster, due).hold(conversation, acting);
  };

  const answers: Array<ReadonlyArray<ComparableAnswer | null>> = [];
  const waiting = conversations.entries();
  const work = async (): Promise<void> => {
    for (const [index, conversation] of waiting) {
      answers[index] = await heldAsRecorded(conversation, (acting) => hold(conversation, acting));
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, work));
  } finally {
    agent.destroy();
    await listener.close();
  }
  return answers;
}

async function heldAsRecorded(
  { steps, real }: Conversation,
  hold: (acting: ReadonlySet<number>) => Promise<Held>,
): Promise<Held["answers"]> {
  const isAsRecorded = ({ answers }: Held, step: number): boolean =>
    differences(real[step], answers[step]).length === 0;
  let acting: ReadonlySet<number> = new Set();
  let held = await hold(acting);
  for (const step of steps.keys()) {
    if (!isAsRecorded(held, step) && held.pending.has(step)) {
      const earlier = new Set([...acting, step]);
      const other = await hold(earlier);
      if (isAsRecorded(other, step)) {
        [acting, held] = [earlier, other];
      }
    }
  }
  return held.answers;
}

function router(services: readonly Service[]): Service {
  const serviceFor: (request: Parameters<Service["handle"]>[0]) => Service = ({ headers }) =>
    services[Number(headers[clusterHeader])]!;
  return {
    name: "clusters of the contract",
    handle: (one) => serviceFor(one).handle(one),
    errorResponse: (one, ...error) => serviceFor(one).errorResponse(one, ...error),
    isMutating: (one) => serviceFor(one).isMutating(one),
  };
}

interface Wire {
  readonly agent: Agent;
  readonly port: number;
  readonly index: number;
}

interface Outgoing {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
}

class Replay {
  readonly #wire: Wire;
  readonly #cluster: ClusterRecord;
  readonly #due: Array<() => void>;
  readonly #comparing = new Comparing(namespace);
  readonly #known = new Map([
    ["ns", namespace],
    ["ns2", `${namespace}x`],
  ]);

  /** @param due what the controllers still have to do; they do it whenever a conversation waits */
  constructor(wire: Wire, cluster: ClusterRecord, due: Array<() => void>) {
    this.#wire = wire;
    this.#cluster = cluster;
    this.#due = due;
  }

  /** @param acting the steps before which the controllers act */
  async hold({ setup, steps }: Conversation, acting: ReadonlySet<number>): Promise<Held> {
    if (setup) {
      const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
      await this.#ask({ m: "POST", p: "/api/v1/namespaces", b: object, h: { "User-Agent": null } });
    }
    this.#letControllersAct();
    const answers: Array<ComparableAnswer | null> = [];
    const pending = new Set<number>();
    for (const [index, step] of steps.entries()) {
      if (this.#due.length > 0) {
        pending.add(index);
      }
      if (acting.has(index)) {
        this.#letControllersAct();
      }
      answers.push(await this.#answer(step));
    }
    return { answers, pending };
  }

  async #answer(step: Step): Promise<ComparableAnswer | null> {
    if ("m" in step) {
      return this.#step(step);
    }
    this.#letControllersAct();
    return null;
  }

  async #step(step: RequestStep): Promise<ComparableAnswer> {
    const raw = await this.#ask(step);
    if (raw.status < 300) {
      this.#save(step.save ?? {}, raw);
    }
    return this.#comparing.comparable(raw);
  }

  #save(places: Readonly<Record<string, string>>, raw: RawAnswer): void {
    for (const [name, place] of Object.entries(places)) {
      const value = valueAt(raw, place);
      if (typeof value === "string" || typeof value === "number") {
        this.#known.set(name, String(value));
      } else if (!this.#known.has(name) && !/^(?:rv|uid)/.test(name)) {
        this.#known.set(name, `MISSING-${name}`);
      }
    }
  }

  #letControllersAct(): void {
    for (let act = this.#due.shift(); act; act = this.#due.shift()) {
      act();
    }
  }

  #ask(step: RequestStep): Promise<RawAnswer> {
    const body = this.#body(step);
    const headers: Record<string, string> = {
      ...this.#authorization(step.as ?? "admin"),
      "user-agent": "diff-test/1.0",
      accept: "application/json",
      ...(body !== undefined && { "content-type": "application/json" }),
    };
    for (const [name, value] of Object.entries(step.h ?? {})) {
      delete headers[name.toLowerCase()];
      if (value !== null) {
        headers[name.toLowerCase()] = this.#expanded(value);
      }
    }
    const target = this.#expanded(step.p) + (step.q ? `?${this.#expanded(step.q)}` : "");
    return send(this.#wire, { method: step.m, target: printable(target), headers, body });
  }

  #body({ b, bb64 }: RequestStep): Buffer | undefined {
    if (bb64 !== undefined) {
      return Buffer.from(bb64, "base64");
    }
    if (typeof b === "object" && b !== null) {
      return Buffer.from(this.#expanded(spacedJson(b)));
    }
    return typeof b === "string" ? Buffer.from(this.#expanded(b)) : undefined;
  }

  #authorization(as: string): Record<string, string> {
    if (as === "none") {
      return {};
    }
    if (as.startsWith("raw:")) {
      return { authorization: as.slice("raw:".length) };
    }
    const user = this.#cluster.users.find(({ name }) => name === `${as}-user`);
    return { authorization: `Bearer ${user?.token ?? "nobodysToken"}` };
  }

  #expanded(text: string): string {
    return text.replaceAll(/\{\{([^{}]*)\}\}/g, (_whole, key: string) => {
      const [what, value = "", times = ""] = key.split(":");
      if (what === "rep") {
        return value.repeat(Number(times));
      }
      if (what === "b64rep") {
        return Buffer.from(value.repeat(Number(times))).toString("base64");
      }
      return this.#known.get(key) ?? unknownValue(key);
    });
  }
}

/** Stands for a value that an earlier answer should have contained and did not. */
function unknownValue(key: string): string {
  if (key.startsWith("rv")) {
    return "1";
  }
  return key.startsWith("uid") ? "99999999-9999-4999-8999-999999999999" : `MISSING-${key}`;
}

function valueAt({ body }: RawAnswer, place: string): unknown {
  try {
    return place
      .split("/")
      .reduce<unknown>(
        (value, field) => (value as Record<string, unknown> | undefined)?.[field],
        JSON.parse(body.toString("utf8")),
      );
  } catch {
    return undefined;
  }
}

/** JSON with the spaces and escapes of the recorded requests: some answers quote the body. */
function spacedJson(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(spacedJson).join(", ")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).map(([field, child]) => `${ascii(field)}: ${spacedJson(child)}`);
    return `{${fields.join(", ")}}`;
  }
  return typeof value === "string" ? ascii(value) : JSON.stringify(value);
}

function ascii(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007F-\uFFFF]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function printable(target: string): string {
  return target.replaceAll(/[^!-~]/gu, (letter) =>
    [...Buffer.from(letter)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}

function send(wire: Wire, { method, target, headers, body }: Outgoing): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const length = body !== undefined || ["POST", "PUT", "PATCH"].includes(method);
    const outgoing = request(
      {
        agent: wire.agent,
        host: "localhost",
        port: wire.port,
        method,
        path: target,
        headers: {
          ...headers,
          [clusterHeader]: String(wire.index),
          ...(length && { "content-length": String(body?.length ?? 0) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const warnings = response.headersDistinct["warning"] ?? [];
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            warnings,
            body: Buffer.concat(chunks),
          });
        });
      },
    );
    outgoing.on("socket", (socket: Socket) => socket.setNoDelay(true));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
