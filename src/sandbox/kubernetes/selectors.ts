import type { SandboxRequest } from "../service.ts";
import type { KubernetesObject } from "../world.ts";
import { labelSelector } from "./label-selector.ts";
import { badRequest } from "./status.ts";

/*
 * Label and field selectors of lists and watches.
 * Source of field selectors: https://github.com/kubernetes/apimachinery/blob/master/pkg/fields/selector.go
 */

/** Whether an object is selected. */
export type Selector = (object: KubernetesObject) => boolean;

/** The fields of one resource that a field selector can use, with their values. */
export type SelectableFields = (object: KubernetesObject) => Readonly<Record<string, string>>;

/**
 * Selects the objects that match both the request's `labelSelector` and its `fieldSelector`.
 * @throws StatusError 400 if one cannot be parsed, or names a field that cannot be used
 */
export function requestSelector(request: SandboxRequest, fields: SelectableFields): Selector {
  const byLabels = labelSelector(request.query.get("labelSelector") ?? "");
  const byFields = fieldSelector(request.query.get("fieldSelector") ?? "", fields);
  return (object) => byLabels(object.metadata.labels ?? {}) && byFields(object);
}

/** Whether the request has a selector. */
export function selects(request: SandboxRequest): boolean {
  return Boolean(request.query.get("labelSelector")) || Boolean(request.query.get("fieldSelector"));
}

function fieldSelector(text: string, fields: SelectableFields): Selector {
  const terms = text.match(/(?:\\.|[^,\\])+|\\$/gs) ?? [];
  const tests = terms.map((term) => {
    const [, field, operator, escaped] = /^(.*?)(!=|==|=)(.*)$/s.exec(term) ?? [];
    if (field === undefined || escaped === undefined) {
      throw badRequest(`invalid field selector: invalid selector: '${text}'; can't understand '${term}'`);
    }
    const value = unescaped(escaped);
    return { field, test: (found: string | undefined) => (found === value) === (operator !== "!="), value };
  });
  const meant = tests.filter(({ field, value }) => field !== "" || value !== "");
  for (const { field } of meant) {
    if (!Object.hasOwn(fields(emptyObject), field)) {
      throw badRequest(`field label not supported: ${field}`);
    }
  }
  return (object) => meant.every(({ field, test }) => test(fields(object)[field]));
}

/** @throws StatusError 400 for a character that must be escaped, or for one that cannot be */
function unescaped(value: string): string {
  return value.replaceAll(/\\(.?)|[,=]/gs, (sequence, escaped?: string) => {
    if (escaped === undefined) {
      throw badRequest(
        `invalid field selector: unescaped character in value: ${sequence.codePointAt(0) ?? 0}`,
      );
    }
    if (escaped === "" || !"\\,=".includes(escaped)) {
      throw badRequest(`invalid field selector: invalid escape sequence: ${sequence}`);
    }
    return escaped;
  });
}

const emptyObject: KubernetesObject = {
  apiVersion: "",
  kind: "",
  metadata: { name: "", uid: "", resourceVersion: "", creationTimestamp: "" },
};
