import type { PullCredential } from "../../domain/docker-config.ts";
import { imageText } from "../../domain/image-name.ts";
import { ActionableError } from "../../domain/errors.ts";
import type { Clock, ProofImage, PullOutcome, PullProof, SignIn, SignInOutcome } from "../ports.ts";
import type { Report } from "../progress.ts";
import { waitReporting } from "../patience.ts";
import { SecondOpinion } from "./second-opinion.ts";

/** How the credential is proven. */
export type ProofKind = "registry" | "entra";

/** What a proof needs. */
export interface ProofContext {
  readonly pullProof: PullProof;
  /** Undefined when Azure is not called. */
  readonly signIn: SignIn | undefined;
  readonly clock: Clock;
  readonly report: Report;
  readonly kind: ProofKind;
  readonly loginServer: string;
  readonly image: ProofImage;
  /** Looks again for what to pull: somebody may have limited the role since it was granted. */
  readonly imageNow?: (signal: AbortSignal) => Promise<ProofImage>;
  readonly timeoutMs: number;
}

/** The number of refusals between two looks at whether the role was limited. They take some seconds. */
export const refusalsBetweenLooks = 4;

/** The repository to ask for if no image and no repository was given: the registry may be empty. */
const anyRepository = "acr-pull-proof";

/** What to pull for the proof: the image, else a repository that the role covers, else any name. */
export function proofImage(input: {
  readonly image: ProofImage | undefined;
  readonly repositories: readonly string[];
}): ProofImage {
  if (input.image) return input.image;
  const [repository] = input.repositories;
  if (repository === undefined) return { repository: anyRepository };
  return {
    repository: repository.endsWith("/*") ? `${repository.slice(0, -1)}${anyRepository}` : repository,
  };
}

/**
 * Proves once that the credential can pull. The credential was made moments ago, or it pulled moments ago. So a
 * refusal comes from a part of the service that does not know it yet, and the proof waits for that part.
 * @throws ActionableError `proof.refused`, `proof.no-pull-scope`, `proof.image-missing`, or what the ports throw
 */
export async function provePull(
  context: ProofContext,
  credential: PullCredential,
  signal: AbortSignal,
): Promise<void> {
  const { kind, loginServer, report } = context;
  let { image } = context;
  const opinion = new SecondOpinion(context, credential);
  let refusals = 0;
  let last = { kind: "refused", reason: "not tried" } as PullOutcome;
  await waitReporting(
    async () => {
      last = await tryOnce({ ...context, image }, credential, signal);
      if (last.kind === "allowed" || last.kind === "image-missing") return last;
      await opinion.after(last, signal);
      refusals += 1;
      if (refusals % refusalsBetweenLooks === 0) image = (await context.imageNow?.(signal)) ?? image;
      return undefined;
    },
    { id: "proof", what: unaware(kind, loginServer) },
    context,
    signal,
  );
  report({ kind: "ended", id: "proof" });
  if (last.kind !== "allowed") throw proofFailed(context, { image, entra: opinion.entra }, last);
}

/** What the proof waits for, as a message says it. */
function unaware(kind: ProofKind, loginServer: string): string {
  return kind === "entra"
    ? "Entra to accept the new password"
    : `${loginServer} to accept the new password and role assignment`;
}

/** Tries the credential once, in the way that was asked for. */
export async function tryOnce(
  context: ProofContext,
  credential: PullCredential,
  signal: AbortSignal,
): Promise<PullOutcome> {
  if (context.kind === "entra" && context.signIn) {
    const signedIn = await context.signIn.signIn(credential.username, credential.password, signal);
    return signedIn.kind === "accepted" ? { kind: "allowed" } : { kind: "refused", reason: signedIn.reason };
  }
  return context.pullProof.tryPull(context.loginServer, credential, context.image, signal);
}

/** The error for a credential that does not pull. */
export function proofFailed(
  { kind, loginServer }: Pick<ProofContext, "kind" | "loginServer">,
  { image, entra }: { readonly image: ProofImage; readonly entra: SignInOutcome | undefined },
  outcome: Exclude<PullOutcome, { kind: "allowed" }>,
): ActionableError {
  const name = imageText(image);
  switch (outcome.kind) {
    case "image-missing":
      return new ActionableError(`${loginServer} has no image ${name}`, {
        code: "proof.image-missing",
        hint: "Name an image that exists with --image, or omit it.",
      });
    case "no-pull-scope":
      return new ActionableError(
        `${loginServer} accepts the credential, but does not let it pull ${name}: ${outcome.reason}`,
        {
          code: "proof.no-pull-scope",
          hint: "A new role assignment can take ten minutes: run the same command again. If that does not help, check the registry's role assignments and their conditions.",
          docs: "https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions",
          retryable: true,
        },
      );
    case "refused": {
      const [who, opinion] = kind === "entra" ? ["Entra", undefined] : [loginServer, entra];
      const said = [outcome.reason.replace(/\.$/, ""), ...entraText(opinion)].join(". ");
      const wait = "A new password or role assignment can take ten minutes: run the same command again.";
      return new ActionableError(`${who} refused the credential: ${said}`, {
        code: "proof.refused",
        hint:
          opinion?.kind === "accepted"
            ? `${wait} If that does not help, a Conditional Access policy for workload identities may keep the registry from signing it in: see the service principal's sign-in log in Entra.`
            : wait,
        docs: "https://learn.microsoft.com/azure/container-registry/container-registry-troubleshoot-login",
        retryable: true,
      });
    }
    default:
      return outcome satisfies never;
  }
}

function entraText(entra: SignInOutcome | undefined): string[] {
  if (!entra) return [];
  return [entra.kind === "accepted" ? "Entra accepts it." : `Entra says: ${entra.reason}`];
}
