import { guidName, labelSelector, namespaceName, objectName, registryReference } from "../../domain/names.ts";
import { grace, lifetime, positiveDuration, settleTime } from "../options/option-values.ts";
import { defaultedOption, listOption, switchOption, valueOption, type AnswersOf } from "../options/option.ts";
import {
  clusterOptions,
  completenessOptions,
  leaveOutOptions,
  outputOptions,
  runOptions,
  signInOptions,
} from "../options/shared-options.ts";

/** Options of `rotate`. */
export const rotateOptions = {
  registry: valueOption({
    flag: "--registry <name>",
    summary: "only keys that pull from this registry: its name, login server or resource id",
    question: "Which keys?",
    group: "Registry",
    parse: registryReference,
  }),
  ...signInOptions,
  namespace: listOption({
    flag: "-n, --namespace <ns>",
    summary: "only keys that secrets of these namespaces hold, wherever else they are held (repeatable)",
    group: "Cluster",
    parse: namespaceName,
  }),
  namespaceSelector: valueOption({
    flag: "--namespace-selector <labels>",
    summary: "only keys that secrets of namespaces with these labels hold, such as team=web",
    group: "Cluster",
    parse: labelSelector,
  }),
  ...clusterOptions,
  secretName: valueOption({
    flag: "--secret-name <name>",
    summary: "only keys that secrets of this name hold",
    group: "Cluster",
    parse: objectName,
  }),
  ...runOptions,
  ifExpiringWithin: valueOption({
    flag: "--if-expiring-within <duration>",
    summary: "begin only with keys that end within this time, such as 60d: for a job that runs daily",
    group: "Rotation",
    parse: positiveDuration,
  }),
  expiresIn: valueOption({
    flag: "--expires-in <duration|max>",
    summary:
      "how long the new key lives, or max for as long as the tenant allows (default: as the one it replaces)",
    group: "Rotation",
    parse: lifetime,
  }),
  grace: defaultedOption({
    flag: "--grace <duration>",
    summary: "how long the old key stays valid beside the new one, at least 30m; a later run retires it",
    group: "Rotation",
    parse: grace,
    fallback: "24h",
  }),
  wait: switchOption({
    flag: "--wait",
    summary: "stay until that time is over and the old key is retired",
    group: "Rotation",
  }),
  settle: defaultedOption({
    flag: "--settle <duration>",
    summary:
      "8 sign-ins over this time must succeed before the old key goes, which then must be refused for as long",
    group: "Rotation",
    parse: settleTime,
    fallback: "49s",
  }),
  noOverlapEntry: switchOption({
    flag: "--no-overlap-entry",
    summary: "keep the old key out of the secrets at once, for readers that try one entry only",
    group: "Rotation",
  }),
  finish: switchOption({
    flag: "--finish",
    summary: "only retire old keys whose time is over; make no new one",
    group: "Rotation",
  }),
  abort: switchOption({
    flag: "--abort",
    summary: "go back to the old key and remove the new one, while the old one is still in the secrets",
    group: "Rotation",
  }),
  compromised: switchOption({
    flag: "--compromised",
    summary: "the key has leaked: replace it, and retire it in this same run",
    group: "Consent",
    consent: true,
  }),
  acceptOutage: switchOption({
    flag: "--accept-outage",
    summary: "with --compromised: retire it although some secret could not be updated",
    group: "Consent",
    consent: true,
  }),
  ...completenessOptions,
  ...leaveOutOptions,
  // Consent, and no variable: who names one for setup in a pipeline has not agreed to this.
  servicePrincipal: listOption({
    flag: "--service-principal <app-id>",
    summary:
      "also keys of this service principal, which acr-pull did not make, by its application id (repeatable)",
    group: "Consent",
    parse: guidName,
    consent: true,
  }),
  // Consent, and no variable: one left behind in a pipeline must not remove a key that somebody else made.
  retireKey: valueOption({
    flag: "--retire-key <key-id>",
    summary: "retire this key once it is replaced, although acr-pull did not make it for this cluster",
    group: "Consent",
    parse: guidName,
    consent: true,
  }),
  ...outputOptions,
};

/** What `rotate` was asked for. */
export type RotateAnswers = AnswersOf<typeof rotateOptions>;
