import { isErrorCode } from "../domain/error-code.ts";
import { ExchangeError } from "../domain/http-exchange.ts";
import { inOneLine } from "../domain/in-one-line.ts";
import { list, parsedRecord, record, text } from "./json-fields.ts";

/** A refusal by Graph or Resource Manager. */
export class ServiceFailure extends Error {
  readonly status: number;
  /** `error.code` of the body and the codes of its details, the most specific last. */
  readonly codes: readonly string[];
  /** The service's whole sentence, to be parsed but never shown. The message is the same one, shortened. */
  readonly whole: string;
  /** The names of the policies of Azure that forbid the request. */
  readonly policies: readonly string[];
  readonly requestId: string | undefined;

  /** Reads the shape that both services share: `{"error": {code, message, details}}`. */
  constructor(status: number, headers: Headers, body: string | null | undefined) {
    const document = parsedRecord(body);
    // Some answers of Resource Manager have the error at the top level.
    const error = record(document["error"] ?? document);
    const sentence = text(error["message"]);
    super(sentence === undefined ? `HTTP ${status}` : shortened(sentence));
    this.name = "ServiceFailure";
    this.status = status;
    this.codes = [error, ...list(error["details"]).map(record)]
      .map((item) => item["code"])
      .filter(isErrorCode);
    this.whole = sentence ?? "";
    this.policies = list(error["additionalInfo"]).flatMap(policyNamed);
    this.requestId = ["request-id", "x-ms-request-id", "x-ms-correlation-request-id"]
      .map((name) => headers.get(name))
      .find((id) => id !== null && id !== undefined);
  }
}

interface Headers {
  get(name: string): string | null | undefined;
}

/** Source: https://learn.microsoft.com/azure/governance/policy/troubleshoot/general */
function policyNamed(information: unknown): string[] {
  const info = record(record(information)["info"]);
  const name =
    text(info["policyAssignmentDisplayName"]) ??
    text(info["policyDefinitionDisplayName"]) ??
    text(info["policyAssignmentName"]);
  return name === undefined ? [] : [shortened(name)];
}

function shortened(sentence: string): string {
  const line = inOneLine(sentence);
  return line.length > 600 ? `${line.slice(0, 600)}…` : line;
}

/** Whether a service refused with this status, and this code if one is given. */
export function isRefusal(error: unknown, status: number, code?: string): boolean {
  return (
    error instanceof ServiceFailure &&
    error.status === status &&
    (code === undefined || error.codes.includes(code))
  );
}

/** Graph's code for an object that cannot be made because it already exists. */
export const sameKeyValue = "Request_MultipleObjectsWithSameKeyValue";

/** Whether the object does not exist. A 404 about the API version says nothing about the object. */
export function isMissing(error: unknown): boolean {
  return error instanceof ServiceFailure && error.status === 404 && !isVersionRefused(error);
}

/** Resource Manager's codes for a version of an API that it does not have. */
export const versionRefusals: readonly string[] = [
  "InvalidApiVersionParameter",
  "InvalidResourceType",
  "NoRegisteredProviderFound",
];

/** Whether Resource Manager refused the version of its API. */
export function isVersionRefused({ codes }: ServiceFailure): boolean {
  return codes.some((code) => versionRefusals.includes(code));
}

/** The error if something else answered in the service's place, or cut its answer off. */
export function notAnswered(what: string): ExchangeError {
  return new ExchangeError("broken-connection", undefined, what);
}
