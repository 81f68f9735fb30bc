import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import {
  factsIn,
  resultBy,
  resultWithout,
  type ChangeActor,
  type OnChange,
  type OutsideChange,
} from "../domain/outside-change.ts";
import { requestIdOf } from "./service-failure.ts";
import { readClaims } from "./token-claims.ts";

/** Calls that send a list of ids in the body and change nothing. */
const reading = /\/getByIds$/;

/**
 * Reports a request whose method may change something, after it was answered or failed.
 * @param sent its answer
 */
export async function reportingChange(
  request: PipelineRequest,
  sent: Promise<PipelineResponse>,
  onChange: OnChange,
): Promise<PipelineResponse> {
  if (reading.test(new URL(request.url).pathname)) return await sent;
  try {
    const answer = await sent;
    onChange(azureChange(request, { answer }));
    return answer;
  } catch (error) {
    onChange(azureChange(request, { error }));
    throw error;
  }
}

/**
 * A request to Graph or Resource Manager that asked for a change.
 * @param outcome its answer, or why there is none
 */
function azureChange(
  request: PipelineRequest,
  outcome: { readonly answer: PipelineResponse } | { readonly error: unknown },
): OutsideChange {
  const { origin, pathname } = new URL(request.url);
  const answer = "answer" in outcome ? outcome.answer : undefined;
  const sent = typeof request.body === "string" ? request.body : undefined;
  return {
    service: pathname.startsWith("/subscriptions/") ? "azure" : "entra",
    actor: actorOf(request.headers.get("authorization")),
    method: request.method,
    target: origin + pathname,
    result: "answer" in outcome ? resultBy(outcome.answer.status) : resultWithout(outcome.error),
    status: answer?.status ?? null,
    requestId: (answer && requestIdOf(answer.headers)) ?? null,
    facts: factsIn(sent, answer && answer.status < 300 ? answer.bodyAsText : undefined),
  };
}

function actorOf(authorization: string | undefined): ChangeActor | null {
  try {
    const { kind, name, oid } = readClaims(authorization?.replace(/^Bearer /, "") ?? "");
    return oid === undefined ? null : { kind, name: name ?? oid, objectId: oid };
  } catch {
    return null;
  }
}
