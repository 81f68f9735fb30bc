import type { PullCredential } from "../../domain/docker-config.ts";
import { refused, type ActionableError } from "../../domain/errors.ts";
import type { Application, PasswordCredential } from "../../domain/identity.ts";
import type { SecretText } from "../../domain/secret-text.ts";
import { timeText } from "../../domain/time-text.ts";
import { azureNow } from "../clocks.ts";
import type { HeldKeys, Holder } from "../cluster/holders.ts";
import type { Target } from "../cluster/read-targets.ts";
import { findApplicationListing } from "../identity/find-application.ts";
import { identifyKey } from "../identity/identify-key.ts";
import { registryNamed } from "../cluster/registry-meant.ts";
import type { Report } from "../progress.ts";
import { lookAtApplied, notApplied, type Applied } from "./applied.ts";
import { credentialState, mayHoldYoungKey, youngPatienceMs } from "../proof/credential-state.ts";
import { proofImage, type ProofContext } from "../proof/prove-pull.ts";
import { setupCommands, type Suggest } from "../suggest.ts";
import { isLive } from "../turn/live-mark.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { RotateInput, RotatePorts } from "./contract.ts";
import { judgeHolders, type NamedByPerson } from "./judge-holders.ts";

/** One password that secrets hold, with what the directory says about it. */
export interface SeenKey {
  readonly credential: PullCredential;
  /** Null if nothing shows which password of the application it is. */
  readonly keyId: string | null;
  /** The key as the directory lists it; undefined if it is not listed, or not yet. */
  readonly listed: PasswordCredential | undefined;
  readonly alive: boolean;
  /** Whether it can pull what was asked for. If its role is limited to repositories, it cannot pull just any name. */
  readonly pulls: boolean;
  /** RFC 3339 UTC */
  readonly expiresAt: string | null;
}

/** The keys of one application for one registry in one cluster, with everything that decides what comes next. */
export interface SeenKeys extends HeldKeys {
  readonly application: Application;
  /** Secrets with a password of the application that acr-pull did not make for this cluster. They are left alone. */
  readonly strange: readonly Target[];
  /** Secrets that hold a leaked key and get no new one, because nobody named them. */
  readonly withheld: readonly Holder[];
  /** Why nothing may be done for these keys: only their marks say that this cluster pulls with them. */
  readonly unproven: ActionableError | undefined;
  readonly proof: ProofContext;
  readonly staleMarks: HeldKeys["pending"];
  readonly liveMark: { readonly target: Target } | undefined;
  /** What the cluster already holds of a manifest. */
  readonly applied: Applied;
  /** Azure's time at the look. */
  readonly now: Date;
  /** @throws TypeError for a password that no holder has */
  readonly keyOf: (password: SecretText) => SeenKey;
}

/** What a look at keys needs. */
interface KeysWish {
  readonly input: Pick<RotateInput, "proof" | "image" | "timeoutMs" | "suggest"> & NamedByPerson;
  readonly ports: RotatePorts;
  readonly report: Report;
  /** Keys that this run made: the directory may not list them everywhere yet. */
  readonly made?: readonly PasswordCredential[];
}

/**
 * Looks up the application, and tries each password once, however many secrets hold it.
 * @throws ActionableError `registry.foreign-host`, `service-principal.not-found`, `service-principal.unproven`,
 *   `rotate.not-named`, exit 2
 */
export async function lookAtKeys(
  held: HeldKeys,
  { input, ports, report, made = [] }: KeysWish,
  signal: AbortSignal,
): Promise<SeenKeys> {
  const { seen, loginServer, holders } = held;
  refuseBeforeSignIn(held, ports);
  const proof: ProofContext = {
    pullProof: ports.pullProof,
    signIn: ports.azure.signIn,
    clock: ports.clock,
    report,
    kind: input.proof,
    loginServer,
    image: proofImage({ image: input.image, repositories: [] }),
    timeoutMs: input.timeoutMs,
  };
  const [application] = await Promise.all([
    findApplication(held, { made, suggest: input.suggest }, ports, signal),
    input.proof === "registry" ? ports.pullProof.checkReachable(loginServer, signal) : undefined,
  ]);
  const { directory } = ports.azure;
  const keys = await tryPasswords(
    held,
    application,
    { proof, now: () => azureNow(directory, ports.clock) },
    signal,
  );
  const keyOf = (password: SecretText): SeenKey => {
    const key = keys.get(password.reveal());
    if (!key) throw new TypeError("every password that a holder has was tried");
    return key;
  };
  const { genuine, strange, withheld, unproven } = judgeHolders(held, application, input, keyOf);
  const applied = await lookAtApplied(held, signal);
  const now = azureNow(directory, ports.clock);
  const isAtWork = ({ mark }: HeldKeys["pending"][number]) =>
    isLive(mark, seen.cluster.serverTime(), ports.process);
  const live = held.pending.find(isAtWork);
  return {
    ...held,
    holders: genuine.map((holder) => withoutFalseRetirement(holder, keyOf)),
    changed: [
      ...held.changed,
      ...holders
        .filter((holder) => ![genuine, strange, withheld].some((some) => some.includes(holder)))
        .map(({ target }) => target),
    ],
    strange: strange.map(({ target }) => target),
    withheld,
    unproven,
    application,
    proof,
    now,
    staleMarks: held.pending.filter((pending) => !isAtWork(pending)),
    liveMark: live,
    applied,
    keyOf,
  };
}

