import { ActionableError } from "../../domain/errors.ts";
import type { Application, ServicePrincipal } from "../../domain/identity.ts";
import type { Clock, Directory } from "../ports.ts";
import type { Report } from "../progress.ts";
import { waitText, waitUntil } from "../patience.ts";
import { refusePrincipalKeys } from "./application-ownership.ts";
import { nameOf } from "./directory-names.ts";

/**
 * The principal of an application, made where it is missing. A part of the directory that does not know a fresh
 * application yet refuses for a while; that is waited out.
 * @throws ActionableError `directory.application-unknown` when it is refused to the end of the time
 */
export async function ensureServicePrincipal(
  application: Application,
  present: ServicePrincipal | undefined,
  ports: { directory: Directory; clock: Clock; report: Report; timeoutMs: number },
  signal: AbortSignal,
): Promise<ServicePrincipal> {
  if (present) return present;
  const { directory, clock, report, timeoutMs } = ports;
  const made = await waitUntil(
    () => directory.createServicePrincipal(application.appId, signal),
    {
      timeoutMs,
      onWait: (tries) =>
        report({
          kind: "waiting",
          id: "service-principal",
          text: waitText("Entra to know the new application", tries, timeoutMs),
        }),
    },
    clock,
    signal,
  );
  if (made) {
    // Somebody may have been faster than our request.
    refusePrincipalKeys(application, made);
    return made;
  }
  throw new ActionableError(
    `The directory made no service principal for the application ${nameOf(application)}: it says that it does not know it, or that you do not own it.`,
    {
      code: "directory.application-unknown",
      hint: "Run the same command again later. If it stays so, the caller lacks a right: it needs to own the application (Application.ReadWrite.OwnedBy) or the role Application Administrator.",
      retryable: true,
    },
  );
}
