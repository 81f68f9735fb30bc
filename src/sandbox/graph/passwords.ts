import { randomInt } from "node:crypto";
import { v4 as uuid } from "uuid";
import { answer, context, graphRoute, noContent, sentBody, type GraphCall } from "./call.ts";
import { badRequest } from "./errors.ts";
import { addIsoDuration } from "./iso-duration.ts";
import { requirePasswordAllowed } from "./password-policies.ts";
import { exists, type ReplicaView } from "../replication.ts";
import type { Route, SandboxResponse } from "../service.ts";
import type { ManagementPolicyRecord, PasswordRecord, Replicated, World } from "../world.ts";

/** https://learn.microsoft.com/graph/api/resources/passwordcredential */
const longestDisplayName = 120;
/** An application or a service principal. Service principals have no policy of their own here. */
interface PasswordHolder extends Replicated {
  readonly passwords: PasswordRecord[];
  readonly createdDateTime?: string | null;
  readonly managementPolicy?: ManagementPolicyRecord;
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/**
 * Routes that add and remove passwords of objects of one kind.
 * @param one pattern of the paths of these objects
 * @param findToChange the object that a path names; throws a refusal if the caller may not change it
 */
export function passwordRoutes(
  world: World,
  one: string,
  findToChange: (call: GraphCall) => PasswordHolder,
): Route[] {
  return [
    graphRoute(world, "POST", `${one}/(?:microsoft\\.graph\\.)?addPassword`, (call) =>
      addPassword(call, findToChange(call)),
    ),
    graphRoute(world, "POST", `${one}/(?:microsoft\\.graph\\.)?removePassword`, (call) =>
      removePassword(call, findToChange(call).passwords),
    ),
  ];
}

/** Adds a password. Only this answer shows its text. */
function addPassword(call: GraphCall, holder: PasswordHolder): SandboxResponse {
  const { passwordCredential = {} } = sentBody(call);
  if (typeof passwordCredential !== "object" || passwordCredential === null) {
    throw badRequest("A value of the property 'passwordCredential' is invalid.");
  }
  const password = newPassword(call, holder, passwordCredential as Record<string, unknown>);
  holder.passwords.push(password);
  call.world.committed("password added");
  const body = {
    ...context(call.world, "microsoft.graph.passwordCredential"),
    ...passwordResource(password),
    secretText: password.secretText,
  };
  return answer(call, body, 200, { Location: call.world.azureUrl });
}

/**
 * Removes a password. A replica that has not heard of it yet answers that there is none to remove, yet it is removed:
 * the status says the opposite of what happened.
 */
function removePassword(call: GraphCall, passwords: readonly PasswordRecord[]): SandboxResponse {
  const { keyId } = sentBody(call);
  const password = passwords.find((one) => one.keyId === keyId && exists(one));
  if (password) {
    password.removedAt = Date.now();
    call.world.committed("password removed");
  }
  if (!password || !call.view.hasHeardOf(password)) throw badRequest("No credentials found to be removed.");
  return noContent(call);
}

/** The passwords that the replica knows of, without their texts. */
export function passwordResources(
  view: ReplicaView,
  passwords: readonly PasswordRecord[],
): Array<Record<string, unknown>> {
  return passwords.filter((one) => view.knows(one)).map(passwordResource);
}

function passwordResource(password: PasswordRecord): Record<string, unknown> {
  return {
    customKeyIdentifier: null,
    displayName: password.displayName,
    endDateTime: password.endDateTime,
    hint: password.hint,
    keyId: password.keyId,
    secretText: null,
    startDateTime: password.startDateTime,
  };
}

function newPassword(call: GraphCall, holder: PasswordHolder, sent: Record<string, unknown>): PasswordRecord {
  const { displayName = null } = sent;
  if (displayName !== null && (typeof displayName !== "string" || displayName.length > longestDisplayName)) {
    throw badRequest("A value of the property 'displayName' is invalid.");
  }
  const now = Date.now();
  const start = moment(sent, "startDateTime") ?? now;
  const end = moment(sent, "endDateTime") ?? addIsoDuration(start, "P2Y");
  const { createdDateTime = new Date(holder.createdAt).toISOString() } = holder;
  requirePasswordAllowed(call, { ...holder, createdDateTime }, start, end);
  if (end <= start || end <= now) {
    throw badRequest("Key credential end date is invalid.", [
      { code: "InvalidKeyEndDate", message: "Key credential end date is invalid.", target: "EndDate" },
    ]);
  }
  const secretText = newSecret();
  return {
    keyId: uuid(),
    displayName,
    startDateTime: asSent(sent["startDateTime"], start),
    endDateTime: asSent(sent["endDateTime"], end),
    hint: secretText.slice(0, 3),
    secretText,
    createdAt: now,
  };
}

function moment(sent: Record<string, unknown>, property: string): number | undefined {
  const value = sent[property] ?? undefined;
  if (value === undefined) return undefined;
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw badRequest(`A value of the property '${property}' is invalid.`);
  return time;
}

/** A moment exactly as it was sent. */
function asSent(value: unknown, time: number): string {
  return typeof value === "string" ? value : new Date(time).toISOString();
}

/** 40 characters in the form that Entra has issued since 2021, such as `abc8Q~…`. */
function newSecret(): string {
  const random = (count: number, from: string) =>
    Array.from({ length: count }, () => from[randomInt(from.length)]).join("");
  return `${random(3, letters)}8Q~${random(34, `${letters}._~-`)}`;
}
