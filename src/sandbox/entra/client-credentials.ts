import { decodeJwt, type JWTPayload } from "jose";
import { sameId } from "../directory-records.ts";
import { isBlocked } from "./conditional-access.ts";
import { SignInRefusal } from "./errors.ts";
import type { ReplicaView } from "../replication.ts";
import type {
  ApplicationRecord,
  FederatedCredentialRecord,
  ServicePrincipalRecord,
  World,
} from "../world.ts";

/**
 * The service principal that signs in with a secret or a federated token, as one replica knows it.
 * @throws SignInRefusal
 */
export function authenticateClient(
  world: World,
  view: ReplicaView,
  form: URLSearchParams,
): ServicePrincipalRecord {
  const appId = form.get("client_id") ?? "";
  const principal = world.servicePrincipals.find((one) => sameId(one.appId, appId) && view.knows(one));
  const applications = world.applications.filter((one) => sameId(one.appId, appId));
  const application = applications.find((one) => view.knows(one));
  // The principal's application may be in another tenant. Then only the principal has passwords here.
  if (!principal || (applications.length > 0 && !application)) {
    throw new SignInRefusal(700016, { appId, tenant: world.tenantId });
  }
  const secret = form.get("client_secret");
  const assertion = form.get("client_assertion");
  if (secret !== null) checkSecret(world, view, application, principal, secret);
  else if (assertion !== null) checkAssertion(appId, application, assertion);
  else throw new SignInRefusal(7000216);
  if (!principal.accountEnabled) {
    throw new SignInRefusal(7000112, { appId, name: principal.displayName });
  }
  if (isBlocked(world, principal)) throw new SignInRefusal(53003);
  return principal;
}

/** How often a client has used a secret that the replica does not know yet. */
const metTooSoon = new WeakMap<World, number>();

/** Application and principal each hold passwords, and both kinds work. */
function checkSecret(
  world: World,
  view: ReplicaView,
  application: ApplicationRecord | undefined,
  principal: ServicePrincipalRecord,
  secret: string,
): void {
  const { appId } = principal;
  const fitting = [...(application?.passwords ?? []), ...principal.passwords].filter(
    (one) => one.secretText === secret,
  );
  const password = fitting.find((one) => view.knows(one));
  if (fitting.some((one) => !view.hasHeardOf(one))) {
    // Replicas that do not have a new secret yet were seen to call it sometimes expired and sometimes wrong:
    // https://github.com/Azure-Samples/active-directory-dotnetcore-daemon-v2/issues/87
    const met = (metTooSoon.get(world) ?? 0) + 1;
    metTooSoon.set(world, met);
    if (met % 3 === 1) throw new SignInRefusal(7000222, { appId });
  }
  if (!password || Date.parse(password.startDateTime) > Date.now())
    throw new SignInRefusal(7000215, { appId });
  if (Date.parse(password.endDateTime) <= Date.now()) throw new SignInRefusal(7000222, { appId });
}

/** The signature is not checked, because the issuer is outside the sandbox. The claims must match a credential. */
function checkAssertion(appId: string, application: ApplicationRecord | undefined, assertion: string): void {
  const claims = decode(assertion);
  if (claims.iss === appId) throw new SignInRefusal(700027);
  checkFederation(application?.federatedCredentials ?? [], claims);
  if ((claims.exp ?? 0) * 1000 <= Date.now()) {
    const time = (seconds = 0) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}.0000000Z`;
    const now = new Date().toISOString().replace("Z", "0000Z");
    throw new SignInRefusal(700024, { now, from: time(claims.nbf), until: time(claims.exp) });
  }
}

/** Entra names the first claim that matches no credential: the issuer, then the audience, then the subject. */
function checkFederation(trusted: readonly FederatedCredentialRecord[], claims: JWTPayload): void {
  const { iss: issuer = "", sub: subject = "" } = claims;
  const audience = [claims.aud ?? ""].flat().join();
  const ofIssuer = trusted.filter((one) => one.issuer === issuer);
  if (trusted.length > 0 && ofIssuer.length === 0) throw new SignInRefusal(700211, { issuer });
  const meant = ofIssuer.filter((one) => one.audience === audience);
  if (ofIssuer.length > 0 && meant.length === 0) throw new SignInRefusal(700212, { audience });
  if (meant.some((one) => one.subject === subject)) return;
  const differsInCase = meant.some((one) => one.subject.toLowerCase() === subject.toLowerCase());
  throw new SignInRefusal(differsInCase ? 7002138 : 700213, { subject });
}

function decode(assertion: string): JWTPayload {
  try {
    return decodeJwt(assertion);
  } catch {
    throw new SignInRefusal(50027);
  }
}
