import type { Check } from "../checks/check.ts";
import { aks } from "../checks/cluster/aks.ts";
import { clock } from "../checks/cluster/clock.ts";
import { pod } from "../checks/cluster/pod.ts";
import { serviceAccount } from "../checks/cluster/service-account.ts";
import { expiry } from "../checks/credential/expiry.ts";
import { passwordPlace } from "../checks/credential/password-place.ts";
import { password } from "../checks/credential/password.ts";
import { principal } from "../checks/credential/principal.ts";
import { pullScope } from "../checks/credential/pull-scope.ts";
import { renewal } from "../checks/credential/renewal.ts";
import { roleAssignment } from "../checks/credential/role-assignment.ts";
import { roleCondition } from "../checks/credential/role-condition.ts";
import { roleMode } from "../checks/credential/role-mode.ts";
import { roleWidth } from "../checks/credential/role-width.ts";
import { secondEntry } from "../checks/credential/second-entry.ts";
import { signIn } from "../checks/credential/sign-in.ts";
import type { ClusterFacts, EntryFacts, PodFacts, SecretFacts } from "../checks/facts.ts";
import { anonymousPull } from "../checks/registry/anonymous-pull.ts";
import { host } from "../checks/registry/host.ts";
import { image } from "../checks/registry/image.ts";
import { imagePlatform } from "../checks/registry/image-platform.ts";
import { networkRules } from "../checks/registry/network-rules.ts";
import { reachable } from "../checks/registry/reachable.ts";
import { secretParses } from "../checks/secret/secret-parses.ts";
import { secretPresent } from "../checks/secret/secret-present.ts";
import { secretReadable } from "../checks/secret/secret-readable.ts";
import { secretRegistry } from "../checks/secret/secret-registry.ts";
import { secretType } from "../checks/secret/secret-type.ts";

/*
 * Which checks there are, in the order in which they are told: causes before what they cause.
 */

export const clusterChecks: ReadonlyArray<Check<ClusterFacts>> = [aks, clock];

export const secretChecks: ReadonlyArray<Check<SecretFacts>> = [
  secretReadable,
  secretPresent,
  secretType,
  secretParses,
  secretRegistry,
];

export const entryChecks: ReadonlyArray<Check<EntryFacts>> = [
  host,
  reachable,
  networkRules,
  anonymousPull,
  principal,
  expiry,
  renewal,
  password,
  passwordPlace,
  signIn,
  secondEntry,
  roleAssignment,
  roleMode,
  roleCondition,
  roleWidth,
  pullScope,
  image,
  imagePlatform,
  serviceAccount,
];

export const podChecks: ReadonlyArray<Check<PodFacts>> = [pod];
