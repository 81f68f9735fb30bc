import { ActionableError, refused } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { RequestedRole } from "../../domain/role.ts";
import {
  isMade,
  isOver,
  placeOf,
  successor,
  withTargets,
  type GrantedRole,
  type MadeKey,
  type State,
  type StateTarget,
} from "../../domain/state.ts";
import { shellQuote } from "../../domain/shell-quote.ts";
import { changeToHold, objectionTo, type Consent } from "../../domain/target-entry.ts";
import type { Identity, KeyLife } from "../identity.ts";
import type { Step } from "../step.ts";
import { halfDone } from "../../core/ending.ts";
import { LockLost } from "../lock.ts";
import { linkAccounts } from "../steps/account.ts";
import { makeKey, nowAlone, prove, retire, sweep } from "../steps/key.ts";
import { leftOut, writeTarget } from "../steps/secret.ts";
import {
  beginAgain,
  changeState,
  createState,
  exchange,
  makeNamespace,
  makeStateNamespace,
} from "../steps/state.ts";
import {
  credentialOf,
  entryToHold,
  isOurUser,
  isSealed,
  keyIn,
  newestKey,
  secretIn,
  stateOf,
  unreadable,
  userNameOf,
  type Seen,
} from "../world.ts";
import { forDocuments } from "./documents.ts";
import { planRemove } from "./remove.ts";

/** How long a new role has to let it pull before the former one is granted again. */
const mostPatienceMs = 2 * 60_000;

/** What `setup` was asked for. */
export interface SetupWish {
  readonly targets: readonly StateTarget[];
  /** Whether they were chosen by a selector or as all there are: one that refuses is then left out. */
  readonly isBroad: boolean;
  readonly createNamespaces: boolean;
  /** What is not given stands as it is. */
  readonly role: RequestedRole | undefined;
  /** Empty lifts the limit. */
  readonly repositories: readonly string[] | undefined;
  readonly life: KeyLife;
  readonly adopt: boolean;
  readonly allowOwner: boolean;
  readonly graceMs: number;
}

/** The whole job; again: only what differs from what was asked. @throws ActionableError with exit 2 */
export function planSetup(seen: Seen, wish: SetupWish): Step[] {
  const { state, isNew, identity } = seen;
  // An application keeps its unique name for thirty days after its deletion, so an id is used once.
  if (state.removing) return planRemove(seen, { targets: undefined, force: true });
  const role = identity && wantedRole(seen, wish);
  const rights = identity && role ? rightsFor(identity, role, seen, wish) : [];
  const newest = newestKey(seen, state.keys);
  const makesKey =
    identity !== undefined && !seen.given && (!newest || isOutOfReach(seen, wish, newest, rights.length > 0));
  const targets = withTargets(state.targets, wish.targets);
  const recorded = {
    targets,
    ...(role && { role }),
    ...(seen.registry.id && { registry: registryOf(seen) }),
  };
  const writes = targetSteps(seen, wish, { targets, makesKey });
  // With the former role in place, a proof would prove nothing.
  const revoked = identity && role ? identity.toRevoke(role) : [];
  const isGivenWritten = seen.given !== undefined && writes.length > 0;
  const isProved = rights.length > 0 || revoked.length > 0 || makesKey || isGivenWritten;
  const proof = prove(seen, (world) => newestKey(world, stateOf(world).keys), "once");
  const isHandedOut = !makesKey && newest !== undefined && newest.name === successor(state.keys)?.name;
  const dead = makesKey && seen.documents === undefined ? state.keys.filter(isMade) : [];
  const [unread] = state.targets.flatMap((target) => unreadable(seen, target) ?? []);
  // A target that cannot be looked at may hold it.
  if (unread && dead.some((key) => isAlive(seen, key))) throw unread;
  return forDocuments(seen, [
    ...(isNew ? [...makeStateNamespace(seen), createState(seen)] : [...beginAgain(seen), ...sweep(seen)]),
    ...rights,
    ...(makesKey ? [makeKey(seen, wish.life, nowAlone, recorded)] : []),
    ...revoked,
    ...(isProved ? [revoked.length > 0 ? proveOr(proof) : proof] : []),
    ...(makesKey ? [] : recordChange(seen, recorded)),
    ...writes,
    ...(isHandedOut ? [exchange(seen, wish.graceMs)] : []),
    ...dead.map((key) => retire(key, "copies")),
  ]);
}