/**
 * Refuses keys that have to be refused whatever Azure answers, so that nobody has to sign in first.
 * @throws ActionableError `registry.foreign-host`, or why no secret that holds them can be written, exit 2;
 *   `rotate.not-applied`
 */
export function refuseBeforeSignIn(held: HeldKeys, { azure }: Pick<RotatePorts, "azure">): void {
  const [unwritable] = held.refused;
  const isKnown = held.holders.length > 0;
  if (!isKnown && held.unapplied.length > 0) throw notApplied(held.unapplied, held.seen);
  if (!isKnown && unwritable) throw unwritable;
  if (!azure.ownsLoginServer(held.loginServer)) throw foreignHost(held);
}

async function findApplication(
  held: HeldKeys,
  { made, suggest }: { readonly made: readonly PasswordCredential[] } & Pick<RotateInput, "suggest">,
  { azure: { directory }, clock }: RotatePorts,
  signal: AbortSignal,
): Promise<Application> {
  const { appId, holders } = held;
  const claimed = new Set(holders.map(({ mark }) => mark.keyId).filter((keyId) => typeof keyId === "string"));
  const found = await findApplicationListing({ appId, claimed, made }, { directory, clock }, signal);
  if (!found) throw noApplication(held, suggest);
  return found;
}

/** How long to doubt a refusal of an unlisted key that a secret has named for a while, in milliseconds. */
const unlistedPatienceMs = 10_000;

async function tryPasswords(
  { holders, seen: { cluster } }: HeldKeys,
  application: Application,
  { proof, now }: { readonly proof: ProofContext; readonly now: () => Date },
  signal: AbortSignal,
): Promise<Map<string, SeenKey>> {
  const claims = new Map<string, { credential: PullCredential; claims: Claim[] }>();
  const note = (credential: PullCredential | undefined, claim: Claim) => {
    if (!credential) return;
    const text = credential.password.reveal();
    const known = claims.get(text) ?? { credential, claims: [] };
    known.claims.push(claim);
    claims.set(text, known);
  };
  for (const { credential, second, secret, mark } of holders) {
    const { keyId, expiresAt, retire } = mark;
    const mayBeYoung = mayHoldYoungKey(secret, cluster);
    note(credential, { keyId, expiresAt, mayBeYoung });
    note(second, { keyId: retire?.keyId, expiresAt: null, mayBeYoung });
  }
  const seenBefore = await Promise.all(
    [...claims].map(async ([text, { credential, claims: made }]) => {
      const ids = new Set(made.map((claim) => claim.keyId).filter((id) => typeof id === "string"));
      const { keyId, listed } = identifyKey(credential.password, ids, application.passwords);
      const mayBeYoung = keyId !== null && made.some((claim) => claim.keyId === keyId && claim.mayBeYoung);
      const isUnlisted = keyId !== null && !listed;
      const known = {
        entraToo: true,
        key: listed,
        now: now(),
        leastPatienceMs: mayBeYoung ? youngPatienceMs : isUnlisted ? unlistedPatienceMs : 0,
      };
      const expired = listed?.endDateTime !== undefined && listed.endDateTime <= known.now;
      const state = expired ? "dead" : await credentialState(proof, credential, known, signal);
      const recorded = made.find((claim) => claim.keyId === keyId)?.expiresAt ?? null;
      const key: SeenKey = {
        credential,
        keyId,
        listed,
        alive: state !== "dead",
        pulls: state === "pulls",
        expiresAt: timeText(listed?.endDateTime) ?? recorded,
      };
      return [text, key] as const;
    }),
  );
  return new Map(seenBefore);
}

/** What one secret's mark says about a password that it holds. */
interface Claim {
  readonly keyId: string | null | undefined;
  readonly expiresAt: string | null | undefined;
  /** Whether the secret may have got it minutes ago. */
  readonly mayBeYoung: boolean;
}

/** No rotation writes a mark that retires the very key that its secret pulls with. Such a mark is ignored. */
function withoutFalseRetirement(holder: Holder, keyOf: SeenKeys["keyOf"]): Holder {
  const { retire, ...mark } = holder.mark;
  const { keyId } = keyOf(holder.credential.password);
  return retire && retire.keyId !== null && retire.keyId === keyId ? { ...holder, mark } : holder;
}

function foreignHost({ loginServer, holders }: HeldKeys): ActionableError {
  const names = holders.map(({ target }) => targetName(target)).join(", ");
  return refused(
    "registry.foreign-host",
    `${loginServer} is not a login server of the cloud that you are signed in to, so acr-pull sends no new password there. It is named in ${names}.`,
    "Name the registry to rotate with --registry, or its cloud with --cloud.",
  );
}

function noApplication(held: HeldKeys, suggest: Suggest): ActionableError {
  const { appId, holders } = held;
  const first = holders[0] as Holder;
  const targets = holders.map(({ target }) => target);
  const another = setupCommands(targets, registryNamed(held), suggest);
  return refused(
    "service-principal.not-found",
    `The secret ${targetName(first.target)} names the service principal ${appId}, but this tenant has no such application.`,
    `Sign in to the tenant where it is registered (--tenant), or give the secret another: ${another}`,
  );
}
