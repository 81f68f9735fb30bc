import type { ServicePrincipal } from "../domain/identity.ts";
import { literal, servicePrincipalFields, servicePrincipalOf } from "./directory-objects.ts";
import type { DirectoryRequests } from "./directory-requests.ts";
import { answerOf, isAnswer } from "./service-failure.ts";

/**
 * Service principals of applications.
 * @param mayChange whether the caller may change that application for certain
 */
export function servicePrincipals(
  { graph, find, undertake }: DirectoryRequests,
  mayChange: (appId: string, signal: AbortSignal) => Promise<boolean>,
) {
  const findServicePrincipal = (appId: string, signal: AbortSignal) =>
    find(
      "read the service principal",
      `/servicePrincipals(appId=${literal(appId)})?${servicePrincipalFields}`,
      servicePrincipalOf,
      signal,
    );

  return {
    findServicePrincipal,

    /**
     * Makes the principal, or reads the one that is there. `undefined` while this part of the directory does not
     * know the application, or the principal, yet: ask again.
     *
     * A part that does not know the application may call that a lack of rights (403); so it is taken when the caller
     * may change the application for certain.
     */
    async createServicePrincipal(appId: string, signal: AbortSignal): Promise<ServicePrincipal | undefined> {
      return undertake("create the service principal", signal, async () => {
        try {
          const { body } = await graph.send(
            // There is one principal for an application id, so a repeat after a lost answer is refused by 409.
            { method: "POST", path: "/servicePrincipals", body: { appId }, repeatable: true },
            signal,
          );
          return body && servicePrincipalOf(body);
        } catch (error) {
          if (isAnswer(error, 409)) return findServicePrincipal(appId, signal);
          if (isApplicationUnknown(error)) return undefined;
          if (isAnswer(error, 403, "Authorization_RequestDenied") && (await mayChange(appId, signal))) {
            return undefined;
          }
          throw error;
        }
      });
    },
  };
}

/** Without details the request's only variable, the application id, must be what is wrong with it. */
function isApplicationUnknown(error: unknown): boolean {
  if (isAnswer(error, 404) || isAnswer(error, 400, "NoBackingApplicationObject")) return true;
  return isAnswer(error, 400, "Request_BadRequest") && answerOf(error)?.codes.length === 1;
}
