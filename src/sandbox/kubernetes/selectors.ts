import type { SandboxRequest } from "../service.ts";
import type { KubernetesObject } from "../world.ts";
import { labelSelector } from "./label-selector.ts";
import { badRequest } from "./status.ts";

/*
 * Label and field selectors of lists and watches.
 * Source of field selectors: https://github.com/kubernetes/apimachinery/blob/master/pkg/fields/selector.go
 */

/** Whether an object is meant. */
export type Selector = (object: KubernetesObject) => boolean;

/** A field selector of one resource: the value of each field that can be selected on. */
export type SelectableFields = (object: KubernetesObject) => Readonly<Record<string, string>>;

/**
 * What the request's `labelSelector` and `fieldSelector` select, both together.
 * @throws StatusError 400 when one cannot be parsed or a field cannot be selected on
 */
export function requestSelector(request: SandboxRequest, fields: SelectableFields): Selector {
  const byLabels = labelSelector(request.query.get("labelSelector") ?? "");
  const byFields = fieldSelector(request.query.get("fieldSelector") ?? "", fields);
  return (object) => byLabels(object.metadata.labels ?? {}) && byFields(object);
}

/** Whether the request selects at all. */
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

/** @throws StatusError 400 for a sign that has to be escaped, or that cannot be */
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
