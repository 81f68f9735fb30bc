import { beforeAll, expect, test, vi } from "vitest";
import { allowedDifferences } from "./allowed-differences.ts";
import { compare, type Finding } from "./comparison.ts";
import { recordedConversations } from "./conversation.ts";
import { replay } from "./replay.ts";

const conversations = recordedConversations();
let findings: Finding[];

beforeAll(async () => {
  // The recorded conversations were short. Which second a write falls into is not part of them.
  vi.useFakeTimers({ toFake: ["Date"] });
  const answers = await replay(conversations).finally(() => vi.useRealTimers());
  findings = conversations.flatMap((conversation, index) => compare(conversation, answers[index] ?? []));
}, 600_000);

test("the sandbox answers every recorded conversation as Kubernetes does, or differs as is known and allowed", () => {
  expect(conversations).toHaveLength(1391);
  expect(
    findings.filter(({ rule }) => rule === undefined).map(({ where, what }) => `${where}: ${what}`),
  ).toEqual([]);
});

test("every allowance is still needed", () => {
  const used = new Set(findings.map(({ rule }) => rule));
  expect(allowedDifferences.filter((rule) => !used.has(rule)).map(({ reason }) => reason)).toEqual([]);
});
