import { ExchangeError } from "../domain/http-exchange.ts";
import { inOneLine } from "../domain/in-one-line.ts";
import { isErrorCode } from "../domain/error-code.ts";
import { list, parsedRecord, record } from "./json-fields.ts";

/** What an Azure service said in a refusal. */
export interface ServiceAnswer {
  readonly status: number;
  /** `error.code` of the body and the codes of its details, the most specific last. */
  readonly codes: readonly string[];
  /** The service's own sentence, shortened. */
  readonly text: string;
  /** The whole sentence, to be parsed but never shown. */
  readonly whole: string;
  /** The names of the policies of Azure that forbid the request. */
  readonly policies: readonly string[];
  readonly requestId: string | undefined;
}

/** A refusal by a service. */
export class ServiceFailure extends Error {
  readonly answer: ServiceAnswer;

  constructor(answer: ServiceAnswer) {
    super(answer.text);
    this.name = "ServiceFailure";
    this.answer = answer;
  }
}

/** The error if something else answered in the service's place, or cut its answer off. */
export function notAnswered(what: string): ExchangeError {
  return new ExchangeError("broken-connection", undefined, what);
}

interface Headers {
  get(name: string): string | null | undefined;
}

/** Reads a refusal: Graph and Resource Manager share the shape `{"error": {code, message, details}}`. */
export function readAnswer(status: number, headers: Headers, body: string | undefined): ServiceAnswer {
  const document = parsedRecord(body);
  // Some answers of Resource Manager have the error at the top level.
  const error = record(document["error"] ?? document);
  const details = list(error["details"]).map(record);
  const codes = [error, ...details].map((item) => item["code"]);
  const text = error["message"];
  return {
    status,
    codes: codes.filter(isErrorCode),
    text: typeof text === "string" && text !== "" ? shortened(text) : `HTTP ${status}`,
    whole: typeof text === "string" ? text : "",
    policies: policiesIn(error),
    requestId: requestIdOf(headers),
  };
}

/** Source: https://learn.microsoft.com/azure/governance/policy/troubleshoot/general */
function policiesIn(error: Readonly<Record<string, unknown>>): readonly string[] {
  const names = list(error["additionalInfo"]).map((item) => {
    const { policyAssignmentDisplayName, policyDefinitionDisplayName, policyAssignmentName } = record(
      record(item)["info"],
    );
    return [policyAssignmentDisplayName, policyDefinitionDisplayName, policyAssignmentName].find(
      (name) => typeof name === "string" && name !== "",
    );
  });
  return names.flatMap((name) => (typeof name === "string" ? shortened(name) : []));
}

/** The answer in a failure; undefined if none came, or if the error is not a service's. */
export function answerOf(error: unknown): ServiceAnswer | undefined {
  return error instanceof ServiceFailure ? error.answer : undefined;
}

/** Whether a failure has this status, and this code if one is given. */
export function isAnswer(error: unknown, status: number, code?: string): boolean {
  const answer = answerOf(error);
  return answer?.status === status && (code === undefined || answer.codes.includes(code));
}

/** Graph's code for an object that cannot be made because it already exists. */
export const sameKeyValue = "Request_MultipleObjectsWithSameKeyValue";

/** Whether a failure has this code, whatever its status. */
export function hasAnswerCode(error: unknown, code: string): boolean {
  return answerOf(error)?.codes.includes(code) === true;
}

/** The service's own id of a request, from the headers of its answer. */
function requestIdOf(headers: Headers): string | undefined {
  return (
    headers.get("request-id") ??
    headers.get("x-ms-request-id") ??
    headers.get("x-ms-correlation-request-id") ??
    undefined
  );
}

function shortened(text: string): string {
  const line = inOneLine(text);
  return line.length > 600 ? `${line.slice(0, 600)}…` : line;
}