/**
 * Whether a password is needed that nobody can read back, because it stands in sealed documents alone. Then another one
 * is made for all of them.
 */
function isOutOfReach(seen: Seen, { targets }: SetupWish, newest: MadeKey, isToBeProved: boolean): boolean {
  const { keys } = seen.state;
  return (
    !credentialOf(seen, newest) &&
    (isToBeProved || targets.some((target) => keyIn(seen, keys, placeOf(target))?.name !== newest.name))
  );
}

function registryOf({ registry: { id = "", loginServer } }: Seen) {
  return { id, loginServer };
}

/** @throws ActionableError `repository.needs-abac` */
function wantedRole({ state, registry }: Seen, wish: SetupWish): GrantedRole {
  const before = state.role ?? { name: "acrpull", repositories: [] };
  const name = wish.role ?? before.name;
  const repositories = wish.repositories ?? before.repositories;
  if (repositories.length > 0 && registry.roleAssignmentMode !== "AbacRepositoryPermissions")
    throw refused(
      "repository.needs-abac",
      wish.repositories
        ? `${registry.name} assigns roles for the whole registry; --repository works only on a registry in ABAC mode.`
        : `The service principal is limited to ${repositories.join(", ")}, but ${registry.name} now assigns roles for the whole registry.`,
      wish.repositories
        ? "Omit --repository, or switch the registry's role assignment mode."
        : "Allow the whole registry with --repository '*', or switch the registry back to ABAC mode.",
      "https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions",
    );
  return { name, repositories };
}

/**
 * What is missing of the identity, and what it lacks for the role.
 * @throws ActionableError `role.not-confirmed`: the state is never enough to grant Owner, for then whoever may write the
 *   state would own the registry
 */
function rightsFor(
  identity: Identity,
  role: GrantedRole,
  { registry }: Seen,
  { allowOwner }: SetupWish,
): Step[] {
  const grants = identity.toGrant(role);
  if (role.name === "owner" && grants.length > 0 && !allowOwner)
    throw refused(
      "role.not-confirmed",
      `With the role owner, whoever reads the pull secret may delete ${registry.name} and give others any role on it.`,
      "A node needs acrpull alone. To grant owner all the same: --allow-privileged-role owner.",
    );
  return [...identity.toMake(), ...grants];
}

/** Whether a key may still work, whether or not its password is known. */
function isAlive({ refused: dead, now }: Seen, { id, leaked, expiresAt, retireAfter }: MadeKey): boolean {
  return !leaked && !isOver(expiresAt, now) && !isOver(retireAfter, now) && !dead.has(id);
}

/** Grants again what was revoked if the new role does not let it pull. */
function proveOr(proof: Step): Step {
  return {
    ...proof,
    run: async (world) => {
      const patience = { ...world, proof: { ...world.proof, timeoutMs: mostPatienceMs } };
      try {
        await proof.run(patience);
      } catch (error) {
        if (!(error instanceof ActionableError) || error instanceof LockLost || world.signal.aborted)
          throw error;
        await world.store.ensure();
        await world.identity?.regrant(world.signal);
        throw halfDone(error);
      }
    },
  };
}

/** Who may write in a namespace would own the pull secrets of others. */
function refuseForeignTargets({ place: { namespace } }: Seen, targets: readonly StateTarget[]): void {
  const isOwnTarget = targets.some((target) => target.namespace === namespace);
  const foreign = targets.find((target) => target.namespace !== namespace);
  if (!isOwnTarget || !foreign) return;
  throw refused(
    "state.foreign-target",
    `The state in namespace ${namespace}, which is a target itself, may not name targets of others, such as ${placeOf(foreign)}.`,
    "Keep the state in a namespace of its own: --state-namespace NAMESPACE. Or set one of them up at a time.",
  );
}

/** A change of what the state says of role, registry and targets, if there is any. */
function recordChange(
  seen: Seen,
  recorded: Pick<State, "targets"> & Partial<Pick<State, "role" | "registry">>,
): Step[] {
  const { state, isNew, identity, given } = seen;
  const userName = userNameOf(seen);
  const isSame =
    JSON.stringify([state.targets, state.role, state.registry]) ===
      JSON.stringify([recorded.targets, recorded.role ?? state.role, recorded.registry ?? state.registry]) &&
    state.identity.userName === userName;
  // What a given password belongs to, and a first one's targets, are recorded too.
  if (isSame && !isNew) return [];
  const record = given ? { ...state.identity, userName: given.username } : identity?.record;
  const count = (targets: readonly StateTarget[]) =>
    `${targets.length} ${targets.length === 1 ? "secret" : "secrets"}`;
  return [
    changeState(
      seen,
      { ...(!isNew && { before: count(state.targets) }), after: count(recorded.targets) },
      (_state, world) => ({ ...recorded, identity: world.identity?.record ?? record ?? state.identity }),
    ),
  ];
}

