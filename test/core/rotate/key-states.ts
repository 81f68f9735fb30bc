import { heldKeys } from "../../../src/core/cluster/holders.ts";
import type { StepWish } from "../../../src/core/rotate/decide.ts";
import type { SeenKey, SeenKeys } from "../../../src/core/rotate/look.ts";
import type { ProofContext } from "../../../src/core/proof/prove-pull.ts";
import type { PasswordCredential } from "../../../src/domain/identity.ts";
import type { PendingMark, RetireMark } from "../../../src/domain/ownership.ts";
import { SecretText } from "../../../src/domain/secret-text.ts";
import { appId, clusterId, seenCluster, textOf } from "../cluster/pull-secrets.ts";

export const now = new Date("2031-02-03T04:05:06Z");
export const hourMs = 3_600_000;

/** A moment as RFC 3339, this many hours after another one, by default after now. */
export function hoursFromNow(hours: number, from: Date = now): string {
  return new Date(from.getTime() + hours * hourMs).toISOString();
}

/** The state of one key. */
export interface KeyState {
  /** Whether it signs in; default true. */
  readonly alive?: boolean;
  /** How many hours it still lives; null if that is unknown. Default 1000. */
  readonly hoursLeft?: number | null;
  /** How many hours it has lived, if the directory says so. */
  readonly livedHours?: number;
  /** Whether its id is known; default true. */
  readonly known?: boolean;
  /** Whether the directory lists it. By default, it does while the key lives and its id is known. */
  readonly listed?: boolean;
  /** Whether acr-pull made it for this cluster; default true. */
  readonly ours?: boolean;
}

/** What one secret holds. Its namespace identifies it. */
export interface SecretState {
  readonly namespace: string;
  readonly holds: string;
  readonly beside?: string | undefined;
  readonly retire?: RetireMark | undefined;
  /** Whether the run was asked for its key; default true. */
  readonly chosen?: boolean;
}

/** Everything that the next step depends on. */
export interface KeysState {
  readonly secrets: readonly SecretState[];
  /** By name. A key that is not named here has a long time to live. */
  readonly keys?: Readonly<Record<string, KeyState>>;
  readonly now?: Date;
  /** When the manifest that says this was applied. Absent if the cluster itself is written to. */
  readonly appliedAt?: Date;
  /** Whether a killed run left its mark. */
  readonly staleMark?: boolean;
}

/** What a run without options wishes: any key, replaced now, the old one kept for a day. */
export const plainWish: StepWish = {
  intent: "rotate",
  ifDue: false,
  graceMs: 24 * hourMs,
};

const staleMark: PendingMark = {
  operation: "killed",
  holder: { host: "gone", boot: "gone", pid: 1 },
  renewedAt: hoursFromNow(-1),
};

/** The survey of this state. */
export function surveyed(state: KeysState): SeenKeys {
  const at = state.now ?? now;
  const names = new Set([
    ...state.secrets.flatMap(({ holds, beside }) => [holds, ...(beside === undefined ? [] : [beside])]),
    ...Object.keys(state.keys ?? {}),
  ]);
  const keys = new Map([...names].map((name) => [textOf(name), surveyedKey(name, state.keys?.[name], at)]));
  const chosen = state.secrets.filter((one) => one.chosen ?? true).map(({ namespace }) => namespace);
  const seen = seenCluster(
    state.secrets.map(({ namespace, holds, beside, retire }) => ({
      namespace,
      holds,
      ...(beside === undefined ? {} : { beside }),
      mark: {
        keyId: keys.get(textOf(holds))?.keyId ?? null,
        ...(retire === undefined ? {} : { retire }),
      },
    })),
    { namespaces: new Set(chosen) },
  );
  const [held] = heldKeys(seen, { registry: undefined, secretName: undefined });
  if (!held) throw new Error("some secret has to hold a key that was asked for");
  const target = held.holders[0]!.target;
  return {
    ...held,
    application: {
      objectId: "object",
      appId,
      displayName: "acr-pull-myregistry",
      uniqueName: undefined,
      tags: [],
      passwords: [...keys.values()].flatMap(({ listed }) => listed ?? []),
    },
    strange: [],
    withheld: [],
    unproven: undefined,
    proof: {} as ProofContext,
    now: at,
    applied: { missing: [], at: state.appliedAt?.getTime() },
    staleMarks: state.staleMark === true ? [{ target, mark: staleMark }] : [],
    liveMark: undefined,
    keyOf: (password) => keys.get(password.reveal())!,
  };
}

function surveyedKey(name: string, state: KeyState = {}, at: Date): SeenKey {
  const { alive = true, hoursLeft = 2000, known = true, listed = alive && known, ours = true } = state;
  const { livedHours } = state;
  const expiresAt = hoursLeft === null ? null : hoursFromNow(hoursLeft, at);
  const credential: PasswordCredential = {
    keyId: name,
    displayName: ours ? `acr-pull/${clusterId}/making of ${name}` : name,
    startDateTime: livedHours === undefined ? undefined : new Date(hoursFromNow(-livedHours, at)),
    endDateTime: expiresAt === null ? undefined : new Date(expiresAt),
    hint: textOf(name).slice(0, 3),
  };
  return {
    credential: { username: appId, password: new SecretText(textOf(name)) },
    keyId: known ? name : null,
    listed: listed ? credential : undefined,
    alive,
    pulls: alive,
    expiresAt,
  };
}
