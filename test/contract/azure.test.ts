import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asAnswer, openClients, type Clients } from "./azure-clients.ts";
import { readings } from "./azure-readings.ts";
import { differences } from "./azure-form.ts";
import { questions } from "./azure-questions.ts";
import { hasRecordings, recording, recordings } from "./azure-recordings.ts";

const approved = "a connection that was approved tells more than one that waits";
const later = "came after 2022";
const noReference = "what was recorded was made with a reference";
const quoted = "people who quote an error leave out what is only for support";

/** For each recording: every difference that remains in the sandbox's answer, and why. */
const left: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "acr-exchange-2026-registry-audience": {
    "body.x-decoded: object, not absent": "the recording has it not decoded",
  },
  "arm-registry-private-endpoint-connections": {
    "body.value[].properties.privateLinkServiceConnectionState.actionsRequired: string, not absent": approved,
    "body.value[].properties.privateLinkServiceConnectionState.description: string, not absent": approved,
  },
  "graph-application-by-id": { "body.serviceManagementReference: null, not string": noReference },
  "graph-applications-by-app-id": {
    "body.value[].serviceManagementReference: null, not string": noReference,
  },
  "graph-application-owners-user": {
    "body.value[].mail: string, not null": "the person in the sandbox has a mailbox",
  },
  "graph-application-post-2022": {
    "body.api.requestedAccessTokenVersion: null, not number": "of the audience that was usual in 2022",
    "body.nativeAuthenticationApisEnabled: null, not absent": later,
    "body.requestSignatureVerification: null, not absent": later,
    "body.samlMetadataUrl: null, not absent": later,
    "body.servicePrincipalLockConfiguration: null, not absent": later,
    "body.uniqueName: null, not absent": later,
    "body.web.redirectUriSettings: list, not absent": later,
  },
  "graph-no-credentials-to-remove": { "body.error.innerError: object, not absent": quoted },
  "graph-service-principal-exists": {
    "body.error.details: list, not absent": quoted,
    "body.error.innerError: object, not absent": quoted,
  },
};

const where = hasRecordings ? "" : " (skipped: no ../shared/contract/azure beside the checkout)";

describe.skipIf(!hasRecordings)(`what the sandbox answers has the form of what was recorded${where}`, () => {
  it("of every recording", () => {
    expect(Object.keys(questions).toSorted()).toEqual([...recordings.keys()].toSorted());
    expect(Object.keys(left).filter((name) => !recordings.has(name))).toEqual([]);
  });

  it.each(Object.entries(questions).filter(([, ask]) => typeof ask === "function"))(
    "%s",
    async (name, ask) => {
      const answer = await (ask as Exclude<typeof ask, string>)();
      const found = differences(recording(name).response, answer);
      expect(found.toSorted()).toEqual(Object.keys(left[name] ?? {}).toSorted());
    },
  );
});

describe.skipIf(!hasRecordings)(`what the clients make of what was recorded${where}`, () => {
  let clients: Clients;
  beforeAll(async () => {
    clients = await openClients();
  });
  afterAll(() => clients.close());

  it("of every recording", () => {
    expect(Object.keys(readings).toSorted()).toEqual([...recordings.keys()].toSorted());
  });

  it.each(Object.entries(readings).filter(([, reading]) => typeof reading === "object"))(
    "%s",
    async (name, reading) => {
      const { read, next, makes, asks } = reading as Exclude<typeof reading, string>;
      const following = next?.() ?? [];
      clients.server.script(asAnswer(recording(name)), ...following);
      const made = await read(clients, AbortSignal.timeout(30_000)).catch((error: unknown) => error);
      expect({ made }).toMatchObject({ made: makes });
      const { requests } = clients.server;
      expect(requests.length).toBeLessThanOrEqual(1 + following.length);
      const last = requests.at(-1);
      expect(`${last?.path}?${last?.query.toString()}`).toContain(asks ?? "?");
    },
  );
});
