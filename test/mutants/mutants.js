// Guards of the product, each broken on purpose, with the test that must then fail. check.js runs them.

const rotation = "test/core/rotate/flow.test.ts";
const nextStep = "test/core/rotate/decide.test.ts";
const survey = "test/core/rotate/look.test.ts";
const statusTest = "test/scenarios/status.test.ts";
const flow = "src/core/rotate";
const removeRaces = "test/scenarios/remove-races.test.ts";
const removeErrors = "test/scenarios/remove-errors.test.ts";
const removal = "src/core/remove";

/**
 * @typedef {object} Edit
 * @property {string} file below the project's folder
 * @property {string} from text that the file contains exactly once
 * @property {string} to text that replaces it
 *
 * @typedef {object} Mutant
 * @property {string} name what the broken program does
 * @property {readonly Edit[]} edits
 * @property {{ readonly file: string, readonly title: string }} caughtBy by its titles, joined by spaces
 */

/** @type {readonly Mutant[]} */
export const mutants = [
  // Retirement: when, of which key, after which proofs.
  {
    name: "retires the old key before its time",
    edits: [
      {
        file: `${flow}/decide.ts`,
        from: "!early && retirementDueAt(marked, keys) > keys.now.getTime()",
        to: "false",
      },
    ],
    caughtBy: {
      file: nextStep,
      title: "while a retirement is pending the old key is not retired a moment before its time",
    },
  },
  {
    name: "retires the old key although a change-over was cut off and some secrets hold it",
    edits: [
      {
        file: `${flow}/decide.ts`,
        from: "return changeOverTo(keys, changedOver, wish) ?? retirement(keys, changedOver, wish);",
        to: "return retirement(keys, changedOver, wish);",
      },
    ],
    caughtBy: {
      file: nextStep,
      title: "while a retirement is pending the old key is not retired while some other secret holds it",
    },
  },
  {
    name: "begins a rotation while one is pending, so that its old key is forgotten",
    edits: [
      {
        file: `${flow}/decide.ts`,
        from: "if (changedOver.length > 0) {",
        to: "if (changedOver.length > 9) {",
      },
    ],
    caughtBy: { file: nextStep, title: "while a retirement is pending nothing is done to rotate" },
  },
  {
    name: "does not look once more who holds the key before it is removed",
    edits: [
      {
        file: `${flow}/retire-key.ts`,
        from: "if (held.length > 0) return stillHeld(step, held, keys, input);",
        to: "",
      },
    ],
    caughtBy: {
      file: rotation,
      title: "a retirement keeps the old key when somebody came to hold it while the new one was proven",
    },
  },
  {
    name: "does not prove the new key over a while before the old one is removed",
    edits: [
      {
        file: `${flow}/retire-key.ts`,
        from: "for (const credential of newer) await work.prove(credential, proofsBeforeRetiring, input.settleMs);",
        to: "",
      },
    ],
    caughtBy: {
      file: rotation,
      title:
        "a retirement proves the new key eight times over the settling time, after every secret holds it alone",
    },
  },
  {
    name: "takes a removed key for refused",
    edits: [
      {
        file: `${flow}/retire-key.ts`,
        from: "const evidence = await proveRemoved(removed, proof, work.signal);",
        to: 'const evidence = "refused" as RemovalEvidence | undefined;',
      },
    ],
    caughtBy: {
      file: rotation,
      title: "a retirement says that the removed key is not refused yet, and remembers it, until it is",
    },
  },
  {
    name: "forgets a key that is removed and not refused yet",
    edits: [
      {
        file: `${flow}/retire-key.ts`,
        from: "if (!outcome.error) await dropLastMark(step, work);",
        to: "await dropLastMark(step, work);",
      },
    ],
    caughtBy: {
      file: rotation,
      title: "a retirement says that the removed key is not refused yet, and remembers it, until it is",
    },
  },
  {
    name: "removes the old key first, and takes it out of the secrets afterwards",
    edits: [
      {
        file: `${flow}/retire-key.ts`,
        from: "const cleaned = await removeOldPasswords(step, work);",
        to: "const outcome = await removeKey(step, work, newer);\n    const cleaned = await removeOldPasswords(step, work);",
      },
      {
        file: `${flow}/retire-key.ts`,
        from: "    const outcome = await removeKey(step, work, newer);\n    if (!outcome.error)",
        to: "    if (!outcome.error)",
      },
      {
        // This guard would hide the mutant: it finds the very secrets that were not cleaned.
        file: `${flow}/retire-key.ts`,
        from: "if (held.length > 0) return stillHeld(step, held, keys, input);",
        to: "",
      },
    ],
    caughtBy: {
      file: rotation,
      title:
        "a retirement takes the old password out of every secret first, and then removes that key and no other",
    },
  },
  {
    name: "removes the old key although some secret could not be cleaned",
    edits: [
      { file: `${flow}/retire-key.ts`, from: "if (good < total) return false;", to: "" },
      {
        // This guard would hide the mutant: it finds the very secret that was not cleaned.
        file: `${flow}/retire-key.ts`,
        from: "if (held.length > 0) return stillHeld(step, held, keys, input);",
        to: "",
      },
    ],
    caughtBy: {
      file: rotation,
      title: "a retirement keeps the old key while one of the secrets cannot be written",
    },
  },
  {
    name: "retires a key that acr-pull did not make for the cluster",
    edits: [
      {
        file: `${flow}/retire-key.ts`,
        from: "return listed === undefined || isKeyOf(listed, keys.seen.clusterId);",
        to: "return true || (listed && keys && isKeyOf);",
      },
    ],
    caughtBy: {
      file: rotation,
      title: "a key that acr-pull did not make for the cluster stays when it was replaced, and is told",
    },
  },
  {
    name: "retires a key although other namespaces cannot be seen",
    edits: [
      {
        file: `${flow}/retire-key.ts`,
        from: 'if (!keys.seen.whole) return { retired: false, blocked: "cannot-see-all-namespaces" };',
        to: "",
      },
      {
        // This guard would hide the mutant: it asks the same when the secrets are cleaned.
        file: `${flow}/retire-key.ts`,
        from: "if (!whole) return blockedByUnseen(step, keys.seen);",
        to: "",
      },
    ],
    caughtBy: {
      file: rotation,
      title: "a retirement keeps the old key where nobody can tell who else holds it",
    },
  },
  {
    name: "retires a key although other namespaces can no longer be seen",
    edits: [
      {
        file: `${flow}/retire-key.ts`,
        from: "if (!whole) return blockedByUnseen(step, keys.seen);",
        to: "",
      },
    ],
    caughtBy: {
      file: "test/scenarios/rotate-holders.test.ts",
      title:
        "rotate, where the right to list secrets goes after the clean-up and a copy turns up: leaves the key, until it may look again",
    },
  },
  {
    name: "removes a key although other namespaces can no longer be seen",
    edits: [
      {
        file: `${removal}/act.ts`,
        from: "if (seen.whole && !whole)",
        to: 'if (seen.clusterId === "")',
      },
    ],
    caughtBy: {
      file: removeRaces,
      title:
        "while remove is at work the right to list secrets goes, and a copy of the key turns up: the key stays, until it may look again",
    },
  },
  {
    name: "takes any password beside the new one for the old key",
    edits: [
      {
        file: `${flow}/old-key.ts`,
        from: "if (living.length === 0) return mayLive ? undefined : beside[0];",
        to: "if (mayLive || !mayLive) return beside[0];",
      },
    ],
    caughtBy: {
      file: nextStep,
      title:
        "while a retirement is pending a text beside the new one that does not sign in, where another secret still has the old one",
    },
  },
  {
    name: "does not count a copy that is not ours among the holders of a key to be retired",
    edits: [
      {
        file: `${flow}/retire-block.ts`,
        from: ".filter(({ credentials }) => password && credentials.some((one) => one.password.equals(password)))",
        to: ".filter(({ credentials }) => password && credentials.length < 0)",
      },
    ],
    caughtBy: {
      file: rotation,
      title:
        "a retirement takes the old password out of no secret while a copy that may not be written holds it",
    },
  },
  {
    name: "retires a key that another cluster of the same run holds",
    edits: [
      {
        file: `${flow}/retire-block.ts`,
        from: "...others.flatMap(",
        to: "...others.slice(others.length).flatMap(",
      },
    ],
    caughtBy: {
      file: "test/scenarios/rotate-holders.test.ts",
      title:
        "rotate, where a second cluster shares the password, and is looked at too: does not retire the old key while that one holds it",
    },
  },

  // Change-over: what is made, proven and written.
  {
    name: "gives a key a name that does not tell the operation which made it",
    edits: [
      {
        file: "src/core/identity/client-secret.ts",
        from: "const displayName = keyDisplayName(clusterId, mark.operation);",
        to: `const displayName = keyDisplayName(clusterId, "key");`,
      },
    ],
    caughtBy: {
      file: rotation,
      title:
        "a change-over makes its key under a mark that names the operation which the key's own name carries",
    },
  },
  {
    name: "sends the request for a new password again when its answer was lost",
    edits: [
      {
        file: "src/azure/application-passwords.ts",
        from: "at: graph.api(`/applications/${objectId}/addPassword`),",
        to: "at: graph.api(`/applications/${objectId}/addPassword`),\n              repeatable: true,",
      },
    ],
    caughtBy: {
      file: "test/azure/directory-client.test.ts",
      title: "a password whose answer is lost (drop) is not asked for again",
    },
  },
  {
    name: "makes another key by the operation of the one whose answer was lost",
    edits: [
      {
        file: "src/core/identity/client-secret.ts",
        from: "await mark.nextOperation(signal);",
        to: "",
      },
    ],
    caughtBy: {
      file: "test/scenarios/rotate-lost-answers.test.ts",
      title:
        "rotate, when a key was made and the answer is its connection reset: removes that key, and makes another by a new operation",
    },
  },
  {
    name: "sends every request to Graph as if it might be repeated",
    edits: [
      {
        file: "src/azure/graph-client.ts",
        from: "        repeatable,\n",
        to: "        repeatable: true,\n",
      },
    ],
    caughtBy: {
      file: "test/azure/directory-client.test.ts",
      title: "a password whose answer is lost (reset) is not asked for again",
    },
  },
  {
    name: "writes a new key without proving it",
    edits: [{ file: `${flow}/change-over.ts`, from: "await proveOrTakeBack(to, step, work);", to: "" }],
    caughtBy: {
      file: rotation,
      title: "a change-over proves the new key three times, a second apart, before any secret holds it",
    },
  },
  {
    name: "counts a password as proven although it was refused in between",
    edits: [
      {
        file: "src/core/proof/prove-steadily.ts",
        from: "await opinion.after(outcome, signal);\n      inARow = 0;",
        to: "await opinion.after(outcome, signal);",
      },
    ],
    caughtBy: {
      file: "test/core/proof/prove-steadily.test.ts",
      title: "a password that is proven steadily has to begin anew when it is refused, a second later",
    },
  },
  {
    name: "does not leave the old password beside the new one",
    edits: [
      {
        file: `${flow}/change-over.ts`,
        from: "credential: input.overlapEntry ? before?.credential : undefined,",
        to: "credential: input.overlapEntry ? undefined : before?.credential,",
      },
    ],
    caughtBy: {
      file: rotation,
      title: "a change-over gives every secret the new key with the old one beside it",
    },
  },
  {
    name: "does not read back what it wrote",
    edits: [
      {
        file: `${flow}/key-work.ts`,
        from: "const good = await this.turn.readBack(written, (credential) => this.prove(credential));",
        to: "const good = written;",
      },
    ],
    caughtBy: {
      file: rotation,
      title: "a change-over reads every secret back, and proves by the very bytes",
    },
  },
  {
    name: "begins although a copy that is not ours holds the key",
    edits: [
      {
        file: "src/core/cluster/holders.ts",
        from: "copies: copiesOf(seen, loginServer, holders),",
        to: "copies: copiesOf(seen, loginServer, []),",
      },
    ],
    caughtBy: {
      file: rotation,
      title: "a change-over begins nothing while a secret that may not be written holds the key",
    },
  },
  {
    name: "trusts a mark whose secret holds another application's password",
    edits: [
      {
        file: "src/core/cluster/holders.ts",
        from: "if (!isAsMarked(mark, credential)) {",
        to: "if (!credential) {",
      },
    ],
    caughtBy: {
      file: "test/core/cluster/holders.test.ts",
      title:
        "a secret whose mark names a key, and that has another application's password, holds no key: the mark alone proves nothing",
    },
  },
  {
    name: "takes the role of an application that a mark names back although others sign in as it",
    edits: [
      {
        file: "src/domain/mark-claims.ts",
        from: "return ownApplication || ownCredentials || applicationNamed;",
        to: "return ownApplication || ownCredentials || applicationNamed || true;",
      },
    ],
    caughtBy: {
      file: "test/scenarios/remove-claims.test.ts",
      title:
        "remove, of an application that acr-pull did not make, takes no role back that only a forged mark leads to, for another cluster pulls by it",
    },
  },
  {
    name: "removes a key of this cluster's id that no secret here names",
    edits: [
      {
        file: "src/domain/mark-claims.ts",
        from: "return namedHere || hasEnded || keyNamed;",
        to: "return namedHere || hasEnded || keyNamed || true;",
      },
    ],
    caughtBy: {
      file: "test/scenarios/remove-claims.test.ts",
      title:
        "remove, where another cluster has the same id, leaves the key that no secret here names, with role and application, and tells which flag takes it along",
    },
  },
  {
    name: "gives the key after a leaked one to whoever shows the leaked one",
    edits: [
      {
        file: "src/core/rotate/judge-holders.ts",
        from: "hasLeaked ? mayBeGivenKeyAfterLeak(proof) : mayBeGivenKey(proof),",
        to: "hasLeaked ? mayBeGivenKey(proof) : mayBeGivenKey(proof),",
      },
    ],
    caughtBy: {
      file: "test/scenarios/rotate-claims.test.ts",
      title:
        "rotate --compromised, where a secret shows the leaked key in a namespace that was not named: begins nothing, and says what goes on without it",
    },
  },
  {
    name: "sweeps what a mark names although not every secret can be listed",
    edits: [
      {
        file: "src/domain/mark-claims.ts",
        from: "return lostByThisRun || (seesAll && !ofRunAtWork);",
        to: "return lostByThisRun || !ofRunAtWork;",
      },
    ],
    caughtBy: {
      file: "test/scenarios/setup-claims.test.ts",
      title:
        "setup, where secrets may not be listed in every namespace, leaves the key that a mark says an interrupted run left, leaves that mark, and says so",
    },
  },
  {
    name: "makes a password for any application that a mark names beside a password that signs in",
    edits: [
      {
        file: "src/domain/mark-claims.ts",
        from: "return ownApplication || ownKey || applicationNamed;",
        to: "return ownApplication || ownKey || applicationNamed || true;",
      },
    ],
    caughtBy: {
      file: "test/scenarios/rotate-claims.test.ts",
      title:
        "rotate, where a mark names an application that acr-pull did not make, and a password of it, makes no password of that one [], and rotates the others",
    },
  },
  {
    name: "makes a password for any application that a mark names",
    edits: [
      {
        file: `${flow}/judge-holders.ts`,
        from: "if (!genuine.some(({ proof }) => proof.signsIn)) {",
        to: "if (genuine.length === 0) {",
      },
    ],
    caughtBy: {
      file: survey,
      title: "a survey refuses, before anything is made, an application of which a mark alone speaks",
    },
  },
  {
    name: "believes a registry alone, which may be anybody's, that a password lives",
    edits: [{ file: `${flow}/look.ts`, from: "entraToo: true,", to: "" }],
    caughtBy: {
      file: survey,
      title:
        "a survey refuses, before anything is made, an application whose password a registry alone takes, which may be anybody's",
    },
  },
  {
    name: "takes what a mark says of a key for true although the password cannot be that key's",
    edits: [
      {
        file: "src/core/identity/identify-key.ts",
        from: "const named = passwords.find((key) => claimed.has(key.keyId) && fits(key));",
        to: "const named = passwords.find((key) => claimed.has(key.keyId));",
      },
    ],
    caughtBy: {
      file: survey,
      title: "which key a password is is not what a mark says of a key with another hint",
    },
  },

  // Time.
  {
    name: "goes by this machine's clock for what is due",
    edits: [
      {
        file: `${flow}/look.ts`,
        from: "  const now = azureNow(directory, ports.clock);\n",
        to: "  const now = ports.clock.now();\n",
      },
    ],
    caughtBy: {
      file: survey,
      title:
        "a survey goes by the services' clocks while this machine's is 24 hours ahead for what time it is",
    },
  },
  {
    name: "makes a key that lives by the cluster's clock",
    edits: [
      {
        file: "src/core/setup/obtain-credential.ts",
        from: "const now = azureNow(directory, clock);",
        to: "const now = mark.target.cluster.serverTime();",
      },
    ],
    caughtBy: {
      file: "test/scenarios/clocks.test.ts",
      title: "while the cluster's clock is a century fast a new key lives as long as was asked by Azure's",
    },
  },
  {
    name: "goes by this machine's clock for whether a key has expired",
    edits: [
      {
        file: `${flow}/look.ts`,
        from: "listed.endDateTime <= known.now;",
        to: "listed.endDateTime <= proof.clock.now();",
      },
    ],
    caughtBy: {
      file: survey,
      title:
        "a survey goes by the services' clocks while this machine's is 24 hours ahead for whether a key is over whose end is an hour hence",
    },
  },

  // Runs at once, and runs that were killed.
  {
    name: "takes over the mark of a run that is at work",
    edits: [
      {
        file: "src/core/turn/live-mark.ts",
        from: "return Math.abs(serverTime.getTime() - Date.parse(renewedAt)) <= staleAfterMs;",
        to: "return serverTime.getTime() - Date.parse(renewedAt) <= 0 * staleAfterMs;",
      },
    ],
    caughtBy: {
      file: rotation,
      title: "a change-over leaves a key that another run is at work on alone, and says so",
    },
  },
  {
    name: "rotates beside a run that is at work",
    edits: [
      {
        file: `${flow}/preflight.ts`,
        from: "throw new BusyError(targetName(keys.liveMark.target));",
        to: "keys.liveMark satisfies object;",
      },
    ],
    caughtBy: {
      file: rotation,
      title: "a change-over leaves a key that another run is at work on alone, and says so",
    },
  },
  {
    name: "does not look again for another run once its own mark is set",
    edits: [
      {
        file: "src/core/turn/take-mark.ts",
        from: "if (!other) return mark;",
        to: "if (!other || mark.target) return mark;",
      },
    ],
    caughtBy: {
      file: "test/crash/runs-at-once.test.ts",
      title:
        "runs of setup at once for different namespaces, where no secret is left of an application: all succeed, with one key more",
    },
  },
  {
    name: "undoes what the run wrote that went on in its place",
    edits: [
      {
        file: "src/core/turn/write-entry.ts",
        from: "if (otherKey || otherMark) throw new BusyError(targetName(target));",
        to: "if (otherKey && otherMark && !target) throw new BusyError(targetName(target));",
      },
    ],
    caughtBy: {
      file: "test/core/turn/pull-secret.test.ts",
      title:
        "a secret that is written after a look is left alone when another run gave it a key of its own since",
    },
  },
  {
    name: "removes the key of a killed run although a secret holds it (setup)",
    edits: [
      {
        file: "src/core/identity/client-secret.ts",
        from: "const removed = made.filter((keyId) => !wish.held.has(keyId));",
        to: "const removed = made;",
      },
    ],
    caughtBy: {
      file: "test/core/identity/client-secret.test.ts",
      title: "keys that an interrupted run left stay while a secret holds them, and are told",
    },
  },
  {
    name: "removes the key of a killed run without looking who holds it (rotate)",
    edits: [
      {
        file: "src/core/turn/sweep.ts",
        from: 'if (typeof inUse === "string") held.add(inUse);',
        to: 'held.clear(); if (typeof inUse === "string") held.add(inUse);',
      },
    ],
    caughtBy: {
      file: rotation,
      title: "a run that finds the mark of one that was killed removes no key of it that a secret holds",
    },
  },
  {
    name: "removes a key that is on its way out as if a killed run had left it",
    edits: [
      {
        file: "src/core/cluster/key-holders.ts",
        from: "flatMap(({ keyId, retire }) => [keyId, retire?.keyId])",
        to: "flatMap(({ keyId }) => [keyId])",
      },
      {
        file: "src/core/cluster/key-holders.ts",
        from: "return new Set([...byBytes.map(({ keyId }) => keyId), ...secrets",
        to: "return new Set([...byBytes.flatMap(() => []), ...secrets",
      },
    ],
    caughtBy: {
      file: rotation,
      title:
        "a run that finds the mark of one that was killed removes no key of it that is on its way out: that is done when its time has come",
    },
  },

  // Other people's entries, secrets and keys.
  {
    name: "replaces a service account's whole list of pull secrets",
    edits: [
      {
        file: "src/core/cluster/service-account.ts",
        from: "return [...imagePullSecrets, secretName];",
        to: "return [secretName];",
      },
    ],
    caughtBy: {
      file: "test/core/cluster/service-account.test.ts",
      title:
        "a service account whose pods shall use the pull secret gets it at the end of its list, whose other entries and order stay",
    },
  },
  {
    name: "replaces a secret's credentials for other hosts",
    edits: [
      {
        file: "src/domain/docker-config.ts",
        from: "auths: { ...auths, [host]: entryOf(credential), ...beside }",
        to: "auths: { [host]: auths[host] && entryOf(credential), ...beside }",
      },
    ],
    caughtBy: {
      file: "test/domain/docker-config.test.ts",
      title:
        "two credentials for one host leave the entries of other hosts as they were, to the byte, and in their order",
    },
  },
  {
    name: "overwrites what somebody changed in a secret meanwhile",
    edits: [
      {
        file: "src/kubernetes/cluster-writes.ts",
        from: "metadata: { resourceVersion, ...(labels && { labels }), ...(annotations && { annotations }) },",
        to: "metadata: { ...(resourceVersion && labels && { labels }), ...(annotations && { annotations }) },",
      },
    ],
    caughtBy: {
      file: "test/kubernetes/cluster-in-sandbox.test.ts",
      title:
        "the cluster client against an API server refuses to overwrite what somebody else changed meanwhile",
    },
  },
  {
    name: "shows a live secret that the API server quotes",
    edits: [
      {
        file: "src/kubernetes/api-status.ts",
        from: 'this.isWithheld = quotesObject(status.message ?? "");',
        to: "this.isWithheld = false;",
      },
    ],
    caughtBy: {
      file: "test/kubernetes/cluster-client.test.ts",
      title: "a write does not repeat a refusal that quotes a patch that it cannot decode",
    },
  },
  {
    name: "makes a key whose secret it could not read back",
    edits: [
      {
        file: `${flow}/preflight.ts`,
        from: "if (first) throw first.error;\n  if (unwritable",
        to: "if (unwritable",
      },
    ],
    caughtBy: {
      file: "test/scenarios/least-rights.test.ts",
      title:
        "rotate without the right to get secrets ends with 3, planned or not, and makes and writes nothing",
    },
  },
  {
    name: "overwrites what somebody added to a service account meanwhile",
    edits: [
      {
        file: "src/kubernetes/cluster-writes.ts",
        from: "    metadata: { resourceVersion },\n    imagePullSecrets:",
        to: "    metadata: resourceVersion ? {} : {},\n    imagePullSecrets:",
      },
    ],
    caughtBy: {
      file: "test/core/cluster/service-account.test.ts",
      title:
        "a service account whose pods shall use the pull secret keeps what somebody adds to its list between the look and the write",
    },
  },
  {
    name: "takes three refusals of a removed key for enough, however long there is to look",
    edits: [
      {
        file: "src/core/proof/prove-steadily.ts",
        from: "times: Math.max(fewestLooks, 1 + Math.ceil(spreadMs / betweenLooksMs)), spreadMs",
        to: "times: Math.max(fewestLooks, 0 * betweenLooksMs), spreadMs: Math.min(spreadMs, 2_000)",
      },
    ],
    caughtBy: {
      file: "test/scenarios/rotate-lag.test.ts",
      title:
        "rotate, while a removed password signs in for some minutes more (seed 1, 5 replicas) believes no refusal while one part of five still takes it",
    },
  },
  {
    name: "takes a key for removed that a secret got minutes ago, when a refusal repeats",
    edits: [
      {
        file: "src/core/proof/credential-state.ts",
        from: "ageMs > -clockSkewMs && ageMs < propagationMs",
        to: "ageMs > propagationMs",
      },
    ],
    caughtBy: {
      file: "test/scenarios/setup-again.test.ts",
      title: "setup run again at once keeps its key, which few of five replicas know for 15 minutes (seed 3)",
    },
  },
  {
    name: "writes a key that stands alone as soon as three parts know it",
    edits: [
      {
        file: `${flow}/change-over.ts`,
        from: "return !input.overlapEntry && replacesLiving",
        to: "return input.overlapEntry && !replacesLiving",
      },
    ],
    caughtBy: {
      file: rotation,
      title: "a change-over proves it for as long as before a retirement where no old one stands beside it",
    },
  },
  {
    name: "forgets the other leaked keys when a run was cut off after the first",
    edits: [
      {
        file: `${flow}/decide.ts`,
        from: "(going.has(keyId) || (allLeaked && chosen))",
        to: "(going.has(keyId) || (allLeaked && !chosen))",
      },
    ],
    caughtBy: {
      file: nextStep,
      title:
        "while a retirement is pending a leak of two keys is gone on with for both, when one of them was replaced",
    },
  },
  {
    name: "looks for holders of a key in secrets of today's type alone",
    edits: [
      {
        file: "src/kubernetes/cluster-reads.ts",
        from: "return current && legacy && [...current, ...legacy];",
        to: "return legacy && current;",
      },
    ],
    caughtBy: {
      file: "test/scenarios/rotate-holders.test.ts",
      title:
        "rotate, where another secret holds the old key since the change-over, of the older type that kubelets read as well: never retires it, and names the secret",
    },
  },
  {
    name: "has setup remove a dead key that secrets elsewhere still name",
    edits: [
      {
        file: "src/core/setup/dead-keys.ts",
        from: "going.has(keyId) && !named.has(keyId)",
        to: "going.has(keyId) && named.has(keyId) !== undefined",
      },
      {
        file: "src/core/setup/dead-keys.ts",
        from: "obsolete: obsolete.filter((keyId) => held?.has(keyId) !== true),",
        to: "obsolete: obsolete.filter((keyId) => held?.has(keyId) !== null),",
      },
      {
        file: "src/core/turn/sweep.ts",
        from: 'if (typeof inUse === "string") held.add(inUse);',
        to: 'held.clear(); if (typeof inUse === "string") held.add(inUse);',
      },
    ],
    caughtBy: {
      file: "test/scenarios/rotate-and-setup.test.ts",
      title:
        "setup for some of the namespaces whose key has expired leaves that key listed, says who holds it, and rotate gives them the new one",
    },
  },
  {
    name: "has setup go by this machine's clock for whether a key has ended",
    edits: [
      {
        file: "src/core/setup/decide.ts",
        from: "now: azureNow(look.ports.azure?.directory, look.ports.clock),",
        to: "now: look.ports.clock.now(),",
      },
    ],
    caughtBy: {
      file: "test/scenarios/rotate-clock.test.ts",
      title:
        "setup, while this machine's clock is ahead of the services', keeps a key that has half an hour left by theirs",
    },
  },

  // Looking: what is sent where, and what gets the blame.
  {
    name: "has verify send a password to whatever host a secret names",
    edits: [
      {
        file: "src/verify/look-at-entry.ts",
        from: "const mayAsk = run.maySend(registryHostOf(host));",
        to: "const mayAsk = run.maySend(registryHostOf(host)) || true;",
      },
    ],
    caughtBy: {
      file: "test/verify/verify.test.ts",
      title: "verify sends a password to the registries of the cloud and to no other host",
    },
  },
  {
    name: "has verify blame what hangs on a cause as well",
    edits: [
      {
        file: "src/verify/check.ts",
        from: 'if (verdict?.status === "fail") causes.set(id, id);',
        to: "",
      },
    ],
    caughtBy: {
      file: "test/verify/checks.test.ts",
      title:
        "a round of checks names the first cause to whatever hangs on it, near and far, and asks all else",
    },
  },
  {
    name: "has verify ask Azure on and on that does not let it in",
    edits: [
      {
        file: "src/verify/azure-sight.ts",
        from: "return this.#lost ?? this.#within(read(azure.value));",
        to: "return this.#within(read(azure.value));",
      },
    ],
    caughtBy: {
      file: "test/verify/verify.test.ts",
      title: "verify asks Azure nothing more once it was not let in",
    },
  },
  {
    name: "has setup take an entry in capitals for the one that the kubelet finds",
    edits: [
      {
        file: "src/core/turn/write-entry.ts",
        from: "const isFound = keysForImage(Object.keys(config.auths), `${loginServer}/any`).length > 0;",
        to: "const isFound = keysForImage(Object.keys(config.auths), `${loginServer}/any`).length >= 0;",
      },
    ],
    caughtBy: {
      file: "test/core/turn/pull-secret.test.ts",
      title: "an entry under a host in capitals, which no kubelet takes for the same, is written anew",
    },
  },

  // Watching: what status reports as in order.
  {
    name: "has status call in order what did not answer",
    edits: [
      {
        file: "src/core/status/decide.ts",
        from: 'namespace === undefined || !hasCode(error, "kubernetes.forbidden"),',
        to: 'namespace === undefined || hasCode(error, "kubernetes.never"),',
      },
    ],
    caughtBy: {
      file: statusTest,
      title: "status does not call in order what did not answer, nor a chosen namespace that may not be read",
    },
  },
  {
    name: "has status hide the orphans of one cluster behind another that may not be listed",
    edits: [
      {
        file: "src/core/status/decide.ts",
        from: "orphans: hasLoginServer && seen.some(knowsOrphans) ?",
        to: "orphans: hasLoginServer && seen.every(knowsOrphans) ?",
      },
    ],
    caughtBy: {
      file: statusTest,
      title: "status tells of a cluster that it sees whole what it cannot tell of another",
    },
  },
  {
    name: "has status take a key for an orphan that was just retired",
    edits: [
      {
        file: "src/core/status/look.ts",
        from: "facts: new Map(again) };",
        to: "facts: again.length > 0 ? facts : new Map(again) };",
      },
    ],
    caughtBy: {
      file: statusTest,
      title:
        "status, while keys come and go, does not take a key for an orphan that was just retired and that most parts of the directory still list",
    },
  },
  {
    name: "has status call a key in order whose principal is switched off",
    edits: [
      {
        file: "src/core/status/entries.ts",
        from: 'if (facts.principal?.enabled === false) return "principal-disabled";',
        to: "",
      },
    ],
    caughtBy: {
      file: statusTest,
      title:
        "status, while keys come and go, knows a principal that was switched off or deleted, and does not take one for gone that a part of the directory does not know",
    },
  },
  {
    name: "has status and verify warn of a short-lived key for all its life",
    edits: [
      {
        file: "src/domain/renewal.ts",
        from: "return lifeMs === undefined || lifeMs >= shortLifeMs ? usualWarningMs : thirdOf(lifeMs);",
        to: "return lifeMs === undefined || lifeMs >= 0 ? usualWarningMs : thirdOf(lifeMs);",
      },
    ],
    caughtBy: {
      file: statusTest,
      title: "status of a key that lives 14 days and is new: says so, as verify does",
    },
  },

  // remove: what it removes, in which order, and what it keeps.
  {
    name: "has remove take the secrets from pods that still pull with them",
    edits: [
      {
        file: `${removal}/act.ts`,
        from: "  await several.unlink(removal.users.links);\n  await several.removeEntries(removal.entries.entries.filter(({ target }) => !turn.isMarked(target)));\n",
        to: "  await several.removeEntries(removal.entries.entries.filter(({ target }) => !turn.isMarked(target)));\n  await several.unlink(removal.users.links);\n",
      },
    ],
    caughtBy: {
      file: "test/scenarios/remove.test.ts",
      title:
        "what remove tells is done in the order that breaks nothing: who pulls, the secrets, the keys, the role, the application",
    },
  },
  {
    name: "has remove delete a secret that was changed since it was read",
    edits: [
      {
        file: "src/kubernetes/cluster-writes.ts",
        from: "preconditions: { uid, resourceVersion },",
        to: "preconditions: { uid, ...(resourceVersion ? {} : { resourceVersion }) },",
      },
    ],
    caughtBy: {
      file: removeErrors,
      title: "remove leaves what somebody else writes into a secret in the moment in which it goes",
    },
  },
  {
    name: "has remove delete a secret that somebody else made",
    edits: [
      {
        file: "src/core/turn/entry-removal.ts",
        from: "const goes = madeByUs && holdsNothing && !hasOtherMarks;",
        to: "const goes = holdsNothing && !hasOtherMarks;",
      },
    ],
    caughtBy: {
      file: removeErrors,
      title: "remove leaves a secret that somebody else made, though nothing is left in it",
    },
  },
  {
    name: "has remove take out a credential that somebody put in the place of ours",
    edits: [
      {
        file: "src/domain/docker-config.ts",
        from: "const gone = new Set(keysOf(config, loginServer).filter(isTheirs));",
        to: "const gone = new Set(keysOf(config, loginServer).filter((key) => isTheirs(key) || true));",
      },
    ],
    caughtBy: {
      file: removeErrors,
      title: "remove leaves a credential that somebody put in the place of ours, and takes our mark off it",
    },
  },
  {
    name: "has remove take out entries of other clusters",
    edits: [
      {
        file: `${removal}/look-at-entries.ts`,
        from: "const ours = marked.filter(({ clusterId }) => clusterId === seen.clusterId);",
        to: 'const ours = marked.filter(({ clusterId }) => clusterId !== "");',
      },
    ],
    caughtBy: { file: removeErrors, title: "remove leaves an entry whose mark is another cluster's" },
  },
  {
    name: "has remove take a key that another secret holds",
    edits: [
      {
        file: `${removal}/decide.ts`,
        from: '} else if (heldBy) keptKeys.push({ what: key, reason: "still-held", heldBy });',
        to: '} else if (heldBy?.length === 0) keptKeys.push({ what: key, reason: "still-held", heldBy });',
      },
    ],
    caughtBy: {
      file: removeErrors,
      title: "remove leaves a key that another secret holds, whoever wrote that one, and says which",
    },
  },
  {
    name: "has remove take the role that another cluster's key uses",
    edits: [
      {
        file: `${removal}/decide.ts`,
        from: "else if (sharers.length > 0)",
        to: "else if (sharers.length > 9)",
      },
    ],
    caughtBy: {
      file: removeErrors,
      title: "remove leaves what another cluster needs on the same service principal: only our part is gone",
    },
  },
  {
    name: "has remove delete an application that it did not make",
    edits: [
      {
        file: `${removal}/decide.ts`,
        from: 'if (application.uniqueName !== applicationUniqueName(loginServer, clusterId)) return { reason: "shared" };',
        to: 'if (application.uniqueName === "" + applicationUniqueName(loginServer, clusterId) + clusterId) return { reason: "shared" };',
      },
    ],
    caughtBy: {
      file: removeErrors,
      title: "remove leaves what another cluster needs on the same service principal: only our part is gone",
    },
  },
  {
    name: "has remove delete an application with a federated credential",
    edits: [
      {
        file: `${removal}/look-at-azure.ts`,
        from: "count(() => directory.countFederatedCredentials(objectId, signal)),",
        to: "0,",
      },
    ],
    caughtBy: {
      file: removeErrors,
      title: "remove leaves an application of ours on which hangs a federated credential",
    },
  },
  {
    name: "has remove delete an application that holds other roles",
    edits: [
      {
        file: `${removal}/decide.ts`,
        from: 'return standing ? { reason: "has-other-roles" } : undefined;',
        to: 'return standing && gone.has("") ? { reason: "has-other-roles" } : undefined;',
      },
    ],
    caughtBy: {
      file: removeErrors,
      title: "remove leaves an application of ours on which hangs a role elsewhere",
    },
  },
  {
    name: "has remove break pods without --force",
    edits: [
      {
        file: `${removal}/look-at-users.ts`,
        from: "if (users.stillNaming.length > 0 && !input.force) throw",
        to: "if (users.stillNaming.length > 9 && !input.force) throw",
      },
    ],
    caughtBy: {
      file: removeErrors,
      title:
        "remove, told what it would refuse otherwise, does not count pods that have ended, and of a secret that stays those that pull elsewhere",
    },
  },
  {
    name: "has remove unlink an account that somebody else linked",
    edits: [
      {
        file: `${removal}/look-at-users.ts`,
        from: "const isUndone = goes ? !byOthers :",
        to: "const isUndone = goes ? true :",
      },
    ],
    caughtBy: {
      file: removeErrors,
      title:
        "remove, told what it would refuse otherwise, removes what pods and accounts still name, and leaves what others linked",
    },
  },
  {
    name: "has remove take a role without another look at who uses it",
    edits: [
      {
        file: `${removal}/remove-principals.ts`,
        from: "if (verdict.keys.length + verdict.roles.length > 0 && (await judgeNow())) return;",
        to: "",
      },
    ],
    caughtBy: {
      file: removeRaces,
      title:
        "while remove is at work on a service principal that another cluster comes to use, the role stays",
    },
  },
  {
    name: "has remove believe a mark that names the id of another registry",
    edits: [
      {
        file: `${removal}/find-login-server.ts`,
        from: "return possible.length > 0 || ids.length < registries.length ? possible : undefined;",
        to: "return ids;",
      },
    ],
    caughtBy: {
      file: "test/scenarios/remove-forged.test.ts",
      title:
        "a mark that somebody forged in a namespace of his own with the login server of another registry leads no removal there",
    },
  },
  {
    name: "has remove call a key refused that is still taken",
    edits: [
      {
        file: `${removal}/prove-gone.ts`,
        from: 'noteEvidence(key.keyId, evidence ?? "not-yet-refused")',
        to: 'noteEvidence(key.keyId, evidence ?? "refused")',
      },
    ],
    caughtBy: {
      file: "test/scenarios/remove-proof.test.ts",
      title: "a key that remove has removed and is still taken somewhere is told to be, which is no failure",
    },
  },
  {
    name: "puts consent into the command to go on with where it was withheld",
    edits: [
      {
        file: "src/cli/stoppable.ts",
        from: ": `To continue: ${command({ asking: true })}`;",
        to: ": `To continue: ${command({ asking: false })}`;",
      },
    ],
    caughtBy: {
      file: "test/terminal/remove.test.ts",
      title:
        "remove at a terminal stopped where the name is to be typed puts no consent into the command to go on with",
    },
  },
  {
    name: "has remove believe one part of the directory which keys a shared service principal has",
    edits: [
      {
        file: `${removal}/look-at-azure.ts`,
        from: "!(decisive && known.uniqueName !== ownName)",
        to: "!(decisive && known.uniqueName === ownName)",
      },
    ],
    caughtBy: {
      file: "test/scenarios/remove-lag.test.ts",
      title:
        "remove, while parts of the directory do not list a key that another cluster was given leaves the role of the service principal that they share",
    },
  },

  // Secrets: anything that repeats them.
  {
    name: "shows what a refusal repeats of the request",
    edits: [
      {
        file: "src/domain/secrets-in-transit.ts",
        from: "body: holdsSecret(text) ? Buffer.from(cleanBody(text)) : body",
        to: "body",
      },
    ],
    caughtBy: {
      file: "test/domain/secrets-in-transit.test.ts",
      title: "a refusal that is no JSON loses it too",
    },
  },
  {
    name: "shows a secret in base64 that was cut off at its begin",
    edits: [{ file: "src/domain/known-secrets.ts", from: '["", "A", "AA", "AAA"]', to: '[""]' }],
    caughtBy: {
      file: "test/domain/known-secrets.test.ts",
      title: "a text that repeats a secret is cut off before it: in base64 that lacks its begin",
    },
  },
  {
    name: "shows a name that repeats a secret",
    edits: [
      {
        file: "src/cli/show/foreign-text.ts",
        from: "return withoutSecrets(visible, shortestPiece);",
        to: "return visible;",
      },
    ],
    caughtBy: {
      file: "test/cli/show/foreign-text.test.ts",
      title:
        'a name that repeats a secret is not shown, also where it is hidden in what shows nothing: "Qx8Q~Lw9_Zr5-Tb3Vn8Pm"',
    },
  },
  {
    name: "goes on where certificates are not to be verified",
    edits: [
      {
        file: "src/cli/guard-environment.ts",
        from: 'env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0"',
        to: "false",
      },
    ],
    caughtBy: {
      file: "test/scenarios/leaking-switches.test.ts",
      title:
        "a variable that would give the run's secrets away by leaving certificates unverified stops setup before any request",
    },
  },

  // Bounds.
  {
    name: "hands a credential plugin what we sign in to Azure with",
    edits: [
      {
        file: "src/kubernetes/exec-program.ts",
        from: "signsInToAzure || !ownSecretVariables.test(name)",
        to: 'signsInToAzure || name !== ""',
      },
    ],
    caughtBy: {
      file: "test/kubernetes/exec-plugin.test.ts",
      title: "runExecPlugin hands the plugin no secret of ours",
    },
  },
  {
    name: "takes a program for kubelogin by its name, wherever it lies",
    edits: [
      {
        file: "src/kubernetes/exec-program.ts",
        from: "test(basename(command)) && !isOffPath(command, variables)",
        to: "test(basename(command))",
      },
    ],
    caughtBy: {
      file: "test/kubernetes/exec-plugin.test.ts",
      title: "runExecPlugin hands kubelogin, which signs in to Azure itself, what it signs in with",
    },
  },
  {
    name: "leaves running what a credential plugin started",
    edits: [
      {
        file: "src/kubernetes/exec-plugin.ts",
        from: 'process.kill(-child.pid, "SIGKILL");',
        to: 'process.kill(child.pid, "SIGKILL");',
      },
    ],
    caughtBy: {
      file: "test/kubernetes/exec-plugin.test.ts",
      title: "runExecPlugin is ended together with what it started when it goes on for ever",
    },
  },
  {
    name: "reads a list of whatever length",
    edits: [
      {
        file: "src/domain/pages.ts",
        from: "if (count > mostPages) throw",
        to: "if (count < 0) throw",
      },
    ],
    caughtBy: {
      file: "test/domain/pages.test.ts",
      title:
        "a list that is read page after page may have as many pages as anybody has, and no more than ten thousand",
    },
  },
  {
    name: "reads from a device that is named as a file",
    edits: [
      {
        file: "src/domain/named-file.ts",
        from: "const isReadable = stats.isFile() ||",
        to: "const isReadable = stats.isFile() || stats.isCharacterDevice() ||",
      },
    ],
    caughtBy: {
      file: "test/domain/named-file.test.ts",
      title: "a file that somebody names is no directory and no device",
    },
  },
];
