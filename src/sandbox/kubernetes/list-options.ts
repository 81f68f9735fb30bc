import type { SandboxRequest } from "../service.ts";
import { forbiddenField, unsupportedValue, type FieldError } from "./field-error.ts";
import { isQueryTrue } from "./request-attributes.ts";
import { badRequest, invalid } from "./status.ts";

/*
 * The options that lists, watches and deletions of collections take in their query.
 * Sources:
 * https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/internalversion/validation/validation.go
 * and https://github.com/kubernetes/apiserver/blob/master/pkg/storage/etcd3/store.go (GetList)
 */

/** The options of a list or watch. */
export interface ListOptions {
  /** The most items of a page; Infinity for all. */
  readonly limit: number;
  /** Where to continue; empty to start from the beginning. */
  readonly continueToken: string;
  /** The oldest version to show, or the only one; 0 for any. */
  readonly resourceVersion: number;
  /** Whether to show the objects exactly as they were at the resource version. */
  readonly isExact: boolean;
  /** How long a watch lasts; 0 for as long as the client stays. */
  readonly timeoutSeconds: number;
}

/** @throws StatusError 400 for a value that is not a number, 422 for options that exclude each other */
export function readListOptions(request: SandboxRequest): ListOptions {
  const { query } = request;
  const limit = wholeNumber(query.get("limit") ?? "0");
  const timeoutSeconds = wholeNumber(query.get("timeoutSeconds") ?? "0");
  const match = query.get("resourceVersionMatch") ?? "";
  const continueToken = query.get("continue") ?? "";
  const version = query.get("resourceVersion") ?? "";
  const errors = isQueryTrue(request, "watch") ? watchErrors(query) : listErrors(query);
  if (errors.length > 0) {
    throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", errors);
  }
  if (continueToken !== "" && version !== "" && version !== "0") {
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  const wrong = versionError(version);
  if (wrong !== undefined) {
    throw badRequest(`invalid resource version: ${wrong}`);
  }
  const resourceVersion = Number(version);
  return {
    limit: limit > 0 ? limit : Infinity,
    continueToken,
    resourceVersion,
    isExact: resourceVersion > 0 && (match === "Exact" || (match === "" && limit > 0)),
    timeoutSeconds,
  };
}

/** What is wrong with a resource version; undefined if nothing is. */
export function versionError(version: string): string | undefined {
  const quoted = JSON.stringify(version);
  return /^\d*$/.test(version)
    ? undefined
    : `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`;
}

/** @throws StatusError 400 in the words of Go's parser */
export function wholeNumber(text: string): number {
  const quoted = JSON.stringify(text);
  if (!/^[+-]?\d+$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${quoted}: invalid syntax`);
  }
  if (BigInt.asIntN(64, BigInt(text)) !== BigInt(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${quoted}: value out of range`);
  }
  return Number(text);
}

const matchField = "resourceVersionMatch";

function listErrors(query: URLSearchParams): FieldError[] {
  const match = query.get(matchField) ?? "";
  const version = query.get("resourceVersion") ?? "";
  return [
    ...(match && !version
      ? [forbiddenField(matchField, `${matchField} is forbidden unless resourceVersion is provided`)]
      : []),
    ...(match && query.get("continue")
      ? [forbiddenField(matchField, `${matchField} is forbidden when continue is provided`)]
      : []),
    ...(match && !["Exact", "NotOlderThan"].includes(match)
      ? [unsupportedValue(matchField, match, ["Exact", "NotOlderThan", ""])]
      : []),
    ...(match === "Exact" && version === "0"
      ? [forbiddenField(matchField, `${matchField} "exact" is forbidden for resourceVersion "0"`)]
      : []),
    ...(query.has("sendInitialEvents")
      ? [forbiddenField("sendInitialEvents", "sendInitialEvents is forbidden for list")]
      : []),
  ];
}

function watchErrors(query: URLSearchParams): FieldError[] {
  const match = query.get(matchField) ?? "";
  const sendsInitial = query.has("sendInitialEvents");
  const requirement = `sendInitialEvents requires setting ${matchField} to NotOlderThan`;
  return [
    ...(sendsInitial && match !== "NotOlderThan" ? [forbiddenField(matchField, requirement)] : []),
    ...(match && !sendsInitial
      ? [
          forbiddenField(
            matchField,
            `${matchField} is forbidden for watch unless sendInitialEvents is provided`,
          ),
        ]
      : []),
    ...(match && match !== "NotOlderThan" ? [unsupportedValue(matchField, match, ["NotOlderThan"])] : []),
    ...(match && query.get("continue")
      ? [forbiddenField(matchField, `${matchField} is forbidden when continue is provided`)]
      : []),
  ];
}
