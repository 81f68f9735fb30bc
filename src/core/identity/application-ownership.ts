import { refused, type ActionableError } from "../../domain/errors.ts";
import type {
  Application,
  Caller,
  Certified,
  Owner,
  PasswordCredential,
  ServicePrincipal,
} from "../../domain/identity.ts";
import { keyOrigin } from "../../domain/ownership.ts";
import type { Directory } from "../ports.ts";
import { nameOf, ownerName } from "./directory-names.ts";

/** Whom acr-pull trusts in addition to the caller, and which keys the cluster knows. */
export interface OwnershipWish {
  readonly clusterId: string;
  readonly owners: readonly string[];
  /** Whether a target's own secret vouches for a key: by its entry, or by a pending mark that names its operation. */
  vouchesFor(key: { readonly keyId: string; readonly operation: string }): Promise<boolean>;
}

/** An application with everybody who could control it. */
export interface Claimed {
  readonly application: Application;
  readonly owners: readonly Owner[];
  readonly principal: ServicePrincipal | undefined;
}

/**
 * Our unique name proves nothing: any member of a tenant may register it, give it a password, and wait for acr-pull
 * to grant it a role. An application without a role of ours is used only if nobody else can sign in as it or as its
 * service principal, and nobody else owns either.
 * @throws ActionableError `service-principal.not-ours`, exit 2
 */
export async function refuseUnlessOurs(
  { application, owners, principal }: Claimed,
  wish: OwnershipWish,
  { caller, directory }: { readonly caller: Caller; readonly directory: Directory },
  signal: AbortSignal,
): Promise<void> {
  const { objectId } = application;
  const [federated, certificates, principalOwners, principalCertificates] = await Promise.all([
    directory.countFederatedCredentials(objectId, signal),
    directory.countCertificates(objectId, signal),
    principal ? directory.listPrincipalOwners(principal.objectId, signal) : [],
    principal ? directory.countPrincipalCertificates(principal.objectId, signal) : 0,
  ]);
  await refuseForeignKeys({ ...application, certificates }, wish);
  if (principal) refusePrincipalKeys(application, { ...principal, certificates: principalCertificates });
  const allowed = new Set([caller.objectId, ...wish.owners].map((id) => id.toLowerCase()));
  const isStranger = ({ objectId }: Owner) => !allowed.has(objectId.toLowerCase());
  const stranger = owners.find(isStranger);
  if (stranger) {
    throw notOurs(application, `its owner ${ownerName(stranger)} is neither you nor listed in --owner`);
  }
  const behind = principalOwners.find(isStranger);
  if (behind) {
    const who = ownerName(behind);
    throw notOurs(
      application,
      `the owner ${who} of its service principal is neither you nor listed in --owner`,
    );
  }
  if (federated > 0) throw notOurs(application, `${federated} federated credential(s) can sign in as it`);
}

/**
 * @throws ActionableError `service-principal.not-ours` if it has a certificate, or a key that the cluster does not know
 */
export async function refuseForeignKeys(
  application: Application & Certified,
  wish: OwnershipWish,
): Promise<void> {
  if (application.certificates > 0) {
    throw notOurs(application, `${application.certificates} certificate(s) can sign in as it`);
  }
  for (const key of application.passwords) {
    // A display name can be copied, so a target must also know the key.
    const origin = keyOrigin(key);
    const named = origin?.clusterId === wish.clusterId;
    if (!named || !(await wish.vouchesFor({ keyId: key.keyId, operation: origin.operation }))) {
      throw notOurs(
        application,
        `its password ${key.keyId} was not made by acr-pull for this cluster, according to the secrets to write`,
      );
    }
  }
}

/**
 * acr-pull adds passwords only to applications, where people can see them. A password on a service principal is
 * somebody else's.
 */
export function refusePrincipalKeys(
  application: Application,
  { passwords, certificates }: Pick<ServicePrincipal, "passwords"> & Certified,
): void {
  const [first]: ReadonlyArray<PasswordCredential | undefined> = passwords;
  if (first)
    throw notOurs(application, `the password ${first.keyId} of its service principal can sign in as it`);
  if (certificates > 0) {
    throw notOurs(application, `${certificates} certificate(s) of its service principal can sign in as it`);
  }
}

function notOurs(application: Application, reason: string): ActionableError {
  return refused(
    "service-principal.not-ours",
    `An application has the name that acr-pull would use, ${nameOf(application)}, but it may belong to somebody else: ${reason}. No role was assigned to it.`,
    `If it is yours and you want to use it, add --service-principal ${application.appId}. If a run for other namespaces was interrupted, finish that run first. Otherwise ask a directory administrator to delete it permanently.`,
  );
}
