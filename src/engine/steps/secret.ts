import { ActionableError, hasCode } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { placeOf, type StateTarget } from "../../domain/state.ts";
import {
  changeToHold,
  changeToRelease,
  foundEntry,
  newTarget,
  objectionTo,
  type Consent,
  type TargetEntry,
} from "../../domain/target-entry.ts";
import { shellQuote } from "../../domain/shell-quote.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { Step } from "../step.ts";
import {
  isOurUser,
  isSealed,
  keyIn,
  secretIn,
  stateOf,
  unreadable,
  userNameOf,
  type Seen,
  type World,
} from "../world.ts";

const mostTries = 3;

/** What is to be written, by what is known when the step runs. */
type Wanted = (world: World) => TargetEntry | undefined;

/**
 * Writes the entry into a target.
 * @param consent what speaks for writing it; `held`: only where a password of ours stands
 */
export function writeTarget(
  seen: Seen,
  target: StateTarget,
  wanted: Wanted,
  {
    consent,
    says,
  }: { readonly consent: Consent | "held"; readonly says: { before?: string; after: string } },
): Step {
  return {
    kind: "secret",
    action: secretIn(seen, target) ? "update" : "create",
    name: placeOf(target),
    ...says,
    alone: true,
    run: (world) => write(world, target, wanted, consent),
  };
}

async function write(
  world: World,
  target: StateTarget,
  wanted: Wanted,
  consent: Consent | "held",
): Promise<string | undefined> {
  const { cluster, signal, registry, secrets } = world;
  const place = placeOf(target);
  const entry = wanted(world);
  if (!entry) throw new TypeError("what is written has been made");
  for (let tries = 1; ; tries += 1) {
    const seen = secrets.get(place);
    if (seen instanceof ActionableError) throw seen;
    if (consent === "held" && !keyIn(world, stateOf(world).keys, place))
      return "it no longer holds a password of this installation";
    try {
      const written = await writeOnce(world, target, seen, { entry, consent });
      if (!written) return undefined;
      secrets.set(place, written);
      // The answer is what the API server stored, whatever its webhooks made of it.
      if (changeToHold(written, registry.loginServer, entry)) throw undone(world, target);
      return undefined;
    } catch (error) {
      const moved = hasCode(
        error,
        "kubernetes.conflict",
        "kubernetes.already-exists",
        "kubernetes.not-found",
      );
      if (!moved || tries === mostTries) throw error;
      secrets.set(place, await cluster.findSecret(target.namespace, target.secret, signal));
    }
  }
}

async function writeOnce(
  world: World,
  target: StateTarget,
  secret: PullSecret | undefined,
  { entry, consent }: { readonly entry: TargetEntry; readonly consent: Consent | "held" },
): Promise<PullSecret | undefined> {
  const { cluster, signal, registry, store } = world;
  await store.ensure();
  if (!secret) return cluster.createSecret(newTarget(target, registry.loginServer, entry), signal);
  const name = placeOf(target);
  const objection = objectionTo(secret, registry.loginServer, {
    isOurs: (userName) => isOurUser(world, userName),
    // What holds a password of ours is a target.
    consent: consent === "held" ? "target" : consent,
    name,
  });
  if (objection) throw objection;
  if (secret.deleting)
    throw new ActionableError(`Secret ${name} is being deleted.`, {
      code: "kubernetes.terminating",
      hint: "Wait until it is gone, and run again.",
      exitCode: exitCode.usage,
    });
  const change = changeToHold(secret, registry.loginServer, entry);
  return change && cluster.patchSecret(secret, change, signal);
}

function undone({ context }: World, { namespace, secret }: StateTarget): ActionableError {
  return new ActionableError(
    `Something in the cluster changes what is written to the secret ${namespace}/${secret}.`,
    {
      code: "secret.reverted",
      hint: `See who writes it: kubectl --context ${shellQuote(context)} -n ${namespace} get secret ${secret} --show-managed-fields -o yaml`,
    },
  );
}

/** Takes our entry out of a target. A secret in which nothing is left goes. */
export function releaseTarget(seen: Seen, target: StateTarget): Step[] {
  const unread = unreadable(seen, target);
  if (unread) return [leftOut(target, unread)];
  const secret = secretIn(seen, target);
  const userName = userNameOf(seen);
  const { loginServer } = seen.registry;
  if (!secret || userName === undefined) return [];
  const end = changeToRelease(secret, loginServer, userName);
  if (!end) return [];
  return [
    {
      kind: "secret",
      action: end === "delete" ? "remove" : "update",
      name: placeOf(target),
      before: `${userName} for ${loginServer}`,
      alone: true,
      run: async (world) => {
        const { cluster, signal, secrets } = world;
        for (let tries = 1; ; tries += 1) {
          const now = secretIn(world, target);
          const end = now && changeToRelease(now, loginServer, userName);
          if (!end) return;
          await world.store.ensure();
          try {
            const left =
              end === "delete"
                ? await cluster.deleteSecret(now, signal)
                : await cluster.patchSecret(now, end, signal);
            secrets.set(placeOf(target), left);
            // Finalizers may hold a secret for long: until it is gone, it must hold nothing of ours.
            if (!left || !changeToRelease(left, loginServer, userName)) return;
          } catch (error) {
            if (hasCode(error, "kubernetes.not-found", "kubernetes.namespace-not-found")) return;
            if (tries === mostTries || !hasCode(error, "kubernetes.conflict")) throw error;
            secrets.set(placeOf(target), await cluster.findSecret(target.namespace, target.secret, signal));
          }
        }
      },
    },
  ];
}

/** Whether a secret still holds an entry of the installation's user, or may. */
export function mayHold(seen: Seen, target: StateTarget): boolean {
  const secret = secretIn(seen, target);
  if (unreadable(seen, target) || isSealed(secret)) return true;
  const { plain, overlap } = foundEntry(secret, seen.registry.loginServer);
  return [plain, overlap].some((one) => isOurUser(seen, one?.username));
}

/** A target that cannot be written, as was seen before. */
export function leftOut(target: StateTarget, refusal: ActionableError): Step {
  return {
    kind: "secret",
    action: "update",
    name: placeOf(target),
    alone: true,
    refusal,
    run: () => Promise.resolve(),
  };
}