/** Namespaces, secrets and service accounts of the targets named, and of the others if their password goes away. */
function targetSteps(
  seen: Seen,
  wish: SetupWish,
  { targets, makesKey }: { readonly targets: readonly StateTarget[]; readonly makesKey: boolean },
): Step[] {
  const { state, namespaces, secrets, registry } = seen;
  refuseForeignTargets(seen, targets);
  const named = new Set(wish.targets.map(placeOf));
  const known = new Set(state.targets.map(placeOf));
  const steps: Step[] = [];
  const made = new Set<string>();
  const written: StateTarget[] = [];
  for (const target of targets) {
    const place = placeOf(target);
    if (!named.has(place) && !makesKey) continue;
    const held = secretIn(seen, target);
    const isTakenOver = wish.adopt && named.has(place) && !isSealed(held);
    const consent: Consent = isTakenOver ? "adopt" : known.has(place) ? "target" : "none";
    const content = secrets.get(place);
    const objection = objectionAt(seen, target, consent, wish.createNamespaces && named.has(place));
    if (objection) {
      // Only what was named in so many words stops the others.
      if (!wish.isBroad && named.has(place)) throw objection;
      steps.push(leftOut(target, objection));
      continue;
    }
    if (namespaces.get(target.namespace) === undefined && !content) made.add(target.namespace);
    written.push(target);
    // It holds the newest password: else one would be made.
    if (isSealed(held) && !makesKey && !seen.given) continue;
    const entry = makesKey ? undefined : entryToHold(seen, state.keys);
    // A second password beside the first may stay until its time is over, and need not be added.
    const alone = entry && held && changeToHold(held, registry.loginServer, { ...entry, overlap: undefined });
    if (entry && held && (!changeToHold(held, registry.loginServer, entry) || !alone)) continue;
    steps.push(
      writeTarget(seen, target, (world) => entryToHold(world, stateOf(world).keys), {
        consent,
        says: { ...(held && { before: "as it is" }), after: makesKey ? "a new password" : "the password" },
      }),
    );
  }
  const [refusal] = steps.flatMap((step) => step.refusal ?? []);
  if (refusal && written.length === 0) throw refusal;
  return [
    ...[...made].map(makeNamespace),
    ...steps,
    ...linkAccounts(seen, written, {
      isMade: (namespace) => made.has(namespace),
      isNamed: (target) => named.has(placeOf(target)) && !wish.isBroad,
    }),
  ];
}

function mayNotWrite(namespace: string, context: string): ActionableError {
  return new ActionableError(`You may not write secrets in namespace ${namespace} of context ${context}.`, {
    code: "kubernetes.forbidden",
    hint: `Ask for the rights to get, create, patch and delete secrets there. See what you may do: kubectl --context ${shellQuote(context)} -n ${namespace} auth can-i --list`,
    docs: "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
    exitCode: exitCode.notAllowed,
  });
}

/** Why a target cannot be written. */
function objectionAt(seen: Seen, target: StateTarget, consent: Consent, mayCreate: boolean) {
  const { namespaces, closed, secrets, registry, context } = seen;
  const content = secrets.get(placeOf(target));
  if (content instanceof ActionableError) return content;
  if (closed.has(target.namespace)) return mayNotWrite(target.namespace, context);
  if (content)
    return objectionTo(content, registry.loginServer, {
      isOurs: (userName) => isOurUser(seen, userName),
      consent,
      name: placeOf(target),
    });
  const namespace = namespaces.get(target.namespace);
  if (namespace === undefined && !mayCreate)
    return refused(
      "kubernetes.namespace-not-found",
      `Namespace ${target.namespace} does not exist in context ${context}.`,
      "Check the name, or create it with --create-namespace.",
    );
  if (typeof namespace === "object" && namespace.terminating)
    return refused(
      "kubernetes.terminating",
      `Namespace ${target.namespace} in context ${context} is being deleted.`,
      "Wait until it is gone, then run again with --create-namespace; or omit it.",
    );
  return undefined;
}
